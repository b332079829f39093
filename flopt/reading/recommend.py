"""The recommendation: which point of the front to take, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flopt.fronts import Front, Point
from flopt.search.problem import Limit

__all__ = ["Recommendation", "recommend"]


@dataclass(frozen=True, eq=False)
class Recommendation:
    """One point, and the rule that chose it."""

    point: Point
    reason: str


def recommend(front: Front, limits: Sequence[Limit] = ()) -> Recommendation | None:
    """The cheapest point within the limits; without limits the knee. None where no point is within them."""
    if not front.points:
        return None
    if not limits and len(front.objectives) == 2:
        return Recommendation(front.knee(), "knee: beyond it, every further point of one objective costs most")
    allowed = [p for p in front.points if all(float(limit.violation(limit.objective(p.run))) <= 0 for limit in limits)]
    if not allowed:
        return None
    objective = front.cost
    sign = -1 if objective.direction == "maximize" else 1
    best = min(allowed, key=lambda point: sign * point.values[objective.name])
    word = "highest" if objective.direction == "maximize" else "lowest"
    within = f" with {' and '.join(map(str, limits))}" if limits else ""
    return Recommendation(best, f"{word} {objective.name} on the front{within}")
