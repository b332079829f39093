"""The centralised counterpart by hand: PUE x P x t x intensity, and the way of the raw data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions.centralised import centralised_training, raw_upload
from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, Link, Server
from flopt.emissions.pricing import Pricing, rates
from flopt.emissions.uncertainty import Draws
from flopt.errors import FloptError


def of(value: float, unit: str = "W") -> Coefficient:
    return Coefficient.of(value, unit, "by hand")


CARD = Device("card", of(300), of(10), of(10), of(10), of(1e12, "FLOP/s"))
LINK = Link("line", of(80e6, "bit/s"), of(40e6, "bit/s"))
PHONE = Device("handset", of(3), of(0.3), of(0.5), of(1.5), of(1e9, "FLOP/s"))
SERVER = Server(of(45), "DEU")


def fleet(*countries: str) -> Fleet:
    share = 1 / len(countries)
    return Fleet("by hand", tuple(Group(c, PHONE, LINK, c, share) for c in countries), SERVER)


ONE = np.asarray(1.0)


def test_kilograms_by_hand() -> None:
    # 1e6 samples x 1e7 FLOP = 1e13 FLOP, 10 s; 1.5 x 300 W x 10 s = 4500 J = 1.25 Wh; at 400 g/kWh 0.5 g.
    found = centralised_training(1e6, 1e7, CARD, np.asarray(1.5), np.asarray(400.0))
    assert float(found.duration_s) == pytest.approx(10, rel=1e-12)
    assert float(found.energy_kwh) == pytest.approx(1.25e-3, rel=1e-12)
    assert float(found.co2e_kg) == pytest.approx(0.5e-3, rel=1e-12)
    assert float(found.embodied_kg) == 0


def test_a_machine_that_was_measured_in_samples_needs_no_flop() -> None:
    card = replace(CARD, flop_per_s=None, samples_per_s=of(1000, "samples/s"))
    found = centralised_training(5000, 1e99, card, ONE, ONE)
    assert float(found.duration_s) == pytest.approx(5, rel=1e-12)


def test_embodied_carbon_is_the_busy_share_of_a_life() -> None:
    # 365.25 days are a year: half a year of four is an eighth of 400 kg.
    card = replace(CARD, embodied_kg=of(400, "kg"), lifetime_years=of(4, "year"))
    samples = 0.5 * 365.25 * 86400
    found = centralised_training(samples, 1e12, card, ONE, ONE, embodied=True)
    assert float(found.embodied_kg) == pytest.approx(50, rel=1e-12)
    with pytest.raises(FloptError, match="device card: it has no embodied_kg and lifetime_years"):
        centralised_training(samples, 1e12, CARD, ONE, ONE, embodied=True)


@given(st.floats(1, 1e9), st.floats(1, 3), st.floats(1, 1000), st.floats(1.01, 10))
def test_it_is_linear_in_samples_pue_and_intensity(samples: float, pue: float, g: float, factor: float) -> None:
    def kg(samples: float, pue: float, g: float) -> float:
        return float(centralised_training(samples, 1e6, CARD, np.asarray(pue), np.asarray(g)).co2e_kg)

    one = factor * kg(samples, pue, g)
    more = [kg(factor * samples, pue, g), kg(samples, factor * pue, g), kg(samples, pue, factor * g)]
    assert more == pytest.approx([one] * 3, rel=1e-12, abs=0)


def test_draws_are_those_of_the_same_names_elsewhere() -> None:
    wide = replace(CARD, train_w=Coefficient(300, 200, 400, "W", "by hand", None, "user"))
    draws = Draws(50, seed=1)
    found = centralised_training(1e6, 1e7, wide, ONE, np.asarray(100.0), draws)
    watts = draws("device.card.train_w", wide.train_w)
    assert found.energy_kwh.shape == (50, 1)
    np.testing.assert_allclose(found.energy_kwh, watts * 10 / 3.6e6, rtol=1e-12)


def test_the_way_of_the_raw_data_by_hand() -> None:
    # 5e6 bytes at 40 Mbit/s: 1 s; (1.5 W device + 7.5 W router) x 1 s = 9 J = 2.5e-6 kWh for each of 100 clients.
    there = fleet("FRA")
    table = rates(there, Pricing())
    found = raw_upload(5e6, 100, there, table)
    assert found.energy_kwh.shape == ()
    assert float(found.energy_kwh) == pytest.approx(2.5e-4, rel=1e-12)
    assert float(found.co2e_kg) == pytest.approx(2.5e-4 * 0.044179, rel=1e-12)


def test_by_bytes_the_network_counts_every_gigabyte() -> None:
    # 100 clients x 5e6 bytes = 0.5 GB x 0.2 kWh/GB = 0.1 kWh, and 1.5 J of each device.
    there = fleet("FRA")
    found = raw_upload(5e6, 100, there, rates(there, Pricing(network="per_gb", kwh_per_gb=0.2)))
    assert float(found.energy_kwh) == pytest.approx(0.1 + 100 * 1.5 / 3.6e6, rel=1e-12)


def test_every_group_sends_its_share_on_its_own_grid() -> None:
    both = fleet("FRA", "DEU")
    found = raw_upload(5e6, 100, both, rates(both, Pricing()))
    assert float(found.co2e_kg) == pytest.approx(1.25e-4 * (0.044179 + 0.34414), rel=1e-12)


def test_nothing_to_send_costs_nothing_and_draws_have_their_shape() -> None:
    there = fleet("FRA")
    nothing = raw_upload(0.0, 100, there, rates(there, Pricing()))
    assert (float(nothing.energy_kwh), float(nothing.co2e_kg)) == (0, 0)
    drawn = raw_upload(5e6, 100, there, rates(there, Pricing(), Draws(7)))
    assert drawn.energy_kwh.shape == drawn.co2e_kg.shape == (7, 1)
    assert len(set(drawn.co2e_kg.ravel().tolist())) == 7
