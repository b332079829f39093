"""Pricing: what a study chooses goes before the fleet's and the shipped values; nothing wrong gets in."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, Link, LinkKind, Server
from flopt.emissions.grid import annual_grid
from flopt.emissions.pricing import Pricing, availability, rates
from flopt.errors import FloptError


def of(value: float) -> Coefficient:
    """A coefficient whose range must not be mixed up with its value."""
    return Coefficient(value, value / 2, value * 2, "1", "test", 2026, "user")


def group(country: str, share: float, kind: LinkKind, watts: float) -> Group:
    device = Device("board", of(watts + 3), of(watts), of(watts + 1), of(watts + 2), of(watts * 1e9))
    return Group(country, device, Link("line", of(8e6 * watts), of(4e6 * watts), kind), country, share)


FLEET = Fleet("test", (group("FRA", 0.25, "fixed", 1), group("POL", 0.75, "mobile", 10)), Server(of(45), "DEU"))


def each(values: NDArray[np.float64]) -> list[float]:
    """The value of every group."""
    assert values.shape == (2, 1, 1)
    return [float(value) for value in values.ravel()]


def g_per_kwh(*countries: str) -> list[float]:
    return [annual_grid()[country].g_per_kwh for country in countries]


def test_a_fleet_becomes_arrays_of_central_values() -> None:
    priced = rates(FLEET, Pricing())
    assert each(priced.share) == [0.25, 0.75]
    assert each(priced.train_w) == [4, 13]
    assert each(priced.wait_w) == [1, 10]
    assert each(priced.receive_w) == [2, 11]
    assert each(priced.transmit_w) == [3, 12]
    assert each(priced.s_per_flop) == [1e-9, 1e-10]
    assert each(priced.s_per_sample) == [0, 0]
    assert each(priced.down_bps) == [8e6, 8e7]
    assert each(priced.up_bps) == [4e6, 4e7]
    assert each(priced.g_per_kwh) == g_per_kwh("FRA", "POL")
    assert priced.server_g_per_kwh == g_per_kwh("DEU")[0]
    assert (float(priced.server_w), float(priced.pue)) == (45, 1.1)


@pytest.mark.parametrize(
    ("pricing", "router_w", "kwh_per_gb"),
    [
        (Pricing(), [7.5, 7.5], [0, 0]),
        (Pricing(router_w=12.0), [12, 12], [0, 0]),
        (Pricing(router_w=0.0), [0, 0], [0, 0]),
        (Pricing(network="per_gb"), [0, 0], [0.05, 0.12]),
        (Pricing(network="per_gb", kwh_per_gb=0.01), [0, 0], [0.01, 0.01]),
        (Pricing(network="per_gb", kwh_per_gb=0.0), [0, 0], [0, 0]),
        (Pricing(network="per_gb", router_w=12.0), [0, 0], [0.05, 0.12]),
        (Pricing(kwh_per_gb=0.01), [7.5, 7.5], [0, 0]),
    ],
)
def test_one_network_model_counts_and_the_other_is_zero(
    pricing: Pricing, router_w: list[float], kwh_per_gb: list[float]
) -> None:
    priced = rates(FLEET, pricing)
    assert each(priced.router_w) == router_w
    assert each(priced.down_kwh_per_gb) == kwh_per_gb
    assert each(priced.up_kwh_per_gb) == kwh_per_gb


@pytest.mark.parametrize(
    ("pricing", "clients", "server"),
    [
        (Pricing(), ["FRA", "POL"], "DEU"),
        (Pricing(country="SWE"), ["SWE", "SWE"], "SWE"),
        (Pricing(server_country="SWE"), ["FRA", "POL"], "SWE"),
        (Pricing(country="SWE", server_country="USA"), ["SWE", "SWE"], "USA"),
    ],
)
def test_countries_move_clients_and_server(pricing: Pricing, clients: list[str], server: str) -> None:
    priced = rates(FLEET, pricing)
    assert each(priced.g_per_kwh) == g_per_kwh(*clients)
    assert [priced.server_g_per_kwh] == g_per_kwh(server)


def test_the_pue_of_a_study_goes_before_the_shipped_one() -> None:
    assert rates(FLEET, Pricing(pue=1.0)).pue == 1
    assert rates(FLEET, Pricing(pue=1.67)).pue == 1.67


def test_an_unknown_country_of_a_fleet_is_an_error() -> None:
    with pytest.raises(FloptError, match="no country 'FRX'; did you mean"):
        rates(Fleet("test", (group("FRX", 1, "fixed", 1),), Server(of(45), "DEU")), Pricing())
    with pytest.raises(FloptError, match=r"no country 'Germany'; did you mean 'DEU'\?"):
        rates(Fleet("test", (group("FRA", 1, "fixed", 1),), Server(of(45), "Germany")), Pricing())


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"network": "routr"}, "no pricing.network 'routr'; did you mean 'router'?"),
        ({"network": ["router"]}, "no pricing.network "),
        ({"network": None}, "no pricing.network 'None'; allowed: per_gb, per_hop, router"),
        ({"final_push": "some"}, "no pricing.final_push 'some'; "),
        ({"grid": [100]}, "pricing: grid = [100]: must be a number of g per kWh, or a CSV file"),
        ({"flat": 1}, "pricing: flat = 1: must be true or false"),
        ({"flat": True}, "pricing: flat = true: it says what to do about hours, so it needs a start"),
        ({"embodied": "yes"}, "pricing: embodied = 'yes': must be true or false"),
        ({"evaluation_fraction": 1.1}, "pricing: evaluation_fraction = 1.1: must be between 0 and 1"),
        ({"evaluation_fraction": "all"}, "pricing: evaluation_fraction = 'all': must be between 0 and 1"),
        ({"start": "noon"}, "pricing: start: no time 'noon'; write it as 2019-06-01T13:00 (UTC)"),
        ({"pue": 0.99}, "pricing: pue = 0.99: must be a number, at least 1 and below 10"),
        ({"pue": 10}, "pricing: pue = 10: must be a number, at least 1 and below 10"),
        ({"pue": math.nan}, "pricing: pue = nan: must be a number, at least 1 and below 10"),
        ({"pue": "1.1"}, "pricing: pue = '1.1': must be a number, at least 1 and below 10"),
        ({"pue": True}, "pricing: pue = True: must be a number, at least 1 and below 10"),
        ({"router_w": -1}, "pricing: router_w = -1: must be a number, and not negative"),
        ({"router_w": "7.5"}, "pricing: router_w = '7.5': must be a number, and not negative"),
        ({"kwh_per_gb": math.inf}, "pricing: kwh_per_gb = inf: must be a number, and not negative"),
        ({"kwh_per_gb": [0.1]}, "pricing: kwh_per_gb = [0.1]: must be a number, and not negative"),
        ({"country": "Franc"}, "pricing: country: no country 'Franc'; "),
        ({"country": "France"}, "pricing: country: no country 'France'; did you mean 'FRA'?"),
        ({"country": ""}, "pricing: country: no country ''; allowed: ABW, "),
        ({"country": ["FRA"]}, "pricing: country: no country "),
        ({"server_country": 33}, "pricing: server_country: no country '33'; allowed: ABW, "),
    ],
)
def test_a_bad_choice_says_place_value_and_what_is_allowed(choice: dict[str, Any], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        Pricing(**choice)


def test_one_number_prices_all_countries_and_a_file_only_its_own(tmp_path: Path) -> None:
    priced = rates(FLEET, Pricing(grid=123.0))
    assert (each(priced.g_per_kwh), float(priced.server_g_per_kwh)) == ([123, 123], 123)
    file = tmp_path / "mine.csv"
    file.write_text("country,g_per_kwh\nPOL,500\n", encoding="utf-8")
    priced = rates(FLEET, Pricing(grid=str(file)))
    assert each(priced.g_per_kwh) == [g_per_kwh("FRA")[0], 500]


def test_a_fleet_s_own_intensities_go_before_the_shipped_ones() -> None:
    own = replace(FLEET, grid={"FRA": replace(annual_grid()["FRA"], g_per_kwh=79.0)})
    assert each(rates(own, Pricing()).g_per_kwh) == [79, g_per_kwh("POL")[0]]


def test_marginal_and_average_intensities_are_not_added_up(tmp_path: Path) -> None:
    file = tmp_path / "marginal.csv"
    file.write_text("country,g_per_kwh,kind\nPOL,500,marginal\n", encoding="utf-8")
    with pytest.raises(FloptError, match=r"cannot be added up in one price \(average: DEU, FRA; marginal: POL\)"):
        rates(FLEET, Pricing(grid=str(file)))
    assert rates(FLEET, Pricing(grid=str(file), country="POL")).server_g_per_kwh == 500


def test_a_server_may_have_a_selector_and_a_pue_of_its_own() -> None:
    server = Server(of(45), "DEU", selector_w=of(30), pue=Coefficient.of(1.5, "1", "test"))
    priced = rates(replace(FLEET, server=server), Pricing())
    assert (float(priced.server_w), float(priced.pue)) == (75, 1.5)
    assert rates(replace(FLEET, server=server), Pricing(pue=1.2)).pue == 1.2


def test_embodied_carbon_is_kilograms_for_each_second_of_a_life_where_it_is_asked_for() -> None:
    first, second = FLEET.groups
    device = replace(first.device, embodied_kg=of(36.525), lifetime_years=of(2))
    made = replace(FLEET, groups=(replace(first, device=device), replace(second, device=device)))
    assert each(rates(made, Pricing()).embodied_kg_per_s) == [0, 0]
    # 36.525 kg over 2 x 365.25 days of 86 400 s.
    assert each(rates(made, Pricing(embodied=True)).embodied_kg_per_s) == pytest.approx([0.05 / 86_400] * 2, rel=1e-12)
    assert rates(made, Pricing(embodied=True)).server_embodied_kg_per_s == pytest.approx(3660 / (4 * 365.25 * 86_400))
    with pytest.raises(
        FloptError, match=r"^device board: it has no embodied_kg and lifetime_years, which embodied needs$"
    ):
        rates(FLEET, Pricing(embodied=True))


def test_shares_and_availability_are_those_of_the_hour_or_of_the_day_on_average() -> None:
    first, second = FLEET.groups  # a quarter and three quarters
    night = (1.0,) * 8 + (0.25,) * 16
    sleepy = replace(FLEET, groups=(replace(first, availability=night), replace(second, utc_offset_h=5.5)))
    for hour, there in ((0, 1.0), (7, 1.0), (8, 0.25), (23, 0.25), (None, 0.5)):
        priced = rates(sleepy, Pricing(), hour=hour)
        assert priced.available == pytest.approx(0.25 * there + 0.75, rel=1e-12)
        assert each(priced.share) == pytest.approx(
            [0.25 * there / priced.available, 0.75 / priced.available], rel=1e-12
        )
    assert availability(replace(first, availability=night, utc_offset_h=-0.5), 8) == 1  # half past seven


JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.lists(st.integers()))


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(Pricing.__dataclass_fields__, JUNK)))
def test_whatever_is_chosen_is_priced_or_refused_in_one_line(choices: dict[str, Any]) -> None:
    message = ""
    try:
        priced = rates(FLEET, Pricing(**choices))
        assert 1 <= priced.pue < 10
        assert priced.router_w.min() >= 0
        assert math.isfinite((priced.down_kwh_per_gb + priced.up_kwh_per_gb).sum())
    except FloptError as error:
        message = str(error)
    assert "\n" not in message
