"""Ensembles: the runs of one plan, and the one run that is expected of it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from flopt.plan import Plan
from flopt.search.expectation import enough, expect
from flopt.search.luck import Curve
from flopt.spread import Spread
from flopt.task import Task
from flopt.trace import Trace

__all__ = ["EXPECTED", "Ensemble", "Expected", "ensembles", "expected_columns", "expected_runs", "same_plan"]

Array = NDArray[np.float64]

EXPECTED = ("accuracy", "loss", "balanced_accuracy", "auc", "worst_client_accuracy")
"""Columns of a trace that are learned on validation data: each is expected by itself."""
_ALL_BUT_ROUNDS = attrgetter(*(field.name for field in fields(Plan) if field.name != "rounds"))


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The finished runs of one plan, whatever rounds each was given."""

    number: int
    """That of the longest run; of equally long ones the first."""
    plan: Plan
    traces: tuple[Trace, ...]
    """The longest with each seed, the longest first."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Rounds with each seed, the longest first."""
        return tuple(map(len, self.traces))


@dataclass(frozen=True, eq=False)
class Expected:
    """What is expected of a plan over seeds."""

    ensemble: Ensemble
    trace: Trace
    """Of the ensemble's longest run, with what is expected in place of what it learned."""
    spreads: Mapping[str, Spread]


def same_plan(plan: Plan) -> Hashable:
    """What two plans have in common that differ in their rounds only: one is a prefix of the other."""
    return plan if plan.horizon_dependent else _ALL_BUT_ROUNDS(plan)


def ensembles(plans: Sequence[Plan], traces: Sequence[Trace | None]) -> list[Ensemble]:
    """The finished runs by their plans, in the order of the numbers of the first runs."""
    groups: dict[Hashable, list[int]] = {}
    for number, (plan, trace) in enumerate(zip(plans, traces, strict=True)):
        if trace is not None and trace.status != "failed":
            groups.setdefault(same_plan(plan), []).append(number)
    found = []
    for numbers in groups.values():
        done = sorted(((trace, n) for n in numbers if (trace := traces[n]) is not None), key=lambda each: -len(each[0]))
        of_seed: dict[int, Trace] = {}
        for trace, _ in done:  # twice with one seed is one draw: the longer one tells all
            of_seed.setdefault(trace.seed, trace)
        found.append(Ensemble(done[0][1], plans[done[0][1]], tuple(of_seed.values())))
    return found


def expected_runs(found: Sequence[Ensemble], task: Task) -> list[Expected]:
    """What is expected of each ensemble; every learned column by itself, the test accuracy as a plain mean."""
    return expected_columns(found, task, EXPECTED, [{"test_accuracy": _mean(each, "test_accuracy")} for each in found])


def expected_columns(
    found: Sequence[Ensemble], task: Task, names: Sequence[str], known: Sequence[Mapping[str, Array]] = ()
) -> list[Expected]:
    """The same of a few columns only; the others stay those of the longest run, but for what is `known` of each."""
    columns: list[dict[str, Array]] = [dict(each) for each in known] or [{} for _ in found]
    spreads: list[dict[str, Spread]] = [{} for _ in found]
    for name in names:
        for place, (mean, spread) in _expected(found, task, name).items():
            columns[place][name] = mean
            if spread is not None:
                spreads[place][name] = spread
    return [
        Expected(each, each.traces[0].with_columns(values), of)
        for each, values, of in zip(found, columns, spreads, strict=True)
    ]


def _expected(found: Sequence[Ensemble], task: Task, name: str) -> dict[int, tuple[Array, Spread | None]]:
    """Mean and spread of one column, by the place of the ensemble; those that lack it are left out.

    Where the study says nothing of its noise, means over seeds stand for what is expected, and have no spread.
    """
    there = [place for place, each in enumerate(found) if _finite(each.traces[0].columns[name])]
    curves = [
        Curve(plan, trace.seed, clients, trace.columns[name])
        for plan, (clients, traces) in enumerate((_clients(found[place], task), found[place].traces) for place in there)
        for number, trace in enumerate(traces)
        if number == 0 or _finite(trace.columns[name])
    ]
    if not enough(curves):
        return {place: (_mean(found[place], name), None) for place in there}
    shares = name != "loss"
    top = 1.0 if shares else np.inf
    return {
        place: (each.mean.clip(0.0, top), each.spread)
        for place, each in zip(there, expect(curves, shares=shares), strict=True)
    }


def _clients(ensemble: Ensemble, task: Task) -> int:
    return task.clients_per_round(ensemble.plan.client_fraction)


def _finite(values: Array) -> bool:
    """Whether all are; a column that a task lacks is NaN from its first round on."""
    return math.isfinite(values[0]) and bool(np.isfinite(values).all())


def _mean(ensemble: Ensemble, name: str) -> Array:
    """Mean over seeds after every round, of the runs that reached it."""
    if len(ensemble.traces) == 1:
        return ensemble.traces[0].columns[name]
    table = np.full((len(ensemble.traces), len(ensemble.traces[0])), np.nan)
    for row, trace in enumerate(ensemble.traces):
        table[row, : len(trace)] = trace.columns[name]
    there = np.isfinite(table)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(there, table, 0.0).sum(axis=0) / there.sum(axis=0))
