"""Features: a point of a search space as coordinates in which near points behave alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

__all__ = ["Distributions", "Point", "drawn", "features", "leanings", "mutated"]

Array = NDArray[np.float64]
Point = Mapping[str, Any]
Distributions = Mapping[str, BaseDistribution]

_APART = 0.7
"""Distance of two choices that have no order, along each of their axes."""


def features(points: Sequence[Point], space: Distributions) -> Array:
    """Shape (points, features): numbers scaled to [0, 1]; of choices that are words, one feature for each.

    A `NAME.level` means something else for each `NAME.kind`, so it has a feature for each kind but `none`.
    """
    columns: list[Array] = []
    for name, axis in space.items():
        values = [point[name] for point in points]
        kind = f"{name.removesuffix('.level')}.kind"
        if isinstance(axis, CategoricalDistribution) and not _ordered(axis):
            columns += [_APART * np.array([v == each for v in values], dtype=np.float64) for each in axis.choices]
        elif name.endswith(".level") and isinstance(kinds := space.get(kind), CategoricalDistribution):
            level = np.array([_unit(value, axis) for value in values]) - 0.5
            columns += [np.where([p[kind] == k for p in points], level, 0.0) for k in kinds.choices if k != "none"]
        else:
            columns.append(np.array([_unit(value, axis) for value in values]))
    return np.column_stack(columns) if columns else np.zeros((len(points), 1))


def leanings(space: Distributions, powers: Mapping[str, float]) -> Array:
    """What each feature adds to the logarithm of a quantity that is a product of powers of some axes; (features,)."""
    columns: list[float] = []
    for name, axis in space.items():
        kinds = space.get(f"{name.removesuffix('.level')}.kind")
        if isinstance(axis, CategoricalDistribution) and not _ordered(axis):
            columns += [0.0] * len(axis.choices)
        elif name.endswith(".level") and isinstance(kinds, CategoricalDistribution):
            columns += [0.0] * sum(kind != "none" for kind in kinds.choices)
        else:
            columns.append(powers[name] * math.log(_ratio(axis)) if name in powers else 0.0)
    return np.array(columns or [0.0])


def drawn(space: Distributions, rng: np.random.Generator) -> dict[str, Any]:
    """A point drawn uniformly, on each axis's own scale."""
    return {name: _at(float(rng.random()), axis) for name, axis in space.items()}


def mutated(point: Point, space: Distributions, rng: np.random.Generator) -> dict[str, Any]:
    """A point near another: some of its axes are moved, at least one, by a step of random size."""
    if not space:
        return {}
    moved = rng.random(len(space)) < rng.choice([0.2, 0.5, 1.0])
    moved[rng.integers(len(space))] = True
    step = 10 ** rng.uniform(-2.0, -0.4)
    new = {name: point[name] for name in space}
    for (name, axis), moves in zip(space.items(), moved, strict=True):
        if not moves:
            continue
        if isinstance(axis, CategoricalDistribution) and not _ordered(axis):
            new[name] = axis.choices[int(rng.integers(len(axis.choices)))] if rng.random() < 0.5 else point[name]
        else:
            place = abs(_unit(point[name], axis) + step * float(rng.normal()))
            new[name] = _at(place if place <= 1 else max(0.0, 2 - place), axis)
    return new


def _ordered(axis: CategoricalDistribution) -> bool:
    """Whether the choices are numbers that rise."""
    choices = axis.choices
    numbers = [c for c in choices if isinstance(c, int | float) and not isinstance(c, bool)]
    return len(numbers) == len(choices) and numbers == sorted(numbers)


def _ratio(axis: BaseDistribution) -> float:
    """How many times as large as the least the largest number of an axis is; 1 where one of them is not above 0."""
    if isinstance(axis, CategoricalDistribution):
        low, high = axis.choices[0], axis.choices[-1]
        assert isinstance(low, int | float)
        assert isinstance(high, int | float)
    else:
        assert isinstance(axis, FloatDistribution | IntDistribution)
        low, high = axis.low, axis.high
    return high / low if low > 0 else 1.0


def _unit(value: Any, axis: BaseDistribution) -> float:
    """Where a value lies on its axis, 0 to 1."""
    if isinstance(axis, CategoricalDistribution):
        return axis.choices.index(value) / max(1, len(axis.choices) - 1)
    assert isinstance(axis, FloatDistribution | IntDistribution)
    if axis.high <= axis.low:
        return 0.0
    if axis.log:
        return math.log(value / axis.low) / math.log(axis.high / axis.low)
    return float((value - axis.low) / (axis.high - axis.low))


def _at(place: float, axis: BaseDistribution) -> Any:
    """The value at a place between 0 and 1 of an axis."""
    if isinstance(axis, CategoricalDistribution):
        return axis.choices[min(int(place * len(axis.choices)), len(axis.choices) - 1)]
    assert isinstance(axis, FloatDistribution | IntDistribution)
    half = 0.5 if isinstance(axis, IntDistribution) else 0.0  # whole numbers are equally likely
    low, high = axis.low - half, axis.high + half
    value = low * (high / low) ** place if axis.log else low + place * (high - low)
    if isinstance(axis, IntDistribution):
        whole = axis.low + round((value - axis.low) / axis.step) * axis.step
        return int(min(max(whole, axis.low), axis.high))
    if axis.step is not None:
        value = axis.low + round((value - axis.low) / axis.step) * axis.step
    return float(min(max(value, axis.low), axis.high))
