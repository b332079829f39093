"""Payback: the baseline plan against the cheapest point that is as good, and the trainings that pay for the search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flopt.payback import payback
from flopt.plan import Plan
from flopt.results import Results


def based(results: Results, plan: Plan) -> Results:
    return replace(results, problem=replace(results.problem, base=plan))


def test_a_baseline_that_was_run_is_compared_at_its_accuracy(five_runs: Results) -> None:
    base = five_runs.plans[2]  # reaches 0.65 with all clients
    found = payback(based(five_runs, base))
    assert found is not None
    assert found.baseline_accuracy == 0.65
    assert found.point.run.accuracy >= 0.65
    assert all(p.run.co2e_kg >= found.point.run.co2e_kg for p in five_runs.front().points if p.run.accuracy >= 0.65)
    assert found.baseline_kg == five_runs.problem.run(base).co2e_kg
    assert found.saved_kg == pytest.approx(found.baseline_kg - found.point.run.co2e_kg)


def test_the_search_is_paid_for_by_whole_trainings(five_runs: Results) -> None:
    base = five_runs.plans[2]
    found = payback(based(five_runs, base))
    assert found is not None
    assert replace(found, search_kg=2.5 * found.saved_kg).trainings == 3
    assert replace(found, search_kg=0.0).trainings == 1
    assert replace(found, baseline_kg=found.point.run.co2e_kg).trainings is None
    assert replace(found, baseline_kg=0.0).saved_kg < 0


def test_a_baseline_that_nobody_ran_has_no_accuracy_and_meets_the_recommended_point(five_runs: Results) -> None:
    found = payback(based(five_runs, replace(five_runs.plans[2], local_epochs=17)))
    assert found is not None
    assert found.baseline_accuracy is None
    assert found.point.number == five_runs.front().knee().number


def test_nothing_is_said_where_nothing_is_as_good(five_runs: Results) -> None:
    assert payback(replace(five_runs, plans=(), traces=())) is None
