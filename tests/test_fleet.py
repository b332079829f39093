"""Devices, links, groups and fleets are valid at birth."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, Link, Server
from flopt.errors import FloptError


def watts(value: float) -> Coefficient:
    return Coefficient.of(value, "W", "test")


def bps(value: float) -> Coefficient:
    return Coefficient.of(value, "bit/s", "test")


def flops(value: float) -> Coefficient:
    return Coefficient.of(value, "FLOP/s", "test")


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
