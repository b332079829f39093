"""Factors: one number of a price by its name, given another value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.pricing import Pricing
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.reading.factor import Override, factor, factor_names
from flopt.results import problem_of
from flopt.search.problem import Problem
from flopt.study import study_of

PROBLEM = problem_of(study_of({"oracle": "analytic"}))
GERMANY = replace(PROBLEM, fleet=load_fleet("phones_germany"))
ALIKE = replace(
    PROBLEM, fleet=replace(PROBLEM.fleet, groups=(replace(PROBLEM.fleet.groups[0], share=1.0),), name="alike")
)
PLAN = Plan(rounds=5)


def kg(problem: Problem) -> float:
    return problem.run(PLAN).co2e_kg


def part(problem: Problem, name: str) -> float:
    return float(getattr(problem.run(PLAN).co2e_kg_by_part, name))


def test_an_override_has_one_value_and_asks_for_the_rest() -> None:
    coefficient = Coefficient.of(3.0, "W", "here")
    override = Override({"a": 7.0}, lambda name, c: np.array([c.value, len(name)]))
    assert override("a", coefficient).tolist() == 7.0
    assert override("bb", coefficient).tolist() == [3.0, 2.0]


@pytest.mark.parametrize(
    ("name", "today", "unit"),
    [
        ("network.router_w", 7.5, "W"),
        ("server.pue", 1.1, "1"),
        ("server.watts", 45.0, "W"),
        ("device.phone.train_w", 3.0, "W"),
        ("network.fixed_kwh_per_gb", 0.05, "kWh/GB"),
        ("hop.core_router.nj_per_bit", 12.6, "nJ/bit"),
        ("grid.relative", 1.0, "1"),
        ("grid.FRA", 44.179, "g/kWh"),
    ],
)
def test_today_s_value_and_that_it_changes_nothing(name: str, today: float, unit: str) -> None:
    found = factor(PROBLEM, name)
    assert (found.name, found.unit, found.today) == (name, unit, today)
    assert kg(found.at(today)) == pytest.approx(kg(PROBLEM), rel=1e-12, abs=0)


def test_what_a_factor_multiplies_grows_with_it() -> None:
    for name, grown in (("device.phone.train_w", "training"), ("server.watts", "server"), ("server.pue", "server")):
        found = factor(ALIKE, name)
        assert found.today is not None
        assert part(found.at(3 * found.today), grown) == pytest.approx(3 * part(ALIKE, grown), rel=1e-12, abs=0)
    assert part(factor(PROBLEM, "network.router_w").at(15.0), "network") == pytest.approx(
        2 * part(PROBLEM, "network"), rel=1e-12, abs=0
    )
    bytes_ = replace(PROBLEM, pricing=Pricing(network="per_gb", kwh_per_gb=0.1))
    per_gb = factor(bytes_, "network.kwh_per_gb")
    assert per_gb.today == 0.1
    assert part(per_gb.at(0.4), "network") == pytest.approx(4 * part(bytes_, "network"), rel=1e-12, abs=0)


def test_a_country_s_intensity_is_in_g_per_kwh() -> None:
    run = GERMANY.run(PLAN)
    assert kg(factor(GERMANY, "grid.DEU").at(100.0)) == pytest.approx(run.energy_kwh * 0.1, rel=1e-12, abs=0)
    assert kg(factor(GERMANY, "grid.all").at(250.0)) == pytest.approx(run.energy_kwh * 0.25, rel=1e-12, abs=0)
    assert kg(factor(PROBLEM, "grid.all").at(100.0)) == pytest.approx(
        PROBLEM.run(PLAN).energy_kwh * 0.1, rel=1e-12, abs=0
    )
    assert kg(factor(PROBLEM, "grid.relative").at(2.0)) == pytest.approx(2 * kg(PROBLEM), rel=1e-12, abs=0)


def test_a_value_that_several_countries_or_links_share_differently_has_no_today() -> None:
    assert factor(PROBLEM, "grid.all").today is None
    assert factor(GERMANY, "grid.all").today == 344.14
    world = replace(PROBLEM, fleet=load_fleet("phones_world"))
    assert factor(world, "network.kwh_per_gb").today is None
    assert factor(PROBLEM, "network.kwh_per_gb").today == 0.05


def test_a_factor_that_the_network_model_does_not_read_has_no_effect() -> None:
    assert not factor(PROBLEM, "network.kwh_per_gb").has_effect(0.001, 0.1)
    assert not factor(PROBLEM, "hop.core_router.nj_per_bit").has_effect(1, 100)
    assert factor(PROBLEM, "network.router_w").has_effect(5, 10)
    hops = replace(PROBLEM, pricing=Pricing(network="per_hop"))
    assert factor(hops, "hop.core_router.nj_per_bit").has_effect(1, 100)
    assert not factor(hops, "network.router_w").has_effect(5, 10)


def test_a_speed_decides_who_takes_part_only_where_rounds_do_not_wait_for_all() -> None:
    hurried = replace(PROBLEM, fleet=replace(PROBLEM.fleet, over_selection=0.3))
    for name, decides in (
        ("device.phone.flop_per_s", True),
        ("link.home_wifi.up_bps", True),
        ("device.phone.train_w", False),
        ("server.watts", False),
    ):
        assert factor(hurried, name).decides_who_takes_part == decides
        assert not factor(PROBLEM, name).decides_who_takes_part


def test_every_name_is_a_factor() -> None:
    names = factor_names(PROBLEM)
    assert {"grid.DEU", "grid.all", "network.kwh_per_gb", "server.pue", "device.phone.embodied_kg"} <= set(names)
    for name in names:
        assert factor(PROBLEM, name).name == name


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("device.phon.train_w", "'device.phone.train_w'"),
        ("network.kwh_per_gbit", "'network.kwh_per_gb'"),
        ("grid.FRX", "'grid.FRA'"),
        ("grid.USA", "did you mean"),
        ("server.wats", "'server.watts'"),
        ("", "allowed: access.fixed.down_nj_per_bit"),
    ],
)
def test_an_unknown_factor_names_the_nearest(name: str, near: str) -> None:
    with pytest.raises(FloptError) as caught:
        factor(PROBLEM, name)
    assert str(caught.value).startswith(f"no factor {name!r}; ")
    assert near in str(caught.value)


def test_a_value_that_the_pricing_refuses_is_refused() -> None:
    with pytest.raises(FloptError, match=r"pue = 0\.5: must be a number, at least 1"):
        factor(PROBLEM, "server.pue").at(0.5)
