"""The shipped fleets: they load, know their countries, and say what nobody verified."""

from __future__ import annotations

import math

import pytest

from flopt.emissions.fleet_file import load_fleet, shipped_fleets
from flopt.emissions.grid import annual_grid


@pytest.mark.parametrize("name", shipped_fleets())
def test_shipped_fleets_load_and_know_their_countries(name: str) -> None:
    fleet = load_fleet(name)
    assert fleet.name == name
    assert math.isclose(sum(group.share for group in fleet.groups), 1, abs_tol=1e-12)
    for country in [fleet.server.country, *(group.country for group in fleet.groups)]:
        assert annual_grid()[country].g_per_kwh > 0
    assert len({group.name for group in fleet.groups}) == len(fleet.groups)


def test_shipped_fleets_are_all_there() -> None:
    expected = "phones_germany phones_europe phones_world jetson_lab hospital_silos data_centre qiu_unverified"
    assert set(shipped_fleets()) == set(expected.split())


@pytest.mark.parametrize("name", shipped_fleets())
def test_what_is_unverified_says_so_in_its_name(name: str) -> None:
    fleet = load_fleet(name)
    used = [each for group in fleet.groups for each in (group.device.name, group.link.name)]
    assert name.endswith("_unverified") or not [each for each in used if each.endswith("_unverified")]
    assert name.endswith("_unverified") or not fleet.grid


def test_only_the_phones_of_the_world_drop_out_and_sleep() -> None:
    world = load_fleet("phones_world")
    assert (world.over_selection, world.deadline_s) == (0.3, 600)
    for group in world.groups:
        assert group.drop_out == 0.08
        assert max(group.availability) == 4 * min(group.availability)
    for name in set(shipped_fleets()) - {"phones_world"}:
        fleet = load_fleet(name)
        assert (fleet.over_selection, fleet.deadline_s) == (0, None)
        assert {group.drop_out for group in fleet.groups} == {0}
        assert {share for group in fleet.groups for share in group.availability} == {1}


def test_a_fleet_of_unverified_values_sets_its_own_intensities() -> None:
    fleet = load_fleet("qiu_unverified")
    grid = fleet.on(annual_grid())
    assert [grid[country].g_per_kwh for country in ("FRA", "USA", "CHN")] == [79, 574.1, 974.6]
    assert "unverified" in grid["FRA"].source
    assert fleet.server.pue is not None
    assert fleet.server.pue.value == 1.67
