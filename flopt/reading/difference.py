"""The difference of two fronts: how much of it is physics (runs), and how much factors (prices)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from flopt.fronts import Front
from flopt.pareto import losses

__all__ = ["Difference", "Fronts", "differences", "levels"]


class Fronts(NamedTuple):
    """Both studies' runs under both studies' prices."""

    first: Front
    """The first study's runs under its own prices."""
    first_repriced: Front
    """The first study's runs under the second's prices."""
    second: Front
    second_repriced: Front
    """The second study's runs under the first's prices."""


@dataclass(frozen=True)
class Difference:
    """What reaching one level costs in both studies, and where the difference comes from."""

    level: float
    """Of the gain, such as accuracy."""
    first: float
    """Least cost of reaching it in the first study, in the cost's unit."""
    second: float
    factors: float
    """The ratio that prices alone make: the mean, on a log scale, of repricing the first study's runs and the
    second's (the Shapley value of two causes)."""
    physics: float
    """The ratio that the runs alone make; factors x physics = second / first."""

    @property
    def ratio(self) -> float:
        """Second over first."""
        return self.second / self.first

    @property
    def factor_share(self) -> float | None:
        """Share of the log ratio that is factors; None where there is no difference."""
        return math.log(self.factors) / math.log(self.ratio) if not math.isclose(self.ratio, 1.0) else None


def levels(fronts: Fronts, count: int = 5) -> list[float]:
    """Levels of the gain that all four fronts reach, evenly from the lowest common one to the highest."""
    reached = [_pairs(front)[:, 1] for front in fronts]
    if any(not len(each) for each in reached):
        return []
    sign = _gain_sign(fronts.first)
    low, high = max(float((sign * each).min()) for each in reached), min(float((sign * each).max()) for each in reached)
    if low > high:
        return []
    return [float(sign * value) for value in (np.linspace(low, high, count) if low < high else [low])]


def differences(fronts: Fronts, at: Sequence[float]) -> list[Difference]:
    """The cost of each level under all four combinations, taken apart; levels that cost nothing are left out."""
    found = []
    for level in at:
        first, moved, second, back = (_least(front, level) for front in fronts)
        if min(first, moved, second, back) > 0 and math.isfinite(first + moved + second + back):
            factors = math.sqrt((moved / first) * (second / back))
            physics = math.sqrt((back / first) * (second / moved))
            found.append(Difference(level, first, second, factors, physics))
    return found


def _pairs(front: Front) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Cost and gain of each point, shape (points, 2)."""
    gain = next(o for o in front.objectives if o is not front.cost)
    return np.array([[p.values[front.cost.name], p.values[gain.name]] for p in front.points]).reshape(-1, 2)


def _gain_sign(front: Front) -> float:
    gain = next(o for o in front.objectives if o is not front.cost)
    return 1.0 if gain.direction == "maximize" else -1.0


def _least(front: Front, level: float) -> float:
    """The least cost at which a front reaches a level; infinite where it does not."""
    pairs, sign = _pairs(front), _gain_sign(front)
    good = pairs[sign * pairs[:, 1] >= sign * level - 1e-12]
    if not len(good):
        return math.inf
    best = losses(good[:, :1], [front.cost.direction]).min()
    return float(abs(best))
