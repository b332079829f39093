"""The answer: non-dominated points, each a run stopped after some round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.objectives import Objective
from flopt.pareto import hypervolume, knee, losses, non_dominated
from flopt.run import Run
from flopt.spread import DRAWS, HALF_WIDTH, Spread, settled
from flopt.trace import COLUMNS

__all__ = ["LEAST", "Candidate", "Front", "Point", "find_front", "uncertain_columns"]

Array = NDArray[np.float64]

LEAST = 0.5
"""Probability of being non-dominated below which a point leaves the front."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A plan that was run, every round of which may stand on the front."""

    number: int
    """The number of its longest run; of equally long ones the first."""
    run: Run
    """What it did: learned values are those expected over seeds, where several runs or plans tell of them."""
    allowed: NDArray[np.bool_]
    """Which rounds meet the study's limits, shape (rounds,)."""
    lengths: tuple[int, ...] = ()
    """Rounds of its longest run with each seed."""
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    """Column of the trace -> how far its expected values may be off; what is not there is taken as exact."""

    def seeds(self, rounds: int) -> int:
        """With how many seeds the plan was run for so many rounds."""
        return sum(length >= rounds for length in self.lengths)


@dataclass(frozen=True, eq=False)
class Point:
    """One point of the front."""

    number: int
    run: Run
    """The run, stopped at this point's round."""
    values: dict[str, float]
    """Objective name -> value in the objective's unit, as expected over seeds."""
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Objective name -> where its expected value lies with probability 0.9; those that are exact are not there."""
    seeds: int = 1
    """With how many seeds the plan was run up to this round."""
    probability: float = 1.0
    """Probability, over seeds, that no point which stayed as long as it dominates it."""


@dataclass(frozen=True, eq=False)
class Front:
    """Non-dominated points, sorted from cheap to dear."""

    objectives: tuple[Objective, ...]
    points: tuple[Point, ...]
    doubtful: tuple[Point, ...] = ()
    """Points that are non-dominated as expected, but with a probability below `LEAST` only."""

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
    """The front over all rounds of all candidates; of equal points the one that was given first counts.

    A point that is non-dominated with a probability below `LEAST` is told apart as doubtful, the most doubtful first:
    it is then no rival of the others (`flopt.spread.settled`).
    """
    field_ = _Field.of(list(candidates), tuple(objectives))
    if not len(field_.table):
        return Front(tuple(objectives), ())
    loss = field_.losses
    rows = np.flatnonzero(non_dominated(loss))
    rows = rows[np.argsort(field_.table[rows, _cost_column(objectives)], kind="stable")]
    stays, chance = np.ones(len(rows), dtype=bool), np.ones(len(rows))
    if any(field_.columns):
        stays, chance = settled(field_.drawn(rows), LEAST)
    points = [field_.point(int(row), float(p)) for row, p in zip(rows, chance, strict=True)]
    kept = tuple(point for point, keep in zip(points, stays, strict=True) if keep)
    return Front(tuple(objectives), kept, tuple(point for point, keep in zip(points, stays, strict=True) if not keep))


@dataclass(frozen=True, eq=False)
class _Field:
    """The allowed rounds of all candidates."""

    candidates: list[Candidate]
    objectives: tuple[Objective, ...]
    owner: NDArray[np.intp]
    """Place of each row's candidate."""
    rounds: NDArray[np.intp]
    table: Array
    """Values of the objectives, shape (rows, objectives)."""

    @classmethod
    def of(cls, candidates: list[Candidate], objectives: tuple[Objective, ...]) -> _Field:
        some = [candidate for candidate in candidates if candidate.allowed.any()]
        if not some:
            nothing = np.empty(0, dtype=np.intp)
            return cls(some, objectives, nothing, nothing, np.empty((0, len(objectives))))
        runs, allowed = [candidate.run for candidate in some], np.concatenate([each.allowed for each in some])
        owner = np.repeat(np.arange(len(some)), [run.length for run in runs])
        rounds = np.concatenate([np.arange(1, run.length + 1) for run in runs])
        table = np.column_stack([np.concatenate(list(map(objective.along, runs))) for objective in objectives])
        return cls(some, objectives, owner[allowed], rounds[allowed], table[allowed])

    @property
    def losses(self) -> Array:
        return _losses(self.table, self.objectives)

    def drawn(self, front: NDArray[np.intp]) -> Array:
        """Joint draws of the losses of the rows of the front, shape (DRAWS, rows, objectives)."""
        drawn = np.repeat(self.losses[None, front], DRAWS, axis=0)
        for index, name in enumerate(self.columns):
            if name is not None:
                sign = -1.0 if self.objectives[index].direction == "maximize" else 1.0
                drawn[:, :, index] += sign * self._errors(front, name)
        return drawn

    def point(self, row: int, probability: float) -> Point:
        """A row as a point."""
        candidate, rounds = self.candidates[self.owner[row]], int(self.rounds[row])
        values = {o.name: float(v) for o, v in zip(self.objectives, self.table[row], strict=True)}
        ranges = {}
        for objective, name in zip(self.objectives, self.columns, strict=True):
            if name is not None and name in candidate.spreads:
                half = HALF_WIDTH * float(candidate.spreads[name].sd(rounds)[-1])
                low, high = values[objective.name] - half, values[objective.name] + half
                ranges[objective.name] = (max(low, 0.0), min(high, 1.0)) if name != "loss" else (low, high)
        seeds = candidate.seeds(rounds) or 1
        return Point(candidate.number, candidate.run.until(rounds), values, ranges, seeds, probability)

    @cached_property
    def columns(self) -> list[str | None]:
        return uncertain_columns(self.candidates, self.objectives)

    def _errors(self, rows: NDArray[np.intp], name: str) -> Array:
        found = np.zeros((DRAWS, len(rows)))
        for owner in np.unique(self.owner[rows]):
            candidate, mine = self.candidates[owner], self.owner[rows] == owner
            if name in candidate.spreads:
                errors = candidate.spreads[name].errors(candidate.number + 1, COLUMNS.index(name), candidate.run.length)
                found[:, mine] = errors[:, self.rounds[rows[mine]] - 1]
        return found


def uncertain_columns(candidates: Sequence[Candidate], objectives: Sequence[Objective]) -> list[str | None]:
    """The column of the trace that each objective is, where its expected values may be off; None elsewhere."""
    spread = next((c for c in candidates if c.spreads), None)
    return [None if spread is None else _column_of(objective, spread) for objective in objectives]


def _column_of(objective: Objective, candidate: Candidate) -> str | None:
    along, columns = objective.along(candidate.run), candidate.run.trace.columns
    return next((name for name in candidate.spreads if np.array_equal(along, columns[name])), None)


def _losses(values: Array, objectives: Sequence[Objective]) -> Array:
    return losses(values, [objective.direction for objective in objectives])


def _cost_column(objectives: Sequence[Objective]) -> int:
    minimised = [column for column, objective in enumerate(objectives) if objective.direction == "minimize"]
    return minimised[-1] if minimised else 0
