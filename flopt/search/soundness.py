"""Soundness: a run counts as far as all objectives of it are finite numbers, and says where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flopt.errors import FloptError
from flopt.objectives import Objective
from flopt.plan import Plan
from flopt.search.problem import Problem
from flopt.trace import Trace

__all__ = ["sound"]


def sound(problem: Problem, plan: Plan, trace: Trace) -> Trace:
    """The trace up to the last round before an objective or a limit breaks; the same trace where none does.

    What breaks in the first round already is left as it is: an error of the objective, not of the run.
    """
    if trace.status == "failed":
        return trace
    measures = (*problem.objectives, *(limit.objective for limit in problem.limits))
    run = problem.run(plan, trace)
    try:
        for measure in measures:
            measure.along(run)
    except FloptError:
        return _cut(measures, problem, plan, trace)
    return trace


def _cut(measures: Sequence[Objective], problem: Problem, plan: Plan, trace: Trace) -> Trace:
    run = problem.run(plan, trace)
    for rounds in range(1, len(trace) + 1):
        try:
            for measure in measures:
                measure(run.until(rounds))
        except FloptError as error:
            if rounds == 1:
                break
            why = f"round {rounds}: {error}; kept up to round {rounds - 1}"
            return replace(trace.until(rounds - 1), status="stopped", reason=why)
    return trace
