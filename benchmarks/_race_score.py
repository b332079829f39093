"""The score of a search: what it saw, and what other seeds say of the points that it chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from flopt.pareto import non_dominated
from flopt.plan import Plan
from flopt.search.problem import Problem

__all__ = ["REGION", "Evidence", "Metric", "Scorer", "Trail", "Training", "metrics"]

Array = NDArray[np.float64]

REGION = 0.8
"""The user's region: accuracy from here on."""


class Training(NamedTuple):
    """One run of a search."""

    row: int
    """The plan."""
    column: int
    """The seed: a place in the table, or the seed itself where it was trained live."""
    rounds: int
    """Rounds trained, which are billed: with the one in which it failed."""
    planned: int
    """Rounds proposed."""
    stopped: bool


class Evidence(Protocol):
    """What is known of plans, by their rows: what a search saw, and what other seeds say."""

    @property
    def name(self) -> str:
        """What was raced on."""
        ...

    @property
    def problem(self) -> Problem:
        """Of the searches."""
        ...

    @property
    def kg(self) -> Array:
        """Deployment price of each plan after each round in kg CO2e, expected, shape (plans, rounds)."""
        ...

    @property
    def dearest_kg(self) -> float:
        """What is dearer adds nothing: frozen before the race."""
        ...

    def plan(self, row: int) -> Plan:
        """The plan of a row, with the most rounds."""
        ...

    def seen(self, training: Training) -> Array:
        """Accuracy after each round of a training, shape (rounds,); NaN from the round on in which it failed."""
        ...

    def others(self, row: int, shown: int, rounds: int) -> Array:
        """Mean curve of a plan over the seeds that are not `shown` (bits), shape (rounds,).

        A failed run counts as guessing the largest class.
        """
        ...

    def known(self) -> tuple[Array, Array]:
        """Accuracy, mean over seeds, and kg of all points that the best-known front is made of; shapes (points,)."""
        ...


@dataclass(frozen=True)
class Metric:
    """A hypervolume in accuracy and kg CO2e, its reference point and scale frozen before the race."""

    name: str
    accuracy: float
    """What is not more accurate adds nothing."""
    kg: float
    """What is dearer adds nothing."""
    logged: bool
    """Whether kg count by their logarithm."""

    def volume(self, accuracy: Array, kg: Array) -> float:
        """Hypervolume of points, arrays of shape (points,), in accuracy times decades (or times `kg`)."""
        order = np.argsort(kg)
        return self.staircase(np.maximum.accumulate(accuracy[order]), kg[order])

    def staircase(self, top: Array, kg: Array) -> float:
        """The same of points sorted by rising kg, with the best accuracy up to each: a sum over thousands of fronts."""
        price = np.log10(kg / self.kg) if self.logged else kg / self.kg - 1.0
        widths = np.diff(np.append(np.minimum(price, 0.0), 0.0))
        return float(np.sum(widths * np.maximum(top - self.accuracy, 0.0)))


def metrics(world: Evidence) -> tuple[Metric, ...]:
    """At chance and in the user's region, on a log and on a linear scale; kg up to the dearest plan."""
    return tuple(
        Metric(f"{place}, {scale} kg", accuracy, world.dearest_kg, scale == "log")
        for place, accuracy in (("chance", world.problem.task.majority_share), ("region", REGION))
        for scale in ("log", "linear")
    )


@dataclass(frozen=True, eq=False)
class Trail:
    """What a search had reached after each of its runs, or after some of them."""

    runs: NDArray[np.int64]
    """How many runs were done, shape (looks,); the other arrays are as long."""
    rounds: Array
    """Rounds trained so far."""
    kg: Array
    """Deployment price of those rounds so far in kg CO2e."""
    seen: Array
    """Hypervolume of the front by what the search saw, as a share of the best-known, shape (looks, metrics)."""
    honest: Array
    """The same points scored with seeds that the search had not seen of their plans, same shape."""
    front: Array
    """The last front: kg, accuracy seen, accuracy with other seeds; shape (points, 3)."""

    def at(self, spent: Array, budget: float) -> int:
        """The last run that ends within a budget of what was `spent`; -1 where none does."""
        return int(np.searchsorted(spent, budget, side="right")) - 1

    def first(self, spent: Array, metric: int, target: float) -> float:
        """What was spent when the honest hypervolume first reached `target`; infinite (censored) where it never did."""
        reached = np.flatnonzero(self.honest[:, metric] >= target)
        return float(spent[reached[0]]) if len(reached) else np.inf


class Scorer:
    """Scores searches by what is known of their plans."""

    def __init__(self, world: Evidence) -> None:
        self.world = world
        self.metrics = metrics(world)

    @cached_property
    def best(self) -> Array:
        """Best-known honest hypervolume: the front of all mean curves, every round of them, shape (metrics,).

        Infinite where no plan is better than the reference: whatever a search finds is no share of it.
        """
        found = self.volumes(*self.world.known())
        return np.where(found > 0, found, np.inf)

    def volumes(self, accuracy: Array, kg: Array) -> Array:
        """Hypervolumes of points by each metric, not divided."""
        order = np.argsort(kg)
        top, sorted_kg = np.maximum.accumulate(accuracy[order]), kg[order]
        return np.array([metric.staircase(top, sorted_kg) for metric in self.metrics])

    def honest(self, rows: Array, rounds: Array, trainings: Sequence[Training]) -> Array:
        """Accuracy of points with seeds that the trainings did not show of their plans, shape (points,)."""
        shown: dict[int, int] = {}
        for each in trainings:
            shown[each.row] = shown.get(each.row, 0) | 1 << each.column
        found = np.empty(len(rows))
        for row in np.unique(rows):
            mine = rows == row
            ends = rounds[mine].astype(int)
            found[mine] = self.world.others(int(row), shown[int(row)], int(ends.max()))[ends - 1]
        return found

    def trail(self, trainings: Sequence[Training], *, prefixes: bool) -> Trail:
        """Score a search after each run; its front is of the last round of each run, or of all rounds of each."""
        front = np.empty((0, 4))  # kg, accuracy seen, row, round
        points = []
        for number, training in enumerate(trainings, 1):
            front = _joined(front, self._points(training, prefixes=prefixes))
            truth = self.honest(front[:, 2], front[:, 3], trainings[:number])
            points.append(np.column_stack([front[:, 0], front[:, 1], truth]))
        return self.trail_of(trainings, list(range(1, len(trainings) + 1)), points)

    def trail_of(self, trainings: Sequence[Training], runs: Sequence[int], fronts: Sequence[Array]) -> Trail:
        """The trail of the fronts after so many runs: kg, accuracy seen and accuracy with other seeds of each point."""
        spent = np.cumsum([self.world.kg[each.row, each.rounds - 1] for each in trainings])
        ends = np.array(runs) - 1
        return Trail(
            ends + 1,
            np.cumsum([each.rounds for each in trainings])[ends].astype(np.float64),
            spent[ends],
            np.array([self.volumes(front[:, 1], front[:, 0]) for front in fronts]) / self.best,
            np.array([self.volumes(front[:, 2], front[:, 0]) for front in fronts]) / self.best,
            fronts[-1],
        )

    def _points(self, training: Training, *, prefixes: bool) -> Array:
        """What a run offers for the front, shape (points, 4); a failed round is never a point."""
        ends = np.arange(1 if prefixes else training.rounds, training.rounds + 1)
        accuracy = self.world.seen(training)
        ends = ends[np.isfinite(accuracy[ends - 1])]
        kg = self.world.kg[training.row, ends - 1]
        return np.column_stack([kg, accuracy[ends - 1], np.full(len(ends), training.row), ends])


def _joined(front: Array, points: Array) -> Array:
    both: Array = np.concatenate([front, points])
    return both[non_dominated(np.column_stack([both[:, 0], -both[:, 1]]))]
