"""Conflict: which known limit no plan can meet, and the plan that comes nearest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flopt.plan import Plan
from flopt.run import Run
from flopt.search.features import drawn
from flopt.search.problem import Limit, Problem
from flopt.search.samplers import distributions
from flopt.seeds import stream
from flopt.units import quantity

__all__ = ["conflict"]

TRIED = 300


def conflict(problem: Problem) -> str:
    """One line: the tightest limit that is known before training, and the plan that breaks all of them least.

    Plans are compared after their first round, by how far they are from each limit as a share of it; empty where
    some plan that was tried meets all limits, or none can be run at all.
    """
    runs = [problem.run(plan) for plan in _tried(problem) if problem.can_run(plan)]
    limits = [limit for limit in problem.limits if runs and limit.objective.is_known(runs[0])]
    if not runs or not limits:
        return ""
    excess = np.array([[_excess(limit, run) for limit in limits] for run in runs])
    nearest = int(np.argmin(np.maximum(excess, 0).max(axis=1)))
    if (excess[nearest] <= 0).all():
        return ""
    least = excess.min(axis=0)
    tightest = limits[int(np.argmax(least if (least > 0).any() else excess[nearest]))]
    value = quantity(float(tightest.objective(runs[nearest])), tightest.objective.unit)
    together = "" if least.max() > 0 else " together with the others"
    nearest_plan = runs[nearest].plan
    return f"no plan meets the limit {tightest}{together}; the nearest tried has {value} (predicted): {nearest_plan}"


def _tried(problem: Problem) -> list[Plan]:
    space, rng = distributions(problem.space), stream(0, "conflict")
    plans = [*problem.spread_plans(), *(problem.space.plan(drawn(space, rng), problem.base) for _ in range(TRIED))]
    return [replace(plan, rounds=1) for plan in plans]


def _excess(limit: Limit, run: Run) -> float:
    """How far a run is outside a limit, as a share of the limit; 0 or less is inside."""
    bounds = [abs(bound) for bound in (limit.at_least, limit.at_most) if bound]
    return float(limit.violation(limit.objective(run))) / (max(bounds) if bounds else 1.0)
