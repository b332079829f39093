"""Reasons: neighbours, prices, ties and how sure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flopt.reading.reasons import Reasons, reasons
from flopt.reading.recommend import Recommendation, recommend
from flopt.results import Results


def why(results: Results, row: int | None = None) -> Reasons:
    front = results.front()
    found = recommend(front) if row is None else Recommendation(front.points[row], "chosen")
    assert found is not None
    return reasons(found, front, results.candidates(), results.problem)


def test_neighbours_and_the_price_of_a_point(five_runs: Results) -> None:
    found, kg = why(five_runs), [point.run.co2e_kg for point in five_runs.front().points]
    assert found.cheaper is not None
    assert found.dearer is not None
    assert found.cheaper.accuracy == pytest.approx(-0.1)
    assert found.dearer.accuracy == pytest.approx(0.1)
    assert found.cheaper.kg_per_point == pytest.approx((kg[1] - kg[0]) / 10)
    assert found.dearer.kg_per_point == pytest.approx((kg[2] - kg[1]) / 10)
    assert (why(five_runs, 0).cheaper, why(five_runs, 3).dearer) == (None, None)


def test_seeds_are_runs_of_the_same_plan(five_runs: Results) -> None:
    assert why(five_runs).seeds == 1
    trace = five_runs.traces[1]
    assert trace is not None
    again = replace(trace, seed=7)
    more = replace(
        five_runs, plans=(*five_runs.plans, five_runs.plans[1]), traces=(*five_runs.traces, again), parameters=()
    )
    found = why(more)
    assert found.seeds == 2
    assert found.ties == ()  # two runs of one plan are one point


def test_how_sure_is_a_probability(five_runs: Results) -> None:
    assert 0 <= why(five_runs).probability <= 1
