"""What the page prices with: the fleets, the grid and the network as plain values, complete and exact."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flopt.emissions.fleet_file import load_fleet, shipped_fleets
from flopt.emissions.grid import annual_grid
from flopt.emissions.pricing import Pricing, rates
from flopt.emissions.work import Work
from flopt.report.physics import fleet_facts, fleets_of, grid_facts, network_values, physics, work_facts


def test_all_shipped_fleets_are_offered_and_the_study_s_own_stands_first() -> None:
    own = replace(load_fleet("jetson_lab"), over_selection=0.5)
    found = fleets_of(own)
    assert found[0] is own
    assert sorted(fleet.name for fleet in found) == shipped_fleets()


@pytest.mark.parametrize("name", shipped_fleets())
def test_a_fleet_is_written_as_the_numbers_that_python_prices_with(name: str) -> None:
    fleet = load_fleet(name)
    facts, table = fleet_facts(fleet), rates(fleet, Pricing())
    for number, group in enumerate(facts["groups"]):
        for field in ("train_w", "wait_w", "receive_w", "transmit_w", "s_per_flop", "s_per_sample", "down_bps"):
            assert group[field] == getattr(table, field)[number, 0, 0]
    assert facts["server"]["watts"] == table.server_w
    assert [row[0] for row in facts["grid"]] == list(fleet.grid)


def test_what_nobody_knows_is_null_and_not_zero() -> None:
    unknown = [g for name in shipped_fleets() for g in fleet_facts(load_fleet(name))["groups"]]
    assert {group["embodied_kg_per_s"] is None for group in unknown} == {True, False}
    assert fleet_facts(load_fleet("phones_germany"))["groups"][0]["embodied_kg_per_s"] > 0


def test_hours_that_differ_are_a_list_and_others_one_number() -> None:
    world, lab = fleet_facts(load_fleet("phones_world")), fleet_facts(load_fleet("jetson_lab"))
    assert len(world["groups"][0]["availability"]) == 24
    assert lab["groups"][0]["availability"] == 1.0


def test_the_grid_has_every_country_and_whole_hours_packed_in_two_bytes() -> None:
    facts, shipped = grid_facts(Pricing()), annual_grid()
    assert [row[0] for row in facts["countries"]] == list(shipped.by_country)
    france = facts["hours"]["FRA"]
    values = np.frombuffer(base64.b64decode(france["values"]), dtype="<u2")
    assert france["whole"]
    np.testing.assert_array_equal(values, shipped.shapes()["FRA"].g_per_kwh)


def test_broken_hours_of_a_file_keep_all_their_digits(tmp_path: Path) -> None:
    file = tmp_path / "grid.csv"
    file.write_text("country,time,g_per_kwh\nFRA,2020-01-01T00:00,50.25\nFRA,2020-01-01T01:00,60.5\n")
    facts = grid_facts(Pricing(grid=str(file)))
    values = np.frombuffer(base64.b64decode(facts["hours"]["FRA"]["values"]), dtype="<f8")
    assert values.tolist() == [50.25, 60.5]
    assert [row[:3] for row in facts["own"]] == [["FRA", "France", 55.375]]


def test_the_path_beyond_the_access_network_is_the_sum_over_its_hops() -> None:
    values = network_values()
    assert values["path.fixed.nj_per_bit"] == pytest.approx(2 * 31.7 + 27.1 + 2 * 37.0 + 5 * 12.6, rel=1e-15)
    assert values["server.embodied_kg_per_s"] == pytest.approx(3660 / (4 * 365.25 * 86400), rel=1e-15)


def test_a_work_keeps_its_numbers() -> None:
    two = np.array([1.0, 2.0])
    works = Work(two, two * 10, two * 3, two * 100, two * 50, 1e6, 14.0)
    assert work_facts(works)["upload_bytes"] == [50.0, 100.0]
    whole = physics(load_fleet("jetson_lab"), Pricing(pue=1.3), works)
    assert whole["pricing"]["pue"] == 1.3
    assert whole["works"]["population"] == 14.0
