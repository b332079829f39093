"""The recommendation: the cheapest point within the limits, the knee where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.catalogue import load_objective
from flopt.fronts import Front
from flopt.reading.recommend import CarbonPrice, Weights, nearest, recommend
from flopt.results import Results, open_results, rescored
from flopt.search.problem import Limit

ACCURACY, CO2E, DURATION = (load_objective(name) for name in ("accuracy", "co2e", "duration"))


@pytest.fixture(scope="module")
def results(analytic_study: Path) -> Results:
    return open_results(analytic_study)


@pytest.fixture(scope="module")
def front(results: Results) -> Front:
    return results.front()


def test_without_limits_it_is_the_knee(front: Front) -> None:
    found = recommend(front)
    assert found is not None
    assert found.point is front.knee()
    assert found.reason.startswith("knee: ")


@given(st.floats(0, 1))
def test_with_a_lower_bound_it_is_the_cheapest_that_reaches_it(front: Front, bound: float) -> None:
    found = recommend(front, [Limit(ACCURACY, at_least=bound)])
    good = [point for point in front.points if point.values["accuracy"] >= bound]
    if found is None:
        assert good == []
        return
    assert found.point is good[0]  # points go from cheap to dear
    assert found.reason == f"lowest co2e on the front with accuracy at least {bound:g}"


@given(st.floats(1e-10, 1e-4))
def test_with_an_upper_bound_on_the_cost_it_is_the_cheapest_of_all(front: Front, bound: float) -> None:
    found = recommend(front, [Limit(CO2E, at_most=bound)])
    cheapest = front.points[0]
    assert (found is None) == (cheapest.values["co2e"] > bound)
    assert found is None or found.point is cheapest


def test_limits_hold_together_and_may_be_on_other_objectives(front: Front) -> None:
    middle = front.points[len(front) // 2]
    bounds = [Limit(ACCURACY, at_least=middle.values["accuracy"]), Limit(DURATION, at_most=middle.run.duration_s)]
    found = recommend(front, bounds)
    assert found is not None
    assert found.point.run.accuracy >= middle.values["accuracy"]
    assert found.point.run.duration_s <= middle.run.duration_s
    assert " and duration at most " in found.reason


def test_a_bound_that_is_met_exactly_is_met(front: Front) -> None:
    best = front.points[-1]
    found = recommend(front, [Limit(ACCURACY, at_least=best.values["accuracy"])])
    assert found is not None
    assert found.point is best


def test_no_point_is_no_recommendation(front: Front) -> None:
    assert recommend(Front(front.objectives, ())) is None
    assert recommend(front, [Limit(ACCURACY, at_least=1.0)]) is None


def test_three_objectives_have_no_knee_and_one_has_its_best(results: Results) -> None:
    three = rescored(results, ["accuracy", "co2e", "duration"]).front()
    found = recommend(three)
    assert found is not None
    assert found.point is three.points[0]
    assert found.reason == "lowest duration on the front"
    one = rescored(results, ["accuracy"]).front()
    best = recommend(one)
    assert best is not None
    assert best.reason == "highest accuracy on the front"
    assert best.point.values["accuracy"] == max(p.values["accuracy"] for p in results.front().points)


def test_a_carbon_price_worked_by_hand(five_runs: Results) -> None:
    front = five_runs.front()
    kg = [point.run.co2e_kg for point in front.points]
    # the second point costs (kg[1] - kg[0]) for ten points of accuracy, the third (kg[2] - kg[1]) for ten more
    between = (kg[1] - kg[0] + kg[2] - kg[1]) / 20  # kg a point: dearer than the first step, cheaper than the second
    found = recommend(front, rule=CarbonPrice(1000.0, between * 1.02))
    assert found is not None
    worth = [point.run.accuracy * 100 * between * 1.02 - point.run.co2e_kg for point in front.points]
    assert found.point is front.points[worth.index(max(worth))]
    often = recommend(front, rule=CarbonPrice(1000.0, between * 1.02, trainings=1e6))
    assert often is not None
    assert often.point is front.points[0]


def test_weights_pull_to_their_end_and_name_ties(five_runs: Results) -> None:
    front = five_runs.front()
    ends = [recommend(front, rule=Weights({name: 1.0})) for name in ("co2e", "accuracy")]
    assert [each.point for each in ends if each is not None] == [front.points[0], front.points[-1]]
    even = recommend(front, rule=Weights({"accuracy": 1.0, "co2e": 1.0}))
    assert even is not None
    assert even.point is front.knee()
    two = Front(front.objectives, (front.points[0], front.points[-1]))
    tied = recommend(two, rule=Weights({"accuracy": 1.0, "co2e": 1.0}))
    assert tied is not None
    assert tied.ties == (front.points[-1],)


def test_the_nearest_point_is_the_one_that_misses_least(five_runs: Results) -> None:
    front = five_runs.front()
    found = nearest(front, [Limit(ACCURACY, at_least=0.9), Limit(CO2E, at_most=1.0)])
    assert found is not None
    assert found.point is front.points[-1]
    ((limit, by),) = found.missed
    assert limit.objective is ACCURACY
    assert by == pytest.approx(0.1)
    assert nearest(Front(front.objectives, ()), [Limit(ACCURACY, at_least=0.9)]) is None
