"""`flopt front`: the answer, for people and for programs."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flopt.cli.front import print_points
from flopt.emissions.footprint import PARTS
from flopt.plan import PLAN_FIELDS
from flopt.results import open_results

Command = Callable[..., tuple[int, str, str]]

WATER = "from flopt import objective\n@objective(direction='minimize', unit='L')\ndef water(run):\n    "
KEYS = [
    "run",
    "round",
    *PLAN_FIELDS,
    "accuracy",
    "co2e_kg",
    "accuracy_low",
    "accuracy_high",
    "co2e_kg_low",
    "co2e_kg_high",
    "seeds",
    "probability_non_dominated",
    "probability_under_coefficients",
    *(f"co2e_{part}_kg" for part in PARTS),
    "expected_co2e_kg",
    "expected_energy_kwh",
    "expected_duration_s",
    "test_accuracy",
    "realised_samples",
    "realised_download_bytes",
    "realised_upload_bytes",
    "realised_co2e_kg",
    "oracle",
    "network",
]


@pytest.fixture
def rows(command: Command, analytic_study: Path) -> list[dict[str, Any]]:
    code, out, err = command("front", analytic_study, "--json")
    assert (code, err) == (0, "")
    return list(json.loads(out))


def test_json_has_the_documented_keys_with_units(rows: list[dict[str, Any]]) -> None:
    assert rows
    assert all(list(row) == KEYS for row in rows)


def test_json_is_the_table_of_the_folder(rows: list[dict[str, Any]], analytic_study: Path) -> None:
    with (analytic_study / "front.csv").open(encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines))
    for found, row in zip(table, rows, strict=True):
        assert {name: type(row[name])(text) for name, text in found.items()} == row


def test_the_table_has_a_row_for_each_point_and_says_what_it_is(command: Command, analytic_study: Path) -> None:
    code, out, err = command("front", analytic_study)
    assert (code, err) == (0, "")
    head, *lines = out.splitlines()
    points = open_results(analytic_study).front().points
    assert head.split()[:5] == ["run@round", "accuracy", "co2e", "seeds", "sure"]
    assert [line.split()[0] for line in lines[: len(points)]] == [f"{p.number}@{p.run.rounds}" for p in points]
    assert sum(" knee " in line for line in lines) == 1
    (said,) = (line for line in lines if line.startswith(f"{len(points)} points; "))
    assert said.startswith(f"{len(points)} points; accuracy from the analytic curve, not measured")
    assert "CO2e and energy predicted for the fleet" in said
    assert any(line.startswith("network model router; ranges: nine of ten draws") for line in lines)
    assert all(
        re.search(r" 0\.\d{4}( \([\d.]+-[\d.]+\))? +[\d.]+ [mµ]?g \([\d.]+-[\d.]+\) +1 +[01]\.\d\d ", line)
        for line in lines[: len(points)]
    )


def test_other_objectives_score_the_old_runs_anew(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    (tmp_path / "my water.py").write_text(WATER + "return 1.8 * run.energy_kwh\n", encoding="utf-8")
    chosen = ("--objective", "accuracy", "--objective", "my water.py:water")
    before = (analytic_study / "journal.log").read_bytes()
    code, out, err = command("front", analytic_study, *chosen, "--json")
    assert (code, err) == (0, "")
    for row in json.loads(out):
        assert row["water_L"] == pytest.approx(1.8 * row["expected_energy_kwh"], rel=1e-15)
    code, out, _ = command("front", analytic_study, *chosen)
    assert code == 0
    assert " L " in out
    assert (analytic_study / "journal.log").read_bytes() == before


@pytest.mark.parametrize("name", ["front of mine.png", "x.svg", "x.pdf", "x.PNG"])
def test_a_picture_is_written_where_it_is_asked_for(
    command: Command, analytic_study: Path, tmp_path: Path, name: str
) -> None:
    code, out, err = command("front", analytic_study, "--plot", name, "--json")
    assert (code, err) == (0, f"flopt: wrote {name}\n")
    assert json.loads(out)
    assert (tmp_path / name).stat().st_size > 5000


def empty_study(command: Command) -> str:
    impossible = ("--set", "limits.co2e.at_most=1e-30", "--set", "oracle=analytic", "--workers", 1)
    code, out, err = command("tune", *impossible, "--out", "empty")
    assert code == 1
    assert err.startswith("flopt: no plan found keeps to co2e at most 1e-30 kg; the nearest has co2e ")
    assert "no further plan keeps to the limits that are known before training" in out
    return "empty"


def test_a_study_without_a_point_is_exit_1(command: Command) -> None:
    folder = empty_study(command)
    assert command("front", folder) == (1, "", "flopt: empty: no run has a point within the limits yet\n")
    assert command("front", folder, "--json") == (1, "[]\n", "flopt: empty: no run has a point within the limits yet\n")
    code, out, err = command("recommend", folder, "--json")
    assert (code, json.loads(out)) == (1, {"run": None, "nearest": None})
    assert err == "flopt: empty: no run has a point within the limits yet\n"


def test_limits_on_what_is_learned_that_no_run_meets_are_told_with_the_nearest_point(command: Command) -> None:
    words = ("space=quick", "oracle=analytic", "budget.runs=6", "limits.accuracy.at_least=0.99999", "workers=1")
    code, out, err = command("tune", "--out", "strict", *(f"--set={word}" for word in words))
    assert (code, "6 runs" in out) == (1, True)
    told = err.removeprefix("flopt: ")
    found = re.fullmatch(
        r"no run has a point within the limits yet; nearest is \d+@\d+ \(accuracy (0\.\d{4}), co2e .+\): "
        r"accuracy misses by (0\.\d{4})\n",
        told,
    )
    assert found, err
    assert float(found[1]) + float(found[2]) == pytest.approx(0.99999, abs=2e-4)
    assert command("front", "strict") == (1, "", f"flopt: strict: {told}")
    assert command("recommend", "strict", "--at-least", "accuracy=0.1") == (1, "", f"flopt: strict: {told}")
    assert command("export", "strict") == (1, "", f"flopt: strict: {told}")
    assert command("plot", "strict", "front") == (1, "", f"flopt: strict: {told}")


def test_a_priced_population_is_said(command: Command) -> None:
    line = ("tune", "--set", "oracle=analytic", "--set", "budget.runs=2", "--workers", 1, "--out", "many")
    code, out, _ = command(*line, "--set", "fleet.population=1_000_000")
    assert code == 0
    assert "accuracy from 14 clients, priced for 1,000,000" in out


def test_the_rate_is_a_column_and_two_keys(command: Command, analytic_study: Path, rows: list[dict[str, Any]]) -> None:
    code, out, err = command("front", analytic_study, "--rate", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    for old, new in zip(rows, found, strict=True):
        assert [*old, "co2e_kg_per_accuracy_point", "run_co2e_kg_per_accuracy_point"] == list(new)
    assert found[0]["co2e_kg_per_accuracy_point"] is None
    for before, after in pairwise(found):
        price = (after["co2e_kg"] - before["co2e_kg"]) / (after["accuracy"] - before["accuracy"]) * 0.01
        assert after["co2e_kg_per_accuracy_point"] == pytest.approx(price, rel=1e-9, abs=0)
    code, out, err = command("front", analytic_study, "--rate")
    assert (code, err) == (0, "")
    head, first, *_ = out.splitlines()
    assert " sure  +1 point  in its run  test acc. " in re.sub("  +", "  ", head)
    assert "  -  -  " in re.sub("  +", "  ", first)
    assert "+1 point: CO2e of one more point of accuracy (0.01)" in out


@pytest.mark.parametrize(
    ("settings", "columns"),
    [
        ((), ["epochs", "clients", "batch", "lr", "uplink", "downlink"]),
        (("plan.local_steps=7",), ["steps", "clients", "batch", "lr", "uplink", "downlink"]),
        (
            ("plan.algorithm=scaffold", "plan.server_optimizer=adam"),
            ["epochs", "clients", "batch", "lr", "uplink", "downlink", "algorithm", "server"],
        ),
    ],
)
def test_settings_that_no_point_changes_have_no_column(
    command: Command, tmp_path: Path, settings: tuple[str, ...], columns: list[str]
) -> None:
    (tmp_path / "rounds.toml").write_text("[rounds]\nlow = 2\nhigh = 20\nlog = true\n", encoding="utf-8")
    words = [word for setting in ("space=rounds.toml", *settings) for word in ("--set", setting)]
    line = ("tune", "--set", "oracle=analytic", "--set", "budget.runs=2", "--workers", 1, "--out", "own", *words)
    assert command(*line)[0] == 0
    code, out, _ = command("front", "own")
    assert code == 0
    head, first, *_ = out.splitlines()
    assert head.split("test acc.")[1].split() == columns
    row = dict(zip(columns, first.split()[-len(columns) :], strict=True))
    assert row.get("steps", "7") == "7"
    assert (row.get("algorithm", "scaffold"), row.get("server", "adam")) == ("scaffold", "adam")


def test_a_front_of_epochs_and_steps_has_both_columns(command: Command, tmp_path: Path) -> None:
    (tmp_path / "both.toml").write_text(
        "[rounds]\nlow = 2\nhigh = 20\n[local_steps]\nchoices = [0, 4, 9]\n", encoding="utf-8"
    )
    words = ("--set", "space=both.toml", "--set", "oracle=analytic", "--set", "budget.runs=8")
    assert command("tune", *words, "--workers", 1, "--out", "own")[0] == 0
    head, *lines = command("front", "own")[1].splitlines()
    columns = head.split("test acc.")[1].split()
    points = open_results(tmp_path / "own").front().points
    used = {point.run.plan.local_steps for point in points}
    assert ("epochs" in columns, "steps" in columns) == (0 in used, used != {0})
    for line, point in zip(lines, points, strict=False):
        row = dict(zip(columns, line.split()[-len(columns) :], strict=True))
        plan = point.run.plan
        assert row.get("steps", "-") == str(plan.local_steps or "-")
        assert row.get("epochs", "-") == ("-" if plan.local_steps else str(plan.local_epochs))


@pytest.mark.parametrize("oracle", ["recorded", "my/own.npz"])
def test_a_looked_up_accuracy_is_said_to_be_one(
    capsys: pytest.CaptureFixture[str], analytic_study: Path, oracle: str
) -> None:
    results = open_results(analytic_study)
    results = replace(results, problem=replace(results.problem, oracle=oracle))
    print_points(results.front(), results)
    assert "accuracy from recorded runs, interpolated between them, on validation data" in capsys.readouterr().out
