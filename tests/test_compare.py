"""Federated against centralised: both sides by hand, their ratio, and where they break even."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flopt.emissions.device_file import shipped_devices
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.pricing import Pricing
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.reading.compare import COUNTRIES, Centre, Comparison, compare, federated_samples
from flopt.reading.factor import Override
from flopt.results import problem_of
from flopt.search.problem import Problem
from flopt.study import study_of

EUROPE = problem_of(study_of({"oracle": "analytic"}))
PROBLEM = replace(EUROPE, pricing=Pricing(country="FRA"))
PLAN = Plan(rounds=20)
V100 = shipped_devices()["gpu_v100"]
SAMPLES = 1e9
CENTRE = Centre(V100, SAMPLES, "POL", 1.5)
DATA = replace(CENTRE, features=64)


def compared(problem: Problem = PROBLEM, centre: Centre = CENTRE) -> Comparison:
    return compare(problem, problem.run(PLAN), centre, draws=200)


def test_the_same_flop_are_the_samples_of_all_updates_that_are_used() -> None:
    task = PROBLEM.task
    assert federated_samples(PROBLEM, PROBLEM.run(PLAN)) == pytest.approx(20 * 5 * 2 * task.mean_samples, rel=1e-12)
    many = replace(PROBLEM, population=14_000.0)
    assert federated_samples(many, many.run(PLAN)) == pytest.approx(20 * 5000 * 2 * task.mean_samples, rel=1e-12)


def test_both_sides_by_hand() -> None:
    found, run = compared(), PROBLEM.run(PLAN)
    seconds = SAMPLES * PROBLEM.task.flop_per_sample / V100.throughput.value
    kwh = 1.5 * V100.train_w.value * seconds / 3.6e6
    assert found.centralised_s == pytest.approx(seconds, rel=1e-12)
    assert found.centralised_kwh == pytest.approx(kwh, rel=1e-12)
    assert found.centralised_kg.central == pytest.approx(kwh * 0.61498, rel=1e-3)  # Poland: about 615 g/kWh
    assert found.federated_kg.central == run.co2e_kg
    assert found.ratio.central == pytest.approx(run.co2e_kg / found.centralised_kg.central, rel=1e-12)
    assert found.upload_kg.central == 0


def test_ranges_hold_their_central_values_and_the_ratio_is_of_common_draws() -> None:
    found = compared(centre=DATA)
    for each in (found.federated_kg, found.centralised_kg, found.upload_kg, found.ratio):
        assert each.low < each.central < each.high
    same = compared(centre=replace(DATA, country="FRA"))
    # In one country the grid's factor is common to both sides and falls out: the ratio is surer than in two.
    assert same.ratio.high / same.ratio.low < found.ratio.high / found.ratio.low
    assert compared(centre=DATA) == found


def test_the_raw_data_are_a_part_of_their_own() -> None:
    without, with_data = compared(), compared(centre=DATA)
    added = with_data.centralised_kg.central - without.centralised_kg.central
    assert with_data.upload_kg.central == pytest.approx(added, rel=1e-9)
    twice = compared(centre=replace(DATA, features=128))
    assert twice.upload_kg.central == pytest.approx(2 * with_data.upload_kg.central, rel=1e-12, abs=0)
    many = replace(PROBLEM, population=14_000.0)
    assert compared(many, DATA).upload_kg.central == pytest.approx(1000 * with_data.upload_kg.central, rel=1e-12)


def on_grid(problem: Problem, country: str, g_per_kwh: float) -> Problem:
    today = problem.pricer.grid[country].g_per_kwh
    return replace(problem, value_of=Override({f"grid.{country}": g_per_kwh / today}))


@pytest.mark.parametrize("centre", [CENTRE, DATA])
def test_at_the_break_even_of_the_data_centre_both_emit_the_same(centre: Centre) -> None:
    g = compared(centre=centre).break_even_centre_g_per_kwh
    assert g is not None
    assert compared(on_grid(PROBLEM, "POL", g), centre).ratio.central == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("centre", [CENTRE, DATA])
def test_at_the_break_even_of_the_clients_both_emit_the_same(centre: Centre) -> None:
    apart = replace(PROBLEM, pricing=Pricing(country="FRA", server_country="SWE"))
    large = replace(centre, samples=1e10)
    g = compared(apart, large).break_even_clients_g_per_kwh
    assert g is not None
    assert compared(on_grid(apart, "FRA", g), large).ratio.central == pytest.approx(1, rel=1e-12)


def test_where_no_grid_makes_them_equal_there_is_no_break_even() -> None:
    small = compared(centre=replace(CENTRE, samples=1.0))
    assert small.break_even_clients_g_per_kwh is None  # the server alone emits more
    dear = compared(centre=replace(CENTRE, features=10**9))
    assert dear.break_even_centre_g_per_kwh is None  # sending the data alone emits more


def test_by_country_both_are_moved_and_the_centre_of_the_ratio_stays() -> None:
    found = compared()
    assert {*COUNTRIES, "FRA", "POL"} == {place.country for place in found.places}
    levels = [place.g_per_kwh for place in found.places]
    assert levels == sorted(levels)
    for place in found.places:
        there = replace(PROBLEM, pricing=Pricing(country=place.country))
        assert place.federated_kg == pytest.approx(there.run(PLAN).co2e_kg, rel=1e-12, abs=0)
        assert place.centralised_kg == pytest.approx(found.centralised_kwh * place.g_per_kwh / 1000, rel=1e-12, abs=0)
        assert place.ratio == pytest.approx(place.federated_kg / found.centralised_kg.central, rel=1e-12, abs=0)


def test_a_mixed_fleet_stands_in_the_table_with_all_its_countries() -> None:
    assert {"DEU", "ESP", "FRA", "POL"} <= {place.country for place in compared(EUROPE).places}


def test_embodied_carbon_counts_on_both_sides_or_on_none() -> None:
    whole = replace(PROBLEM, pricing=Pricing(country="FRA", embodied=True))
    assert compared(whole).centralised_kg.central > compared().centralised_kg.central
    with pytest.raises(FloptError, match="device jetson_tx2: it has no embodied_kg"):
        compared(whole, replace(CENTRE, device=shipped_devices()["jetson_tx2"]))


def test_hours_price_the_federated_side_and_annual_means_the_other() -> None:
    hourly = replace(PROBLEM, pricing=Pricing(country="FRA", start="2019-06-01T13:00"))
    assert compared(hourly).centralised_kg.central == compared().centralised_kg.central
    assert compared(hourly).federated_kg.central != compared().federated_kg.central


def test_marginal_and_average_grids_are_not_compared() -> None:
    with pytest.raises(FloptError, match="marginal and average"):
        compared(centre=replace(CENTRE, country="USA-CA"))


def test_every_fleet_can_be_compared() -> None:
    for name in ("phones_world", "hospital_silos", "jetson_lab"):
        problem = replace(EUROPE, fleet=load_fleet(name), population=10_000.0)
        found = compare(problem, problem.run(replace(PLAN, client_fraction=0.1)), CENTRE, draws=20)
        assert found.ratio.central > 0
