"""The recommendation: which point of the front to take, and by which rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError, unknown
from flopt.fronts import Front, Point
from flopt.pareto import losses
from flopt.reading.rate import POINT
from flopt.search.problem import Limit

__all__ = ["KG_PER_TONNE", "CarbonPrice", "Nearest", "Recommendation", "Rule", "Weights", "nearest", "recommend"]

Array = NDArray[np.float64]

KG_PER_TONNE = 1000.0
CLOSE = 1e-9
"""Relative difference of two scores up to which they tie."""


@dataclass(frozen=True)
class CarbonPrice:
    """The point that is worth most when CO2e has a price and accuracy has a value."""

    eur_per_tonne: float
    """Of CO2e."""
    eur_per_point: float
    """Of one point (0.01) of accuracy."""
    trainings: float = 1.0
    """How often the plan will be trained."""

    def __post_init__(self) -> None:
        for name in ("eur_per_tonne", "eur_per_point", "trainings"):
            value = getattr(self, name)
            if not (0 <= value < math.inf):
                raise FloptError(f"{name} = {value}: must be a number, and not negative")
        if self.trainings == 0 or self.eur_per_tonne == self.eur_per_point == 0:
            raise FloptError("a price needs a value above 0 for the tonne or for the point, and at least one training")

    def scores(self, points: Sequence[Point], _: Front) -> Array:
        """EUR that each point costs, less what its accuracy is worth; lower is better."""
        kg = np.array([point.run.co2e_kg for point in points]) * self.trainings
        gained = np.array([point.run.accuracy for point in points]) / POINT
        return np.asarray(kg / KG_PER_TONNE * self.eur_per_tonne - gained * self.eur_per_point)

    def __str__(self) -> str:
        often = f" for {self.trainings:g} trainings" if self.trainings != 1 else ""
        return f"worth most at {self.eur_per_tonne:g} EUR per tonne and {self.eur_per_point:g} EUR per point{often}"


@dataclass(frozen=True)
class Weights:
    """The point with the lowest weighted sum of losses, each scaled to [0, 1] over the front."""

    of: Mapping[str, float]

    def scores(self, points: Sequence[Point], front: Front) -> Array:
        """The weighted sum; lower is better."""
        names = [objective.name for objective in front.objectives]
        for name, weight in self.of.items():
            if name not in names:
                raise unknown("objective of a weight", name, names)
            if not 0 <= weight < math.inf:
                raise FloptError(f"weight {name}={weight}: must be a number, and not negative")
        weights = np.array([self.of.get(name, 0.0) for name in names])
        if not weights.any():
            raise FloptError("weights: give at least one above 0")
        whole, low = front.losses, front.losses.min(axis=0)
        span = np.where(whole.max(axis=0) > low, whole.max(axis=0) - low, 1.0)
        table = [[point.values[name] for name in names] for point in points]
        own = losses(np.array(table), [o.direction for o in front.objectives])
        return np.asarray((own - low) / span @ weights)

    def __str__(self) -> str:
        return "lowest weighted sum (" + ", ".join(f"{name} {weight:g}" for name, weight in self.of.items()) + ")"


Rule = CarbonPrice | Weights


@dataclass(frozen=True, eq=False)
class Recommendation:
    """One point, and the rule that chose it."""

    point: Point
    reason: str
    ties: tuple[Point, ...] = ()
    """Other points of the front that the rule finds equally good; the cheapest of all was taken."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """The point that comes nearest to limits that none meets."""

    point: Point
    missed: tuple[tuple[Limit, float], ...]
    """The limits that it breaks, each with by how much, in the objective's unit."""


def recommend(front: Front, limits: Sequence[Limit] = (), rule: Rule | None = None) -> Recommendation | None:
    """The point that the rule likes best within the limits; without a rule the cheapest, without limits the knee.

    None where no point is within the limits.
    """
    allowed = [point for point in front.points if all(excess(limit, point) <= 0 for limit in limits)]
    if not allowed:
        return None
    if rule is None and not limits and len(front.objectives) == 2:
        return Recommendation(front.knee(), "knee: beyond it, every further point of one objective costs most")
    within = f" with {' and '.join(map(str, limits))}" if limits else ""
    if rule is not None:
        return _best(allowed, rule.scores(allowed, front), f"{rule} on the front{within}")
    cost = front.cost
    word = "highest" if cost.direction == "maximize" else "lowest"
    scores = losses([[point.values[cost.name]] for point in allowed], [cost.direction])[:, 0]
    return _best(allowed, scores, f"{word} {cost.name} on the front{within}")


def _best(points: Sequence[Point], scores: Array, reason: str) -> Recommendation:
    best = int(np.argmin(scores))
    near = CLOSE * max(abs(float(scores[best])), float(np.ptp(scores)))
    ties = [point for row, point in enumerate(points) if row != best and scores[row] <= scores[best] + near]
    return Recommendation(points[best], reason, tuple(ties))


def excess(limit: Limit, point: Point) -> float:
    """How far a point lies outside a limit, in the objective's unit; 0 or less is inside."""
    return float(limit.violation(limit.objective(point.run)))


def nearest(front: Front, limits: Sequence[Limit]) -> Nearest | None:
    """The point whose worst miss is smallest, each limit measured by its own bound; None where there is no point."""
    if not front.points:
        return None

    def worst(point: Point) -> float:
        return max((excess(limit, point) / _scale(limit) for limit in limits), default=0.0)

    point = min(front.points, key=worst)
    missed = [(limit, excess(limit, point)) for limit in limits]
    return Nearest(point, tuple((limit, by) for limit, by in missed if by > 0))


def _scale(limit: Limit) -> float:
    bounds = [abs(bound) for bound in (limit.at_least, limit.at_most) if bound]
    return min(bounds, default=1.0)
