"""How near plans are to one another in a table, and what that says about a plan between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.compression import Shapes
from flopt.errors import FloptError
from flopt.plan import PLAN_FIELDS, Plan

__all__ = ["Nearness"]

NEIGHBOURS = 5
LOG_RANGE = 5.0
"""A setting whose recorded values differ by more than this factor is measured on a log axis."""
SAME = 1e-9
"""Distance below which two plans are one."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Nearness:
    """Recorded plans as points: numbers become coordinates in [0, 1], words and kinds of compression must agree."""

    plans: tuple[Plan, ...]
    shapes: Shapes
    """Shapes of the model's tensors: a compression's coordinate is the logarithm of its bytes."""

    def weights(self, plan: Plan, *, without: int | None = None) -> list[tuple[int, float]]:
        """Recorded plans near this one, nearest first, with weights that sum to 1; inverse squared distance.

        Shepard, "A two-dimensional interpolation function for irregularly-spaced data", ACM (1968). Raises
        FloptError outside the range of the recorded plans, and farther from all of them than they lie apart.
        """
        alike = [i for i, other in enumerate(self.plans) if _words(other) == _words(plan) and i != without]
        if not alike:
            raise FloptError(f"no recorded plan has {_unlike(plan, self.plans)}")
        low, high = self._range([self.plans[i] for i in alike])
        point = self._numbers(plan)
        for name, value, least, most in zip(_NUMBERS, point, low, high, strict=True):
            if not least - SAME <= value <= most + SAME:
                raise FloptError(f"{name} lies outside the recorded plans; the table is not extrapolated")
        points = np.array([self._numbers(self.plans[i]) for i in alike])
        distances = _distances(_scaled(points, low, high), _scaled(point[np.newaxis], low, high)[0])
        return _shared(alike, distances, self._reach(_scaled(points, low, high)))

    def _range(self, plans: Sequence[Plan]) -> tuple[Array, Array]:
        numbers = np.array([self._numbers(plan) for plan in plans])
        return numbers.min(axis=0), numbers.max(axis=0)

    def _numbers(self, plan: Plan) -> Array:
        """The plan's numbers in the order of _NUMBERS; compressions as bytes."""
        values = [float(getattr(plan, name)) for name in _NUMBERS[:-2]]
        return np.array([*values, plan.upload_bytes(self.shapes), plan.download_bytes(self.shapes)])

    def _reach(self, points: Array) -> float:
        """How far a plan may lie from its nearest neighbour: as far as any recorded plan lies from its own."""
        if len(points) < 2:
            return SAME
        others = np.array([np.delete(_distances(points, point), i).min() for i, point in enumerate(points)])
        return max(float(others.max()), SAME)


def _shared(alike: Sequence[int], distances: Array, reach: float) -> list[tuple[int, float]]:
    order = np.argsort(distances, kind="stable")[:NEIGHBOURS]
    nearest = distances[order[0]]
    if nearest < SAME:
        return [(alike[order[0]], 1.0)]
    if nearest > reach:
        raise FloptError(
            f"no recorded plan is near enough: the nearest is {nearest:.2g} away, at most {reach:.2g} (1 is the range)"
        )
    shares = distances[order] ** -2
    return [(alike[i], float(share)) for i, share in zip(order, shares / shares.sum(), strict=True)]


def _scaled(points: Array, low: Array, high: Array) -> Array:
    """Each column to [0, 1], on a log axis where its range is wide; a constant column to 0."""
    scaled = np.zeros_like(points)
    for column, (least, most) in enumerate(zip(low, high, strict=True)):
        if most > least:
            log = least > 0 and most / least > LOG_RANGE
            values, a, b = (np.log(points[:, column]), math.log(least), math.log(most)) if log else (
                points[:, column], least, most
            )  # fmt: skip
            scaled[:, column] = (values - a) / (b - a)
    return scaled


def _distances(points: Array, point: Array) -> Array:
    return np.asarray(np.sqrt(((points - point) ** 2).sum(axis=1)))


_WORDS = tuple(name for name in PLAN_FIELDS if isinstance(getattr(Plan(), name), str))
_NUMBERS = (
    *(name for name in PLAN_FIELDS if name not in (*_WORDS, "rounds", "uplink", "downlink")),
    "uplink",
    "downlink",
)


def _words(plan: Plan) -> tuple[str, ...]:
    return (*(getattr(plan, name) for name in _WORDS), plan.uplink.kind, plan.downlink.kind)


def _unlike(plan: Plan, plans: Sequence[Plan]) -> str:
    """The first word of the plan that no recorded plan has, or all of them together."""
    names = (*_WORDS, "uplink", "downlink")
    for number, (name, word) in enumerate(zip(names, _words(plan), strict=True)):
        if word not in {_words(other)[number] for other in plans}:
            return f"{name} = {word!r}"
    return "together " + ", ".join(f"{name} {word}" for name, word in zip(names, _words(plan), strict=True))
