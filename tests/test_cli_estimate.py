"""`flopt estimate`: the price of a plan before any training, the same that its row on a front has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flopt import tune
from flopt.emissions.footprint import PARTS
from flopt.plan import PLAN_FIELDS

Command = Callable[..., tuple[int, str, str]]

KEYS = {
    "kind", "plan", "task", "fleet", "network", "pue", "clients_per_round", "clients", "priced_for_clients", "co2e_kg",
    "energy_kwh", "duration_s", "range", "download_bytes", "upload_bytes", "grid", "start", "flat",
}  # fmt: skip
OPTIONS = ("rounds", "local_epochs", "client_fraction", "batch_size", "client_lr", "uplink", "downlink")


def estimate(command: Command, *arguments: object) -> dict[str, Any]:
    code, out, err = command("estimate", "--json", *arguments)
    assert (code, err) == (0, "")
    return dict(json.loads(out))


def plan_options(row: dict[str, Any]) -> list[str]:
    """A row's plan as the options of `flopt estimate`; what has none is set as in a study."""
    options = [f"--{name.replace('_', '-')}={row[name]}" for name in OPTIONS]
    return [*options, *(f"--set=plan.{name}={row[name]}" for name in PLAN_FIELDS if name not in OPTIONS)]


def check_rows(command: Command, folder: Path, *arguments: str) -> None:
    """Every row of the front has the price that its plan is estimated at."""
    rows = json.loads(command("front", folder, "--json")[1])
    assert rows
    for row in rows:
        found = estimate(command, *plan_options(row), *arguments)
        assert found["plan"] == {name: row[name] for name in PLAN_FIELDS}
        assert found["co2e_kg"]["total"] == pytest.approx(row["expected_co2e_kg"], rel=1e-9)
        assert found["energy_kwh"]["total"] == pytest.approx(row["expected_energy_kwh"], rel=1e-9)
        assert found["duration_s"] == pytest.approx(row["expected_duration_s"], rel=1e-9)
        for part in PARTS:
            assert found["co2e_kg"][part] == pytest.approx(row[f"co2e_{part}_kg"], rel=1e-9)
        assert (found["upload_bytes"], found["download_bytes"]) == (
            row["realised_upload_bytes"],
            row["realised_download_bytes"],
        )


def test_every_row_of_an_analytic_front_costs_what_its_plan_is_estimated_at(
    command: Command, analytic_study: Path
) -> None:
    check_rows(command, analytic_study)


def test_a_row_costs_the_same_on_its_own_fleet_and_country(command: Command, tmp_path: Path) -> None:
    moved = ("--fleet", "hospital_silos", "--country", "POL", "--network", "per_gb")
    line = ("tune", "--set", "oracle=analytic", "--set", "budget.runs=6", "--workers", 1, "--out", "moved")
    places = ("fleet.use=hospital_silos", "pricing.country=POL", "pricing.network=per_gb")
    assert command(*line, *(word for place in places for word in ("--set", place)))[0] == 0
    check_rows(command, tmp_path / "moved", *moved)
    check_rows(command, tmp_path / "moved", "--study", str(tmp_path / "moved" / "study.toml"))


def test_every_row_of_a_simulated_front_costs_what_its_plan_is_estimated_at(command: Command, tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(
        "[rounds]\nlow = 2\nhigh = 4\n[client_fraction]\nlow = 0.1\nhigh = 0.5\n"
        "[uplink]\nkind = ['none', 'quantize', 'topk']\n",
        encoding="utf-8",
    )
    tune({"space": str(tmp_path / "space.toml"), "workers": 1, "budget": {"runs": 4}}, out=tmp_path / "real")
    check_rows(command, tmp_path / "real")
    rows = json.loads(command("front", tmp_path / "real", "--json")[1])
    assert all(row["test_accuracy"] is not None and row["oracle"] == "simulated" for row in rows)


def test_json_has_the_documented_keys_and_parts_add_up(command: Command) -> None:
    found = estimate(command)
    assert set(found) == KEYS
    assert found["kind"] == "predicted"
    for quantity in ("co2e_kg", "energy_kwh"):
        assert set(found[quantity]) == {*PARTS, "total"}
        assert sum(found[quantity][part] for part in PARTS) == pytest.approx(found[quantity]["total"], rel=1e-12)
    assert {entry["country"] for entry in found["grid"]} == {"DEU", "ESP", "FRA", "POL"}
    assert all(entry["source"] and entry["year"] for entry in found["grid"])
    assert (found["clients"], found["priced_for_clients"], found["task"]) == (14, 14, "digits/natural/mlp")


def test_the_table_says_the_same_and_that_it_is_predicted(command: Command) -> None:
    code, out, err = command("estimate", "--rounds", 10, "--compression", "quantize:8")
    assert (code, err) == (0, "")
    assert out.startswith("plan     rounds 10, local_epochs 2, ")
    assert "uplink quantize:8, downlink none\n" in out
    assert "\npredicted " in out
    assert "DEU 344.14 g/kWh (2024)" in out
    emitting = [part for part in PARTS if part not in ("evaluation", "wasted", "embodied")]  # none of these happens
    table = [line for line in out.splitlines() if line.endswith("%")]
    assert [line.split()[0] for line in table] == [*emitting, "total"]
    assert all(
        re.search(r" [\d.]+ [mµn]?Wh \([\d.]+-[\d.]+\) +[\d.]+ [mµn]?g \([\d.]+-[\d.]+\) ", line) for line in table
    )
    assert out.splitlines()[-2].endswith("over the network in the rounds (predicted)")
    assert out.splitlines()[-1] == "ranges: nine of ten draws of all coefficients within their low and high"


def test_another_country_moves_everybody(command: Command) -> None:
    here, there = estimate(command), estimate(command, "--country", "FRA")
    assert there["energy_kwh"] == here["energy_kwh"]
    assert [entry["country"] for entry in there["grid"]] == ["FRA"]
    assert there["co2e_kg"]["total"] == pytest.approx(there["energy_kwh"]["total"] * 0.044179, rel=1e-12)


def test_what_is_not_given_comes_from_the_study(command: Command, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(
        '[plan]\nrounds = 7\nuplink = "topk:0.1"\n[fleet]\nuse = "jetson_lab"\npopulation = 140\n', encoding="utf-8"
    )
    found = estimate(command, "--study", "s.toml", "--local-epochs", 3, "--set", "pricing.pue=1.5")
    assert found["plan"]["rounds"] == 7
    assert found["plan"]["uplink"] == "topk:0.1"
    assert found["plan"]["local_epochs"] == 3
    assert (found["fleet"], found["pue"], found["priced_for_clients"]) == ("jetson_lab", 1.5, 140)
    out = command("estimate", "--study", "s.toml")[1]
    assert "priced   for 140 clients; accuracy would be that of 14" in out


def test_a_fleet_of_one_s_own_is_relative_to_where_one_stands(command: Command, tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "s.toml").write_text("seed = 3\n", encoding="utf-8")
    (tmp_path / 'my "fleet".toml').write_text(
        "[server]\ncountry = 'NOR'\n[[group]]\nshare = 1\ndevice = 'phone'\nlink = 'home_wifi'\ncountry = 'NOR'\n",
        encoding="utf-8",
    )
    found = estimate(command, "--study", "studies/s.toml", "--fleet", 'my "fleet".toml')
    assert found["fleet"] == 'my "fleet"'
    assert [entry["country"] for entry in found["grid"]] == ["NOR"]
