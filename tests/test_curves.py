"""What the page keeps of every run: enough for the front under any price, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flopt.catalogue import load_objective
from flopt.fronts import find_front
from flopt.objectives import objective
from flopt.report.curves import Curves, curves_of, ranked
from flopt.results import Results, open_results
from flopt.run import Run
from flopt.search.problem import Limit


@pytest.fixture(scope="module")
def results(analytic_study: Path) -> Results:
    return open_results(analytic_study)


def packed(results: Results) -> Curves:
    return curves_of(results.problem, results.candidates())


def with_limit(results: Results, name: str, **bounds: float) -> Results:
    limit = Limit(load_objective(name), **bounds)
    return replace(results, problem=replace(results.problem, limits=(limit,)))


def test_rounds_that_learn_nothing_new_are_left_out(results: Results) -> None:
    found = packed(results)
    for run, candidate in zip(found.runs, results.candidates(), strict=True):
        accuracy = candidate.run.trace.accuracy
        best = np.maximum.accumulate(accuracy)
        records = np.flatnonzero(np.concatenate(([True], best[1:] > best[:-1])))
        np.testing.assert_array_equal(run["rounds"], records + 1)
    assert found.kept == sum(len(run["rounds"]) for run in found.runs) <= found.rounds


@pytest.mark.parametrize("country", ["POL", "FRA", "NOR"])
@pytest.mark.parametrize("network", ["router", "per_gb", "per_hop"])
def test_every_point_of_a_repriced_front_is_kept(results: Results, country: str, network: str) -> None:
    kept = {(run["number"], r) for run in packed(results).runs for r in run["rounds"].tolist()}
    pricing = replace(results.problem.pricing, country=country, network=network)  # type: ignore[arg-type]
    moved = replace(results, problem=replace(results.problem, pricing=pricing))
    front = find_front(moved.candidates(), moved.problem.objectives)
    assert {(point.number, point.run.rounds) for point in front.points} <= kept


def test_a_limit_on_the_price_is_left_to_the_page_and_one_on_accuracy_is_applied(results: Results) -> None:
    assert [str(limit) for limit, _ in packed(with_limit(results, "co2e", at_most=1e-6)).bounds]
    found = packed(with_limit(results, "accuracy", at_least=0.5))
    assert not found.bounds
    for run in found.runs:
        assert (run["values"][found.columns.index("accuracy")] >= 0.5).all()


def test_under_a_lower_limit_on_a_price_every_round_may_be_needed(results: Results) -> None:
    found = packed(with_limit(results, "co2e", at_least=1e-9))
    assert found.kept == found.rounds


def test_an_objective_that_the_page_cannot_follow_is_named(results: Results) -> None:
    @objective(direction="minimize", unit="kg")
    def odd(run: Run) -> float:
        """A price times something of the plan."""
        return run.co2e_kg * run.plan.local_epochs

    problem = replace(results.problem, objectives=(results.problem.objectives[0], odd))
    assert curves_of(problem, results.candidates()).fixed == ["odd"]
    assert packed(results).fixed == []


def test_runs_of_equal_work_share_it(results: Results) -> None:
    once = packed(results)
    twice = curves_of(results.problem, [*results.candidates(), *results.candidates()])
    assert len(once.works) == len(twice.works) <= len(once.runs)


def test_no_run_is_no_curve(results: Results) -> None:
    found = curves_of(results.problem, [])
    assert (found.runs, found.kept, len(found.works)) == ([], 0, 0)


def test_ranks_are_exact_and_keep_what_is_missing() -> None:
    columns = [np.array([0.5, 0.1, np.nan]), np.array([0.1])]
    found = ranked(columns)
    assert found == {"levels": [0.1, 0.5, None], "rows": [[1, 0, 2], [0]]}
    assert ranked([]) == {"levels": [], "rows": []}
