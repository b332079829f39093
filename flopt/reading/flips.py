"""Flips: where a choice changes while one factor moves over a range."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np

from flopt.errors import FloptError

__all__ = ["PRECISION", "SCAN", "Flips", "Stretch", "find_flips"]

SCAN = 65
"""Values at which the choice is looked at first, evenly on a log scale."""
PRECISION = 1e-4
"""Relative width within which a flip is found."""

Choice = TypeVar("Choice", bound=Hashable)


@dataclass(frozen=True)
class Stretch(Generic[Choice]):
    """A part of the range in which the choice stays the same."""

    low: float
    high: float
    choice: Choice


@dataclass(frozen=True)
class Flips(Generic[Choice]):
    """The stretches of a range, from low to high; where two meet, the choice flips."""

    stretches: tuple[Stretch[Choice], ...]

    @property
    def points(self) -> list[float]:
        """The values at which the choice flips."""
        return [stretch.high for stretch in self.stretches[:-1]]

    def around(self, value: float) -> Stretch[Choice] | None:
        """The stretch that a value lies in; None outside of the range."""
        return next((each for each in self.stretches if each.low <= value <= each.high), None)

    def nearest(self, value: float) -> float | None:
        """The flip that is nearest to a value, as a ratio; None where nothing flips."""
        return min(self.points, key=lambda point: abs(math.log(point / value)), default=None)


def find_flips(choose: Callable[[float], Choice], low: float, high: float, *, values: int = SCAN) -> Flips[Choice]:
    """The choice on each stretch of a range, on a log scale.

    The range is scanned at so many `values`, then every step in which the choice changes is halved until each flip in
    it is known to `PRECISION`, several in one step included. A choice that gives way and returns within one step may be
    missed.
    """
    if not 0 < low < high < math.inf:
        raise FloptError(f"range {low:g}:{high:g}: must be two numbers above 0, the lower one first")
    scan = [low, *(float(value) for value in np.geomspace(low, high, values)[1:-1]), high]
    seen = [(value, choose(value)) for value in scan]
    found = [flip for begin, end in pairwise(seen) for flip in _between(choose, begin, end)]
    edges = [low, *(value for value, _ in found), high]
    choices = [seen[0][1], *(after for _, after in found)]
    return Flips(tuple(Stretch(a, b, each) for (a, b), each in zip(pairwise(edges), choices, strict=True)))


def _between(
    choose: Callable[[float], Choice], begin: tuple[float, Choice], end: tuple[float, Choice]
) -> Iterator[tuple[float, Choice]]:
    """The flips between two values whose choices are known, each with the choice after it."""
    (low, before), (high, after) = begin, end
    if before == after:
        return
    value = math.sqrt(low) * math.sqrt(high)
    if high / low <= 1 + PRECISION or not low < value < high:
        yield value, after
        return
    middle = (value, choose(value))
    yield from _between(choose, begin, middle)
    yield from _between(choose, middle, end)
