"""The obstacle: what stands in the way where no plan keeps to the limits that are known before training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from flopt.plan import Plan
from flopt.search.problem import Limit, Problem
from flopt.seeds import stream
from flopt.space import ChoiceAxis

__all__ = ["Obstacle", "find_obstacle"]

TRIED = 200
"""Plans drawn from the space to find the nearest one; the spread plans come on top."""


@dataclass(frozen=True)
class Obstacle:
    """The known limit that the nearest plan misses by most, as a share of the bound."""

    limit: Limit
    plan: Plan
    value: float
    """What the nearest plan has instead, in the objective's unit."""

    def __str__(self) -> str:
        goal = self.limit.objective
        value = f"{self.value:.3g} {goal.unit}".rstrip()  # in the unit that the limit is in
        return f"no plan found keeps to {self.limit}; the nearest has {goal.name} {value}: {self.plan}"


def find_obstacle(problem: Problem) -> Obstacle | None:
    """The obstacle at the plan that misses the known limits by least; None where one is within them all."""
    found = [each for plan in _tried(problem) if problem.can_run(plan) for each in [_missed(problem, plan)]]
    nearest = min(found, key=lambda each: each[0], default=None)
    return nearest[1] if nearest is not None and nearest[0] > 0 else None


def _missed(problem: Problem, plan: Plan) -> tuple[float, Obstacle | None]:
    """By how much the plan, ended after its best round, misses the limit that it misses most."""
    run = problem.run(plan)
    foreseen = [(limit, limit.objective.foreseen(run)) for limit in problem.limits]
    known = [(limit, values) for limit, values in foreseen if values is not None]
    if not known:
        return 0.0, None
    shares = np.stack([limit.violation(values) / _scale(limit) for limit, values in known])
    best = int(shares.max(axis=0).argmin())
    worst = int(shares[:, best].argmax())
    limit, values = known[worst]
    return float(shares[worst, best]), Obstacle(limit, replace(plan, rounds=best + 1), float(values[best]))


def _scale(limit: Limit) -> float:
    bounds = [abs(bound) for bound in (limit.at_least, limit.at_most) if bound]
    return min(bounds, default=1.0)


def _tried(problem: Problem) -> Iterator[Plan]:
    """The spread plans, and plans drawn evenly over the axes."""
    yield from problem.spread_plans()
    random = stream(0, "obstacle")
    for _ in range(TRIED):
        values: dict[str, object] = {}
        for (name, axis), share in zip(problem.space.axes.items(), random.random(len(problem.space.axes)), strict=True):
            if isinstance(axis, ChoiceAxis):
                values[name] = axis.choices[int(share * len(axis.choices))]
            else:
                value = axis.low + float(share) * (axis.high - axis.low)
                values[name] = round(value) if isinstance(axis.low, int) else value
        yield problem.space.plan(values, problem.base)
