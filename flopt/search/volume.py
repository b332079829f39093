"""The volume: which share of a box, fixed when a study is born, a front dominates."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.fronts import Candidate
from flopt.objectives import Objective
from flopt.pareto import hypervolume, losses, non_dominated
from flopt.search.columns import column_of
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
        return hypervolume(self.scaled(values), np.ones(len(self.objectives))) if len(values) else 0.0

    def scaled(self, values: Array) -> Array:
        """Points of shape (..., objectives) as losses: 0 is the best that counts, or better; 1 the worst."""
        best, worst = self._scale(self.best), self._scale(self.worst)
        table: Array = np.maximum((self._scale(values) - best) / (worst - best), 0.0)
        return table.reshape(np.shape(values))

    def column(self, at: int, values: Array) -> Array:
        """The same for one objective's values, shape (points,)."""
        alone = Box(self.objectives[at : at + 1], self.worst[at : at + 1], self.best[at : at + 1], (self.logged[at],))
        return alone.scaled(values[:, np.newaxis])[:, 0]

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
    """The box of a problem: an objective that is known before training spans its spread plans; accuracy reaches from
    always guessing the largest class (or a limit that asks for more) to 1, and what else a round holds its whole
    range. Any other learned objective spans what the candidates show. What is known and above 0 is counted on a log
    scale.
    """
    seen = list(candidates)
    known = problem.known()
    entries = [_span(problem, o, seen, known=is_known) for o, is_known in zip(problem.objectives, known, strict=True)]
    worst, best, logged = zip(*entries, strict=True)
    return Box(problem.objectives, np.array(worst), np.array(best), logged)


def _span(
    problem: Problem, objective: Objective, candidates: list[Candidate], *, known: bool
) -> tuple[float, float, bool]:
    column = "" if known else column_of(problem, objective)
    if column:
        return *_learned(problem, objective, column), False
    runs = problem.spread_runs() if known else [candidate.run for candidate in candidates]
    values = np.concatenate([objective.along(run) for run in runs]) if runs else np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = (low / 2, high * 2) if low > 0 else (low - 1, high + 1)
    ends = (high, low) if objective.direction == "minimize" else (low, high)
    return *ends, known and low > 0


def _learned(problem: Problem, objective: Objective, column: str) -> tuple[float, float]:
    """Worst and best value that count of what a round holds."""
    limits = [limit for limit in problem.limits if limit.objective.name == objective.name]
    if column == "loss":
        asked = [limit.at_most for limit in limits if limit.at_most is not None and limit.at_most > 0]
        return min([-math.log(problem.task.majority_share), *asked]), 0.0
    floor = problem.task.majority_share if column == "accuracy" else 0.0
    return max([floor, *(limit.at_least for limit in limits if limit.at_least is not None and limit.at_least < 1)]), 1.0
