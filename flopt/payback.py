"""Payback: what the search emitted, beside what its answer saves in every training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flopt.fronts import Point
from flopt.reading.recommend import recommend
from flopt.results import Results
from flopt.search.ensembles import same_plan

__all__ = ["Payback", "payback"]


@dataclass(frozen=True, eq=False)
class Payback:
    """The study's baseline plan against a point of the front; two ledgers, compared and never added up."""

    baseline_kg: float
    """Expected emissions of one training by the baseline plan, in kg CO2e."""
    baseline_accuracy: float | None
    """As expected over seeds; None where no run trained it so long."""
    point: Point
    """The cheapest of the front that is at least as accurate; where that is not known, the recommended one."""
    search_kg: float
    """Estimated emissions of the search itself, in kg CO2e."""

    @property
    def saved_kg(self) -> float:
        """What each training saves; negative where it emits more."""
        return self.baseline_kg - self.point.run.co2e_kg

    @property
    def trainings(self) -> int | None:
        """After how many trainings these have saved what the search emitted; None where they never do."""
        return max(1, math.ceil(self.search_kg / self.saved_kg)) if self.saved_kg > 0 else None


def payback(results: Results) -> Payback | None:
    """None where no point can be compared with the baseline plan: the fleet cannot run it, or no point is as good."""
    problem, front = results.problem, results.front()
    if not problem.can_run(problem.base):
        return None
    reached = _reached(results)
    if reached is None:
        found = recommend(front)
        point = None if found is None else found.point
    else:
        point = min(
            (point for point in front.points if point.run.accuracy >= reached),
            key=lambda point: point.run.co2e_kg,
            default=None,
        )
    return None if point is None else Payback(problem.run(problem.base).co2e_kg, reached, point, results.search_kg)


def _reached(results: Results) -> float | None:
    """The accuracy that is expected of the baseline plan, where it was run."""
    base = results.problem.base
    for candidate in results.candidates():
        if same_plan(candidate.run.whole_plan) == same_plan(base) and candidate.run.length >= base.rounds:
            return candidate.run.until(base.rounds).accuracy
    return None
