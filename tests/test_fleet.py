"""Devices, links, groups and fleets are valid at birth."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, Link, Server
from flopt.emissions.grid import Intensity, annual_grid
from flopt.errors import FloptError


def watts(value: float) -> Coefficient:
    return Coefficient.of(value, "W", "test")


def bps(value: float) -> Coefficient:
    return Coefficient.of(value, "bit/s", "test")


def flops(value: float) -> Coefficient:
    return Coefficient.of(value, "FLOP/s", "test")


def unit(value: float, name: str) -> Coefficient:
    return Coefficient.of(value, name, "test")


BOARD = Device("board", watts(9), watts(2), watts(3), watts(4), flops(1e9))
LINE = Link("line", bps(8e6), bps(4e6))
GROUP = Group("boards", BOARD, LINE, "FRA", 0.25)
FLEET = Fleet("lab", (GROUP, replace(GROUP, country="POL", share=0.75)), Server(watts(45), "DEU"))


@pytest.mark.parametrize("name", ["train_w", "receive_w", "transmit_w"])
def test_a_device_draws_least_while_it_waits(name: str) -> None:
    change: dict[str, Any] = {name: watts(1.5)}
    with pytest.raises(FloptError, match=re.escape(f"device board: {name} = 1.5 W is below wait_w = 2 W")):
        replace(BOARD, **change)
    equal: dict[str, Any] = {name: watts(2)}
    assert getattr(replace(BOARD, **equal), name).value == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flop_per_s": flops(0)}, "device board: flop_per_s = 0 FLOP/s: must be above 0"),
        (
            {"flop_per_s": Coefficient.of({"value": 1e9, "low": 0}, "FLOP/s", "x")},
            "device board: flop_per_s = 0 FLOP/s: must be above 0",
        ),
        ({"scope": "case"}, "device board: scope 'case'; allowed: chip, board, wall"),
        ({"scope": ["wall"]}, "device board: scope ['wall']; allowed: chip, board, wall"),
        ({"flop_per_s": None}, "device board: give flop_per_s or samples_per_s, and only one of them"),
        ({"samples_per_s": unit(9, "samples/s")}, "device board: give flop_per_s or samples_per_s, and only one of"),
        (
            {"flop_per_s": None, "samples_per_s": unit(0, "samples/s")},
            "device board: samples_per_s = 0 samples/s: must be above 0",
        ),
        ({"embodied_kg": unit(84, "kg")}, "device board: give embodied_kg and lifetime_years, or neither"),
        ({"lifetime_years": unit(3, "year")}, "device board: give embodied_kg and lifetime_years, or neither"),
        (
            {"embodied_kg": unit(84, "kg"), "lifetime_years": unit(0, "year")},
            "device board: lifetime_years = 0 year: must be above 0",
        ),
    ],
)
def test_impossible_devices_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        replace(BOARD, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"down_bps": bps(0)}, "link line: down_bps = 0 bit/s: must be above 0"),
        ({"up_bps": bps(0)}, "link line: up_bps = 0 bit/s: must be above 0"),
        ({"kind": "fibre"}, "link line: kind 'fibre'; allowed: fixed, mobile"),
        ({"kind": ["fixed"]}, "link line: kind ['fixed']; allowed: fixed, mobile"),
        (
            {"access_nj_per_bit_up": unit(5, "nJ/bit")},
            "link line: give access_nj_per_bit_down and access_nj_per_bit_up, or neither",
        ),
    ],
)
def test_impossible_links_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        replace(LINE, **change)


@pytest.mark.parametrize("share", [0, -0.1, 1.001, float("nan"), float("inf")])
def test_a_share_is_above_0_and_at_most_1(share: float) -> None:
    with pytest.raises(FloptError, match=re.escape(f"group boards: share = {share}: must be above 0 and at most 1")):
        replace(GROUP, share=share)


@pytest.mark.parametrize(("shares", "total"), [((0.5, 0.4), "0.9"), ((0.6, 0.6), "1.2"), ((0.3,), "0.3")])
def test_the_shares_of_a_fleet_sum_to_1(shares: tuple[float, ...], total: str) -> None:
    groups = tuple(replace(GROUP, share=share) for share in shares)
    with pytest.raises(FloptError, match=re.escape(f"fleet lab: the shares sum to {total}; they must sum to 1")):
        replace(FLEET, groups=groups)


def test_shares_in_decimals_sum_to_1_closely_enough() -> None:
    groups = tuple(replace(GROUP, share=share) for share in (0.1, 0.2, 0.3, 0.1, 0.3))
    assert len(replace(FLEET, groups=groups).groups) == 5
    assert replace(FLEET, groups=tuple([replace(GROUP, share=0.333333333)] * 3)).groups


def test_a_fleet_has_a_group() -> None:
    with pytest.raises(FloptError, match="fleet lab: it has no group"):
        replace(FLEET, groups=())


@pytest.mark.parametrize(
    ("country", "server_country", "clients", "server"),
    [
        (None, None, ["FRA", "POL"], "DEU"),
        ("SWE", None, ["SWE", "SWE"], "SWE"),
        (None, "SWE", ["FRA", "POL"], "SWE"),
        ("SWE", "USA", ["SWE", "SWE"], "USA"),
    ],
)
def test_moving_a_fleet(country: str | None, server_country: str | None, clients: list[str], server: str) -> None:
    moved = FLEET.moved(country, server_country)
    assert [group.country for group in moved.groups] == clients
    assert moved.server.country == server
    assert [replace(group, country="") for group in moved.groups] == [replace(g, country="") for g in FLEET.groups]


def test_a_device_is_measured_in_flop_or_in_samples() -> None:
    assert BOARD.throughput is BOARD.flop_per_s
    measured = replace(BOARD, flop_per_s=None, samples_per_s=unit(9, "samples/s"))
    assert measured.throughput.unit == "samples/s"


def test_a_group_is_always_there_and_reports_unless_it_says_so() -> None:
    assert (GROUP.utc_offset_h, GROUP.availability, GROUP.drop_out) == (0, (1.0,) * 24, 0)
    assert (FLEET.over_selection, FLEET.deadline_s) == (0, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"utc_offset_h": -12.5}, "group boards: utc_offset_h = -12.5: must be from -12 to 14"),
        ({"utc_offset_h": float("nan")}, "group boards: utc_offset_h = nan: must be from -12 to 14"),
        (
            {"availability": (0.5,) * 23},
            "group boards: availability has 23 values; it must have 24, one for each local",
        ),
        ({"availability": (0.5,) * 23 + (0,)}, "group boards: availability[23] = 0: must be above 0 and at most 1"),
        ({"availability": (1.5,) + (0.5,) * 23}, "group boards: availability[0] = 1.5: must be above 0 and at most 1"),
        ({"drop_out": 1}, "group boards: drop_out = 1: must be at least 0 and below 1"),
        ({"drop_out": -0.1}, "group boards: drop_out = -0.1: must be at least 0 and below 1"),
        ({"drop_out": float("nan")}, "group boards: drop_out = nan: must be at least 0 and below 1"),
    ],
)
def test_impossible_habits_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        replace(GROUP, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"over_selection": -0.1}, "fleet lab: over_selection = -0.1: must be a number, and not negative"),
        ({"over_selection": float("inf")}, "fleet lab: over_selection = inf: must be a number, and not negative"),
        ({"deadline_s": 0}, "fleet lab: deadline_s = 0: must be a number above 0"),
        ({"deadline_s": float("nan")}, "fleet lab: deadline_s = nan: must be a number above 0"),
    ],
)
def test_impossible_rounds_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        replace(FLEET, **change)


def test_a_data_centre_gives_back_no_energy() -> None:
    with pytest.raises(FloptError, match=r"server: pue = 0\.9: must be at least 1"):
        Server(watts(45), "DEU", pue=unit(0.9, "1"))


def test_a_fleet_can_bring_intensities_of_its_own() -> None:
    own = Intensity("FRA", "France", 79, 2021, "a paper")
    grid = replace(FLEET, grid={"FRA": own}).on(annual_grid())
    assert grid["FRA"] is own
    assert grid["POL"] == annual_grid()["POL"]
    assert FLEET.on(annual_grid()) is annual_grid()
