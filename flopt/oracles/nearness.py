"""How far plans lie apart from one another in a table, and which ones lie outside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flopt.compression import Shapes
from flopt.errors import FloptError
from flopt.plan import PLAN_FIELDS, Plan

__all__ = ["MARGIN", "Nearness"]

LOG_RANGE = 5.0
"""A setting whose recorded values differ by more than this factor is measured on a log axis."""
MARGIN = 0.02
"""Share of an axis by which a plan may lie beyond the outermost recorded one: those are spread at random, and hardly
ever lie on an end of the axis itself."""
SAME = 1e-9
"""Distance along an axis below which two values are one."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Nearness:
    """Recorded plans as points: numbers are coordinates, 1 the recorded range; two words are one apart."""

    plans: tuple[Plan, ...]
    shapes: Shapes
    """Shapes of the model's tensors: a compression's coordinate is the logarithm of its bytes."""

    def same(self, plan: Plan) -> int | None:
        """The recorded plan that is this one but for its rounds, if there is one."""
        equal = (self._words == _words(plan)).all(axis=1) & (np.abs(self._points - self._place(plan)) < SAME).all(
            axis=1
        )
        found = np.flatnonzero(equal)
        return int(found[0]) if len(found) else None

    def apart(self, plan: Plan) -> Array:
        """Squared distance from each recorded plan along each axis on which those differ, shape (axes, plans).

        Raises FloptError where the plan lies outside the recorded ones, or has words that none of them has.
        """
        self.check(plan)
        numbers = (self._points - self._place(plan)) ** 2
        words = self._words != _words(plan)
        return np.concatenate([numbers, words], axis=1, dtype=np.float64).T[self._differing]

    @cached_property
    def all_apart(self) -> Array:
        """The same for all pairs of recorded plans, shape (axes, plans, plans)."""
        numbers = (self._points[:, np.newaxis] - self._points) ** 2
        words = self._words[:, np.newaxis] != self._words
        return np.moveaxis(np.concatenate([numbers, words], axis=2, dtype=np.float64), 2, 0)[self._differing]

    def check(self, plan: Plan, *, without: int | None = None) -> None:
        """Raise FloptError where the plan lies outside the recorded ones, but for one of them."""
        others = np.arange(len(self.plans)) != without
        alike = (self._words == _words(plan)).all(axis=1) & others
        if not alike.any():
            raise FloptError(f"no recorded plan has {_unlike(plan, self.plans)}")
        place = self._place(plan)
        for number, name in enumerate(_NUMBERS):
            # Bytes mean something among compressions of one kind, the other settings among all.
            column = self._points[alike if name in _COMPRESSIONS else others, number]
            margin = max(SAME, MARGIN * float(np.ptp(column)))
            if not column.min() - margin <= place[number] <= column.max() + margin:
                raise FloptError(f"{name} lies outside the recorded plans; the table is not extrapolated")

    @cached_property
    def _words(self) -> NDArray[np.str_]:
        return np.array([_words(plan) for plan in self.plans])

    @cached_property
    def _ranges(self) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Lowest and highest value of each number, and whether its axis is logarithmic."""
        numbers = np.array([self._numbers(plan) for plan in self.plans])
        low, high = numbers.min(axis=0), numbers.max(axis=0)
        return low, high, (low > 0) & (high > LOG_RANGE * low)

    @cached_property
    def _points(self) -> Array:
        return np.array([self._place(plan) for plan in self.plans])

    @cached_property
    def _differing(self) -> NDArray[np.int64]:
        """The axes along which recorded plans differ."""
        words = (self._words != self._words[0]).any(axis=0)
        return np.flatnonzero(np.concatenate([np.ptp(self._points, axis=0) > 0, words]))

    def _place(self, plan: Plan) -> Array:
        """Coordinates of a plan: 0 at the lowest recorded value, 1 at the highest; what is constant keeps its unit."""
        low, high, log = self._ranges
        numbers = self._numbers(plan)
        with np.errstate(divide="ignore"):  # zero on a log axis is infinitely far outside
            values, low, high = (np.where(log, np.log(np.where(log, each, 1)), each) for each in (numbers, low, high))
        return np.asarray((values - low) / np.where(high > low, high - low, 1))

    def _numbers(self, plan: Plan) -> Array:
        """The plan's numbers in the order of _NUMBERS; compressions as bytes."""
        values = [float(getattr(plan, name)) for name in _NUMBERS[:-2]]
        return np.array([*values, plan.upload_bytes(self.shapes), plan.download_bytes(self.shapes)])


_WORDS = tuple(name for name in PLAN_FIELDS if isinstance(getattr(Plan(), name), str))
_COMPRESSIONS = ("uplink", "downlink")
_NUMBERS = (*(name for name in PLAN_FIELDS if name not in (*_WORDS, "rounds", *_COMPRESSIONS)), *_COMPRESSIONS)


def _words(plan: Plan) -> tuple[str, ...]:
    return (*(getattr(plan, name) for name in _WORDS), plan.uplink.kind, plan.downlink.kind)


def _unlike(plan: Plan, plans: Sequence[Plan]) -> str:
    """The first word of the plan that no recorded plan has, or all of them together."""
    names = (*_WORDS, *_COMPRESSIONS)
    for number, (name, word) in enumerate(zip(names, _words(plan), strict=True)):
        if word not in {_words(other)[number] for other in plans}:
            return f"{name} = {word!r}"
    return "together " + ", ".join(f"{name} {word}" for name, word in zip(names, _words(plan), strict=True))
