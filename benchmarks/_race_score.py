"""The score of a search: what it saw, and what other seeds say of the points that it chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from _race_world import World
from numpy.typing import NDArray

from flopt.pareto import non_dominated

__all__ = ["REGION", "Metric", "Scorer", "Trail", "Training", "metrics"]

Array = NDArray[np.float64]

REGION = 0.8
"""The user's region: accuracy from here on."""


class Training(NamedTuple):
    """One run of a search on the table."""

    row: int
    """The recorded plan."""
    column: int
    """The recorded seed."""
    rounds: int
    """Rounds trained, which are billed: with the one in which it failed."""
    planned: int
    """Rounds proposed."""
    stopped: bool


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


def metrics(world: World) -> tuple[Metric, ...]:
    """At chance and in the user's region, on a log and on a linear scale; kg up to the dearest recorded plan."""
    dearest = float(world.kg.max())
    return tuple(
        Metric(f"{place}, {scale} kg", accuracy, dearest, scale == "log")
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
    """Scores searches on one table."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.metrics = metrics(world)
        accuracy = np.concatenate([world.accuracy, world.fresh], axis=1)
        filled = np.where(np.isnan(accuracy), world.problem.task.majority_share, accuracy)
        self.mean = filled.mean(axis=1)
        """Mean curve of all seeds, shape (plans, rounds); a failed run counts as guessing the largest class."""
        self._filled = filled

    @cached_property
    def best(self) -> Array:
        """Best-known honest hypervolume: the front of all mean curves, every round of them, shape (metrics,).

        Infinite where no recorded plan is better than the reference: whatever a search finds is no share of it.
        """
        found = self.volumes(self.mean.ravel(), self.world.kg.ravel())
        return np.where(found > 0, found, np.inf)

    def volumes(self, accuracy: Array, kg: Array) -> Array:
        """Hypervolumes of points by each metric, not divided."""
        order = np.argsort(kg)
        top, sorted_kg = np.maximum.accumulate(accuracy[order]), kg[order]
        return np.array([metric.staircase(top, sorted_kg) for metric in self.metrics])

    def others(self, row: int, seen: int) -> Array:
        """Mean curve of a plan over all seeds but those that are `seen` (bits), shape (rounds,)."""
        unseen = [column for column in range(self._filled.shape[1]) if not seen >> column & 1]
        return np.asarray(self._filled[row, unseen].mean(axis=0))

    def trail(self, trainings: Sequence[Training], *, prefixes: bool) -> Trail:
        """Score a search after each run; its front is of the last round of each run, or of all rounds of each."""
        masks = np.zeros(len(self.world.kg), dtype=np.int64)
        means = np.zeros(self.world.kg.shape)
        front = np.empty((0, 4))  # kg, accuracy seen, row, round
        seen, honest = [], []
        for training in trainings:
            masks[training.row] |= 1 << training.column
            means[training.row] = self.others(training.row, int(masks[training.row]))
            front = _joined(front, self._points(training, prefixes=prefixes))
            rows, ends = front[:, 2].astype(int), front[:, 3].astype(int)
            seen.append(self.volumes(front[:, 1], front[:, 0]))
            honest.append(self.volumes(means[rows, ends - 1], front[:, 0]))
        spent = np.array([self.world.kg[each.row, each.rounds - 1] for each in trainings])
        rows, ends = front[:, 2].astype(int), front[:, 3].astype(int)
        return Trail(
            np.arange(1, len(trainings) + 1),
            np.cumsum([each.rounds for each in trainings]).astype(np.float64),
            np.cumsum(spent),
            np.array(seen) / self.best,
            np.array(honest) / self.best,
            np.column_stack([front[:, 0], front[:, 1], means[rows, ends - 1]]),
        )

    def _points(self, training: Training, *, prefixes: bool) -> Array:
        """What a run offers for the front, shape (points, 4); a failed round is never a point."""
        ends = np.arange(1 if prefixes else training.rounds, training.rounds + 1)
        ends = ends[np.isfinite(self.world.accuracy[training.row, training.column, ends - 1])]
        accuracy = self.world.accuracy[training.row, training.column, ends - 1]
        kg = self.world.kg[training.row, ends - 1]
        return np.column_stack([kg, accuracy, np.full(len(ends), training.row), ends])


def _joined(front: Array, points: Array) -> Array:
    both: Array = np.concatenate([front, points])
    return both[non_dominated(np.column_stack([both[:, 0], -both[:, 1]]))]
