"""Uncertainty: the same coefficients drawn many times over, for all plans alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.footprint import Footprint, joined
from flopt.emissions.pricer import Pricer
from flopt.emissions.work import Work
from flopt.errors import FloptError
from flopt.seeds import stream

__all__ = ["DRAWS", "Draws", "Interval", "drawn_totals", "interval", "probability_non_dominated"]

Array = NDArray[np.float64]

DRAWS = 1000
"""How many draws an interval that is printed rests on; its ends are then good to about a twentieth of its width."""
LOW, HIGH = 0.05, 0.95
"""The quantiles that an interval is printed with."""
BLOCK = 500
"""Draws that are priced at a time."""


@dataclass(frozen=True)
class Draws:
    """Draws of every coefficient, common to all plans: a `ValueOf` for the pricer.

    Half of the draws lie below the central value and half above, denser towards it: two triangles back to back, so
    that the central value is the median whatever the range looks like, and no draw leaves the range. One name is one
    quantity: two groups with one device share its draws.
    """

    count: int
    seed: int = 0
    block: int = 0
    """Which block of draws: blocks are independent."""

    def __post_init__(self) -> None:
        if self.count < 1:
            raise FloptError(f"draws = {self.count}: must be at least 1")

    def __call__(self, name: str, coefficient: Coefficient) -> Array:
        """Draws of one coefficient, shape (draws, 1): the second axis is that of the plans."""
        low, middle, high = coefficient.low, coefficient.value, coefficient.high
        if low == high:
            return np.full((1, 1), middle)
        chance = stream(self.seed, "coefficient", name, self.block).random((self.count, 1))
        below = low + (middle - low) * np.sqrt(2 * chance)
        above = high - (high - middle) * np.sqrt(2 * (1 - chance))
        return np.where(chance < 0.5, below, above)

    def blocks(self) -> Iterator[Draws]:
        """The same number of draws in blocks, so that memory does not grow with it."""
        for block, first in enumerate(range(0, self.count, BLOCK)):
            yield replace(self, count=min(BLOCK, self.count - first), block=block)


def drawn_totals(pricer: Pricer, work: Work, rounds: ArrayLike, draws: Draws) -> Iterator[Footprint]:
    """The footprint of whole runs, arrays of shape (draws of a block, plans): block after block.

    `work` and `rounds` have the shape (plans,).
    """
    counts = np.asarray(rounds, dtype=np.int64)
    for block in draws.blocks():
        drawn = replace(pricer, value_of=block)
        if pricer.pricing.start is None:
            total = drawn.per_round(work).map(lambda each: each * counts).plus(drawn.once(work))
        else:
            total = _side_by_side([drawn.along(work[i], int(r)) for i, r in enumerate(counts)])
        yield total.map(partial(np.broadcast_to, shape=(block.count, len(counts))))


@dataclass(frozen=True)
class Interval:
    """A central value and the range that nine of ten draws lie in."""

    central: float
    low: float
    high: float

    @property
    def has_width(self) -> bool:
        """Whether the coefficients move the value at all."""
        return self.low < self.high


def interval(central: float, draws: ArrayLike) -> Interval:
    """The 5 % and 95 % quantiles of the draws around a central value."""
    low, high = np.quantile(np.asarray(draws, dtype=np.float64), [LOW, HIGH])
    return Interval(central, float(low), float(high))


def probability_non_dominated(loss: Array) -> Array:
    """Share of the draws in which no other point dominates each one.

    `loss`, shape (draws, points, objectives), is minimised.
    """
    columns = np.moveaxis(loss, -1, 0)
    dominated = np.zeros(columns.shape[1:], dtype=bool)
    for other in range(columns.shape[-1]):
        no_worse, better = np.ones_like(dominated), np.zeros_like(dominated)
        for column in columns:  # two comparisons for each objective: a reduction over so short an axis is far slower
            rival = column[:, other, np.newaxis]
            no_worse &= rival <= column
            better |= rival < column
        dominated |= no_worse & better
    return np.asarray(1 - dominated.mean(axis=0))


def _side_by_side(runs: list[Footprint]) -> Footprint:
    """The last round of each run, plans on the last axis."""
    return joined([run.map(lambda each: each.reshape(-1, each.shape[-1])[:, -1:]) for run in runs])
