"""Facts: all that the page shows, as plain values; nothing here knows how it looks."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from flopt.fronts import Candidate, Front, uncertain_columns
from flopt.plan import PLAN_FIELDS, Plan
from flopt.reading.certainty import certainty
from flopt.reading.knobs import best_moves
from flopt.reading.recommend import recommend
from flopt.report.curves import Curves, Goal, curves_of, ranked
from flopt.report.physics import fleets_of, physics
from flopt.report.sources import coefficient_rows
from flopt.results import Results
from flopt.search.problem import Limit, Problem
from flopt.trace import COLUMNS
from flopt.version import __version__

__all__ = ["report_facts"]

Plain = dict[str, Any]

LABELS = {"co2e": "expected CO2e of the training", "accuracy": "validation accuracy"}
PACKAGES = ("numpy", "optuna", "torch", "plotly")


def report_facts(results: Results) -> Plain:
    """Everything that a report of the study shows; the front is priced as the study says."""
    problem, candidates = results.problem, results.candidates()
    curves, front = curves_of(problem, candidates), results.front()
    return {
        "title": problem.task.name,
        "study": _study(results),
        "objectives": [_goal(goal) for goal in curves.goals],
        "limits": [_limit(limit, goal) for limit, goal in curves.bounds],
        "all_limits": [str(limit) for limit in problem.limits],
        "fixed": curves.fixed,
        "physics": physics(problem.fleet, problem.pricing, curves.works),
        "runs": _runs(curves, candidates, front),
        "doubtful": len(front.doubtful),
        "failed": [[number, reason] for number, reason in results.failed.items()],
        "unfinished": sum(trace is None for trace in results.traces) - len(results.predicted),
        "front": _front(front, problem),
        "recommended": _recommended(front, problem),
        "coefficients": coefficient_rows(fleets_of(problem.fleet), problem.pricing),
        "search": _search(results),
        "versions": {"flopt": __version__, "Python": platform.python_version(), **_versions()},
    }


def _study(results: Results) -> Plain:
    problem = results.problem
    return {
        "text": results.study.to_toml().strip(),
        "task": problem.task.name,
        "clients": problem.task.clients,
        "population": problem.population,
        "oracle": problem.oracle,
        "fleet": problem.fleet.name,
        "space": results.study.space,
        "sampler": results.study.sampler,
        "seed": results.study.seed,
        "runs": len(results.plans) - len(results.predicted),
        "has_test": problem.oracle != "analytic",
    }


def _goal(goal: Goal) -> Plain:
    objective = goal.objective
    return {
        "name": objective.name,
        "unit": objective.unit,
        "direction": objective.direction,
        "label": LABELS.get(objective.name, objective.name.replace("_", " ")),
        "priced": goal.priced,
        "formula": goal.formula,
    }


def _limit(limit: Limit, goal: Goal) -> Plain:
    return {"text": str(limit), "at_least": limit.at_least, "at_most": limit.at_most, **_goal(goal)}


def _runs(curves: Curves, candidates: Sequence[Candidate], front: Front) -> Plain:
    """One entry for each finished run, column by column."""
    rows = curves.runs
    columns = {name: ranked([run["values"][place] for run in rows]) for place, name in enumerate(curves.columns)}
    return {
        "number": [run["number"] for run in rows],
        "work": [run["work"] for run in rows],
        "length": [run["length"] for run in rows],
        "rounds": [run["rounds"].tolist() for run in rows],
        "clients_per_round": [candidate.run.clients_per_round for candidate in candidates],
        "columns": columns,
        "plans": _plans([candidate.run.whole_plan for candidate in candidates]),
        "all_rounds": curves.rounds,
        "kept_rounds": curves.kept,
        "lengths": [candidate.lengths for candidate in candidates],
        "spreads": [_spread(name, candidates) for name in uncertain_columns(candidates, front.objectives)],
    }


def _spread(column: str | None, candidates: Sequence[Candidate]) -> Plain | None:
    """How far an objective may be off, run by run; null where it is exact."""
    found = [candidate.spreads.get(column or "") for candidate in candidates]
    first = next((each for each in found if each is not None), None)
    if column is None or first is None:
        return None
    return {
        "column": COLUMNS.index(column),
        "knots": first.knots.tolist(),
        "own": [None if each is None else each.own.tolist() for each in found],
        "common": [None if each is None else each.common.tolist() for each in found],
    }


def _plans(plans: Sequence[Plan]) -> Plain:
    """The settings that a person wants to read of any of the plans, column by column; rounds stand elsewhere."""
    spoken = {name for plan in plans for name in plan.spoken()}
    names = [name for name in PLAN_FIELDS if name in spoken and name != "rounds"]
    settings = [plan.settings() for plan in plans]
    return {name: [each[name] for each in settings] for name in names}


def _front(front: Front, problem: Problem) -> list[Plain]:
    """The points at the study's own price, with their ranges."""
    sure = certainty(front, problem)
    return [
        {
            "run": point.number,
            "round": point.run.rounds,
            "values": [point.values[objective.name] for objective in front.objectives],
            "ranges": [[each.intervals[o.name].low, each.intervals[o.name].high] for o in front.objectives],
            "seeds": point.seeds,
            "probability": point.probability,
            "under_coefficients": each.probability,
            "co2e_kg": point.run.co2e_kg,
        }
        for point, each in zip(front.points, sure, strict=True)
    ]


def _recommended(front: Front, problem: Problem) -> Plain | None:
    """The point of the study's own price, and which settings would cut most of it."""
    found = recommend(front)
    if found is None:
        return None
    return {
        "run": found.point.number,
        "round": found.point.run.rounds,
        "reason": found.reason,
        "ties": [f"run {tie.number} after round {tie.run.rounds}" for tie in found.ties],
        "moves": [
            {"setting": move.setting, "before": move.before, "after": move.after, "part": move.part, "cut": move.cut}
            for move in best_moves(found.point.run, problem)
        ],
    }


def _search(results: Results) -> Plain:
    study, traces = results.study, [trace for trace in results.traces if trace is not None]
    return {
        "co2e_kg": results.search_kg,
        "cpu_watts": study.search.cpu_watts,
        "country": study.search.country,
        "rounds": int(np.sum([len(trace) for trace in traces])),
    }


def _versions() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}
