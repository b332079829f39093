"""`flopt list`: every kind, for people and for programs, with the sources of the numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import get_args

import pytest

from flopt.catalogue import ORACLES, load_objective, load_space, shipped
from flopt.cli.commands.pricing import Kind
from flopt.emissions.device_file import shipped_devices, shipped_links
from flopt.emissions.fleet_file import load_fleet, shipped_fleets
from flopt.search.samplers import SAMPLERS
from flopt.search.stopping import STOPPING

Command = Callable[..., tuple[int, str, str]]

COEFFICIENT = {"value", "low", "high", "unit", "source", "year", "status"}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_prints_a_table_and_the_same_as_json(command: Command, kind: str) -> None:
    code, table, err = command("list", kind)
    assert (code, err) == (0, "")
    code, text, err = command("list", kind, "--json")
    assert (code, err) == (0, "")
    entries = json.loads(text)
    assert entries
    assert len(table.splitlines()) == len(entries) + 1, "a row is folded: too wide for 200 columns"
    first = "country" if kind == "countries" else "name"
    names = [entry[first] for entry in entries]
    assert len(set(names)) == len(names)
    assert [line.split()[0] for line in table.splitlines()] == [first, *names]


def listed(command: Command, kind: str) -> dict[str, dict[str, object]]:
    entries = json.loads(command("list", kind, "--json")[1])
    return {entry.get("name"): entry for entry in entries}


def test_what_is_listed_can_be_used(command: Command) -> None:
    assert list(listed(command, "objectives")) == shipped("objectives", ".py")
    assert list(listed(command, "spaces")) == shipped("search_spaces", ".toml")
    assert list(listed(command, "fleets")) == shipped_fleets()
    assert set(listed(command, "oracles")) == set(ORACLES)
    assert set(listed(command, "samplers")) == set(SAMPLERS)
    assert set(listed(command, "stopping")) == set(STOPPING)
    for name in listed(command, "fleets"):
        assert load_fleet(name).name == name
    for name, entry in listed(command, "spaces").items():
        assert entry["axes"] == ", ".join(load_space(name).axes)


def test_objectives_say_direction_unit_and_meaning(command: Command) -> None:
    for name, entry in listed(command, "objectives").items():
        objective = load_objective(name)
        assert (entry["direction"], entry["unit"]) == (objective.direction, objective.unit)
        assert entry["about"]


@pytest.mark.parametrize(("kind", "values"), [("devices", shipped_devices()), ("links", shipped_links())])
def test_devices_and_links_say_where_each_number_comes_from(command: Command, kind: str, values: object) -> None:
    entries = listed(command, kind)
    assert isinstance(values, dict)
    assert set(entries) == set(values)
    for name, entry in entries.items():
        numbers = {key: value for key, value in entry.items() if isinstance(value, dict)}
        assert len(numbers) >= 2
        for key, number in numbers.items():
            assert set(number) == COEFFICIENT, (name, key)
            assert number["source"], (name, key)
            assert number["status"] != "user", (name, key)
            assert number["low"] <= number["value"] <= number["high"], (name, key)


def test_countries_say_year_and_source(command: Command) -> None:
    entries = {entry["country"]: entry for entry in json.loads(command("list", "countries", "--json")[1])}
    assert len(entries) == 213
    assert list(entries) == sorted(entries)
    for entry in entries.values():
        assert set(entry) == {"country", "name", "g_per_kwh", "year", "source", "kind", "hours"}
        assert entry["source"]
        assert 2000 <= entry["year"] <= 2026
    assert [code for code, entry in entries.items() if entry["kind"] == "marginal"] == ["USA-CA"]
    assert len([code for code, entry in entries.items() if entry["hours"]]) == 26


def test_the_network_says_where_each_number_comes_from(command: Command) -> None:
    for name, entry in listed(command, "network").items():
        assert set(entry) == {"name"} | COEFFICIENT
        assert entry["source"], name
        assert entry["status"] in ("seen", "derived", "assumed"), name


def test_fleets_say_how_their_rounds_go(command: Command) -> None:
    world = listed(command, "fleets")["phones_world"]
    assert (world["over_selection"], world["deadline_s"]) == (0.3, 600)


def test_what_is_not_known_is_a_dash(command: Command) -> None:
    code, table, _ = command("list", "fleets")
    assert code == 0
    assert next(line for line in table.splitlines() if line.startswith("jetson_lab")).split()[3] == "-"
