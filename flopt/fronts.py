"""The answer: non-dominated points, each a run stopped after some round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.objectives import Objective
from flopt.pareto import hypervolume, knee, losses, non_dominated
from flopt.run import Run

__all__ = ["Candidate", "Front", "Point", "find_front"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A finished run, every round of which may stand on the front."""

    number: int
    """The run's number in its study."""
    run: Run
    allowed: NDArray[np.bool_]
    """Which rounds meet the study's limits, shape (rounds,)."""


@dataclass(frozen=True, eq=False)
class Point:
    """One point of the front."""

    number: int
    run: Run
    """The run, stopped at this point's round."""
    values: dict[str, float]
    """Objective name -> value in the objective's unit."""


@dataclass(frozen=True, eq=False)
class Front:
    """Non-dominated points, sorted from cheap to dear."""

    objectives: tuple[Objective, ...]
    points: tuple[Point, ...]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def losses(self) -> Array:
        """Shape (points, objectives); lower is better."""
        values = [[point.values[o.name] for o in self.objectives] for point in self.points]
        return _losses(np.array(values), self.objectives)

    @property
    def cost(self) -> Objective:
        """The objective that the points are sorted by: the last that is minimised, else the first."""
        return self.objectives[_cost_column(self.objectives)]

    def knee(self) -> Point:
        """The point after which more of one objective costs most of the other.

        In the objectives' own units, although the picture has a log axis: a kilogram weighs the same everywhere.
        """
        if not self.points:
            raise FloptError("the front has no point")
        if len(self.objectives) != 2:
            raise FloptError(f"a knee needs two objectives, not {len(self.objectives)}")
        return self.points[knee(self.losses)]

    def hypervolume(self, reference: Sequence[float]) -> float:
        """Volume dominated up to a reference point, given in the objectives' own units and signs."""
        corner = losses([list(reference)], [o.direction for o in self.objectives])[0]
        return hypervolume(self.losses, corner)


def find_front(candidates: Iterable[Candidate], objectives: Sequence[Objective]) -> Front:
    """The front over all rounds of all runs; of equal points the one of the earliest run counts."""
    found = [(candidate, *_own_front(candidate, objectives)) for candidate in candidates]
    found = [entry for entry in found if len(entry[1])]
    if not found:
        return Front(tuple(objectives), ())
    owner = np.repeat(np.arange(len(found)), [len(rounds) for _, rounds, _ in found])
    rounds, table = np.concatenate([each for _, each, _ in found]), np.concatenate([each for _, _, each in found])
    rows = np.flatnonzero(non_dominated(_losses(table, objectives)))
    rows = rows[np.argsort(table[rows, _cost_column(objectives)], kind="stable")]
    names = [objective.name for objective in objectives]
    points = [
        Point(candidate.number, candidate.run.until(int(r)), dict(zip(names, map(float, values), strict=True)))
        for candidate, r, values in ((found[owner[row]][0], rounds[row], table[row]) for row in rows)
    ]
    return Front(tuple(objectives), tuple(points))


def _own_front(candidate: Candidate, objectives: Sequence[Objective]) -> tuple[NDArray[np.intp], Array]:
    """The rounds, counted from 1, that no other allowed round of the same run dominates, and their values."""
    allowed = np.flatnonzero(candidate.allowed)
    if not len(allowed):
        return allowed, np.empty((0, len(objectives)))
    values = np.column_stack([objective.along(candidate.run) for objective in objectives])[allowed]
    kept = np.flatnonzero(non_dominated(_losses(values, objectives)))
    return allowed[kept] + 1, values[kept]


def _losses(values: Array, objectives: Sequence[Objective]) -> Array:
    return losses(values, [objective.direction for objective in objectives])


def _cost_column(objectives: Sequence[Objective]) -> int:
    minimised = [column for column, objective in enumerate(objectives) if objective.direction == "minimize"]
    return minimised[-1] if minimised else 0
