"""What a proposal may look at: the runs told before it, and those still running."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

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

    def allowed(self) -> NDArray[np.float64]:
        """Objectives after the rounds that may stand on the front, shape (rounds, objectives)."""
        if self.values is None:
            return np.empty((0, 0))
        keep: NDArray[np.bool_] = np.asarray((self.violations <= 0).all(axis=1))
        if self.whole:
            keep[:-1] = False
        return self.values[keep]
