"""The difference of two fronts: physics times factors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flopt.reading.difference import Fronts, differences, levels
from flopt.results import Results


def only(results: Results, run: int) -> Results:
    return replace(results, plans=(results.plans[run],), traces=(results.traces[run],))


def priced(results: Results, country: str) -> Results:
    pricing = replace(results.problem.pricing, country=country)
    return replace(results, problem=replace(results.problem, pricing=pricing))


def test_the_same_runs_at_other_prices_differ_by_factors_alone(five_runs: Results) -> None:
    here, there = priced(five_runs, "FRA").front(), priced(five_runs, "POL").front()
    fronts = Fronts(here, there, there, here)
    grid = five_runs.problem.pricer.grid
    for each in differences(fronts, levels(fronts)):
        assert each.physics == pytest.approx(1)
        assert each.factors == pytest.approx(grid["POL"].g_per_kwh / grid["FRA"].g_per_kwh)
        assert each.factor_share == pytest.approx(1)


def test_other_runs_at_the_same_prices_differ_by_physics_alone(five_runs: Results) -> None:
    one, two = only(five_runs, 0).front(), only(five_runs, 1).front()
    fronts = Fronts(one, one, two, two)
    (found,) = differences(fronts, [0.55])
    # 0.55 is reached by run 0 in round 2, and by run 1 in round 2
    assert (found.first, found.second) == (one.points[1].run.co2e_kg, two.points[1].run.co2e_kg)
    assert found.factors == pytest.approx(1)
    assert found.physics == pytest.approx(found.second / found.first)
    assert found.factor_share == pytest.approx(0)


def test_factors_times_physics_is_the_ratio(five_runs: Results) -> None:
    one, two = priced(only(five_runs, 0), "FRA"), priced(only(five_runs, 1), "POL")
    fronts = Fronts(one.front(), priced(one, "POL").front(), two.front(), priced(two, "FRA").front())
    found = differences(fronts, levels(fronts))
    assert [each.level for each in found] == pytest.approx([0.5, 0.55, 0.6, 0.65, 0.7])
    for each in found:
        assert each.factors * each.physics == pytest.approx(each.ratio)


def test_no_common_level_is_no_difference(five_runs: Results) -> None:
    empty, full = replace(five_runs, plans=(), traces=()).front(), five_runs.front()
    assert levels(Fronts(full, full, empty, empty)) == []
    one, four = only(five_runs, 1).front(), only(five_runs, 3).front()
    assert levels(Fronts(one, one, four, four)) == []
    assert differences(Fronts(one, one, four, four), [0.9]) == []


def test_no_difference_has_no_share(five_runs: Results) -> None:
    front = five_runs.front()
    assert {each.factor_share for each in differences(Fronts(front, front, front, front), [0.5])} == {None}
