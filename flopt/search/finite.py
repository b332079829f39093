"""The finite part of a run: the rounds after which every objective and limit is still a number."""

from __future__ import annotations

from dataclasses import replace

from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.search.problem import Problem
from flopt.trace import Trace

__all__ = ["KEPT", "finite_part"]

KEPT = "kept up to round"
"""How the reason of a run begins of which only the first rounds count."""


def finite_part(problem: Problem, plan: Plan, trace: Trace) -> Trace:
    """The trace up to the first round after which an objective is NaN or infinite; its reason then says so.

    Where that is the first round, the run has failed. An objective that breaks otherwise is not judged here.
    """
    if trace.status == "failed":
        return trace
    run = problem.run(plan, trace)
    rounds, culprit = len(trace), ""
    for objective in (*problem.objectives, *(limit.objective for limit in problem.limits)):
        try:
            finite = objective.finite_rounds(run)
        except FloptError:
            continue  # said when the run is told, after it is stored
        if finite < rounds:
            rounds, culprit = finite, objective.name
    if not culprit:
        return trace
    why = f"objective {culprit!r} is no finite number after round {rounds + 1}"
    if rounds == 0:
        return replace(trace, status="failed", reason=why)
    return replace(trace.until(rounds), status="stopped", reason=f"{KEPT} {rounds}: {why}")
