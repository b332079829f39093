"""What a proposal may look at: the runs told before it, and those still running."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from flopt.plan import Plan
from flopt.run import Run

__all__ = ["Seen"]


@dataclass(frozen=True)
class Seen:
    """One run as a sampler sees it at the moment of a proposal."""

    trial: FrozenTrial
    values: NDArray[np.float64] | None
    """Objectives after every round, shape (rounds, objectives); None while it runs, or where it failed."""
    violations: NDArray[np.float64]
    """How far each learned limit is broken after every round, shape (rounds, limits)."""
    failed: bool = False
    whole: bool = False
    """Whether the run is a candidate as a whole only, because its rounds depend on how many follow."""
    plan: Plan = field(default_factory=Plan)
    seed: int = 0
    run: Run | None = None
    """The run with its trace; None while it runs, or where it failed."""
    repeats: int | None = None
    """The number of the run whose plan it runs again; None for a new plan."""

    @property
    def rounds(self) -> int:
        """Rounds that it did, or may do."""
        return len(self.values) if self.values is not None else self.plan.rounds

    @cached_property
    def above_zero(self) -> NDArray[np.bool_]:
        """Which objectives were above zero after every round."""
        assert self.values is not None
        return np.asarray(self.values.min(axis=0) > 0)

    def allowed(self) -> NDArray[np.float64]:
        """Objectives after the rounds that may stand on the front, shape (rounds, objectives)."""
        if self.values is None:
            return np.empty((0, 0))
        keep: NDArray[np.bool_] = np.asarray((self.violations <= 0).all(axis=1))
        if self.whole:
            keep[:-1] = False
        return self.values[keep]
