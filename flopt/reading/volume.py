"""The volume: which share of a box, fixed before the search, a front dominates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.fronts import Candidate
from flopt.objectives import Objective
from flopt.pareto import hypervolume, losses, non_dominated
from flopt.search.problem import Problem

__all__ = ["Box", "Growth", "box_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Box:
    """The worst and the best value of each objective that count, and whether it is counted on a log scale."""

    objectives: tuple[Objective, ...]
    worst: Array
    """In the objectives' own units, shape (objectives,)."""
    best: Array
    logged: tuple[bool, ...]

    def share(self, values: Array) -> float:
        """Share of the box that points of shape (points, objectives), in their own units, dominate: 0 to 1."""
        if not len(values):
            return 0.0
        scaled = (self._scale(values) - self._scale(self.best)) / (self._scale(self.worst) - self._scale(self.best))
        return hypervolume(np.maximum(scaled, 0.0), np.ones(len(self.objectives)))

    def _scale(self, values: Array) -> Array:
        shown = np.where(self.logged, np.log10(np.where(self.logged, values, 1.0)), values)
        return losses(shown, [objective.direction for objective in self.objectives])


class Growth:
    """The front's values as runs come in, one after the other."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._values = np.empty((0, len(box.objectives)))

    def add(self, values: Array) -> None:
        """Take up the allowed rounds of one run, shape (rounds, objectives)."""
        if not len(values):
            return
        both = np.concatenate([self._values, values])
        directions = [objective.direction for objective in self._box.objectives]
        self._values = both[non_dominated(losses(both, directions))]

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Those of the box."""
        return self._box.objectives

    @property
    def values(self) -> Array:
        """The front so far, shape (points, objectives)."""
        return self._values

    @property
    def share(self) -> float:
        """The share of the box that it dominates."""
        return self._box.share(self._values)


def box_of(problem: Problem, candidates: Iterable[Candidate] = ()) -> Box:
    """The box of a problem: an objective that is known before training spans its spread plans, accuracy reaches from
    always guessing the largest class (or a limit that asks for more) to 1, and any other learned objective spans what
    the candidates show. What is known and above 0 is counted on a log scale.
    """
    seen = list(candidates)
    known = problem.known()
    entries = [_span(problem, o, seen, known=is_known) for o, is_known in zip(problem.objectives, known, strict=True)]
    worst, best, logged = zip(*entries, strict=True)
    return Box(problem.objectives, np.array(worst), np.array(best), logged)


def _span(
    problem: Problem, objective: Objective, candidates: list[Candidate], *, known: bool
) -> tuple[float, float, bool]:
    if not known and objective.name == "accuracy":
        asked = [limit.at_least or 0.0 for limit in problem.limits if limit.objective.name == "accuracy"]
        return max([problem.task.majority_share, *asked]), 1.0, False
    runs = problem.spread_runs() if known else [candidate.run for candidate in candidates]
    values = np.concatenate([objective.along(run) for run in runs]) if runs else np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = (low / 2, high * 2) if low > 0 else (low - 1, high + 1)
    ends = (high, low) if objective.direction == "minimize" else (low, high)
    return *ends, known and low > 0
