"""`flopt recommend`: which point, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flopt.plan import told
from flopt.results import open_results

Command = Callable[..., tuple[int, str, str]]

WATER = "from flopt import objective\n@objective(direction='minimize', unit='L')\ndef water(run):\n    "


@pytest.fixture
def rows(command: Command, analytic_study: Path) -> list[dict[str, Any]]:
    return list(json.loads(command("front", analytic_study, "--json")[1]))


def test_the_recommendation_says_which_and_why(command: Command, analytic_study: Path) -> None:
    code, out, err = command("recommend", analytic_study)
    assert (code, err) == (0, "")
    knee = open_results(analytic_study).front().knee()
    assert out.startswith(f"run {knee.number}, stopped after round {knee.run.rounds}: accuracy ")
    assert "\nwhy: knee" in out
    for name, value in knee.run.plan.spoken().items():
        shown = told(value)
        assert f"\n  {name} = {shown!r}\n" in out or f"\n  {name} = {shown}\n" in out
    for line in (
        "next cheaper: ",
        "next dearer: ",
        "emits most by: server (",
        "how sure: ",
        "  non-dominated in ",
        "over seeds (1 seed);",
    ):
        assert line in out
    assert "would flip: network.router_w (today 7.5 W): " in out
    assert "would flip: grid.DEU (today " in out


def test_people_read_four_digits_of_a_setting_and_programs_all(command: Command, analytic_study: Path) -> None:
    plan = open_results(analytic_study).front().knee().run.plan
    out = command("recommend", analytic_study)[1]
    assert len(str(plan.client_fraction)) > 8
    assert f"\n  client_fraction = {plan.client_fraction:.4g}\n" in out
    assert json.loads(command("recommend", analytic_study, "--json")[1])["client_fraction"] == plan.client_fraction
    number = f"{open_results(analytic_study).front().knee().number}"
    assert f"{plan.client_fraction!r}" in command("export", analytic_study, "--run", number, "--format", "toml")[1]


def test_json_has_all_of_it(command: Command, analytic_study: Path, rows: list[dict[str, Any]]) -> None:
    code, text, _ = command("recommend", analytic_study, "--json")
    assert code == 0
    found = json.loads(text)
    assert found.pop("reason").startswith("knee")
    why, flips = found.pop("why"), found.pop("flips")
    place = rows.index(found)
    assert (why["cheaper"]["run"], why["cheaper"]["round"]) == (rows[place - 1]["run"], rows[place - 1]["round"])
    assert why["dearer"]["co2e_kg_difference"] == pytest.approx(rows[place + 1]["co2e_kg"] - found["co2e_kg"])
    assert why["dominant_part"] == "server"
    assert all(move["total_after_kg"] < move["total_before_kg"] == found["co2e_kg"] for move in why["moves"])
    assert why["probability_under_coefficients"] == found["probability_under_coefficients"]
    assert [each["factor"] for each in flips] == ["network.router_w", "grid.DEU"]


@pytest.mark.parametrize("bound", [0.5, 0.9])
def test_the_cheapest_point_that_is_good_enough(
    command: Command, analytic_study: Path, rows: list[dict[str, Any]], bound: float
) -> None:
    code, out, err = command("recommend", analytic_study, "--at-least", f"accuracy={bound}", "--no-flips", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found.pop("reason") == f"lowest co2e on the front with accuracy at least {bound:g}"
    assert found.pop("why")["seeds"] == 1
    assert found.pop("flips") == []
    assert found == min((row for row in rows if row["accuracy"] >= bound), key=lambda row: float(row["co2e_kg"]))


def test_limits_on_other_objectives_and_on_files(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    (tmp_path / "water.py").write_text(WATER + "return 1.8 * run.energy_kwh\n", encoding="utf-8")
    line = ("recommend", analytic_study, "--at-most", "water.py:water=1e-6", "--at-least", "accuracy=0.6")
    code, out, _ = command(*line, "--at-most", "duration=3600", "--no-flips", "--json")
    assert code == 0
    found = json.loads(out)
    assert 1.8 * found["expected_energy_kwh"] <= 1e-6
    assert "water at most 1e-06 L" in found["reason"]


def test_limits_that_nothing_meets_are_exit_1_with_the_nearest_plan(
    command: Command, analytic_study: Path, rows: list[dict[str, Any]]
) -> None:
    best = max(rows, key=lambda row: float(row["accuracy"]))
    asked = ("recommend", analytic_study, "--at-least", "accuracy=1", "--at-most", "co2e=1")
    code, out, err = command(*asked)
    assert (code, out) == (1, "")
    assert "no point of the front has accuracy at least 1 and co2e at most 1 kg; nearest is " in err
    assert f"nearest is {best['run']}@{best['round']} (accuracy {best['accuracy']:.4f}, " in err
    assert err.endswith(f"accuracy misses by {1 - best['accuracy']:.4f}\n")
    assert err.count("\n") == 1
    code, out, _ = command(*asked, "--json")
    found = json.loads(out)
    assert (code, found["run"], found["nearest"]["run"]) == (1, None, best["run"])
    assert found["nearest"]["missed_by"] == {"accuracy": pytest.approx(1 - best["accuracy"])}


def test_a_price_buys_more_accuracy_the_more_a_point_is_worth(
    command: Command, analytic_study: Path, rows: list[dict[str, Any]]
) -> None:
    def chosen(*words: object) -> dict[str, Any]:
        code, out, _ = command("recommend", analytic_study, "--no-flips", "--json", *words)
        assert code == 0
        return dict(json.loads(out))

    dear = chosen("--eur-per-tonne", 1e9, "--eur-per-point", 1e-9)
    rich = chosen("--eur-per-tonne", 100, "--eur-per-point", 2)
    assert dear["co2e_kg"] == min(row["co2e_kg"] for row in rows)
    assert rich["accuracy"] == max(row["accuracy"] for row in rows)
    assert rich["reason"] == "worth most at 100 EUR per tonne and 2 EUR per point on the front"
    weighted = chosen("--weight", "accuracy=1", "--weight", "co2e=0")
    assert weighted["accuracy"] == rich["accuracy"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--eur-per-tonne", 100), "a price needs both --eur-per-tonne and --eur-per-point"),
        (("--eur-per-tonne", 0, "--eur-per-point", 0), "a price needs a value above 0"),
        (("--eur-per-tonne", "nan", "--eur-per-point", 1), "eur_per_tonne = nan: must be a number"),
        (("--trainings", 3), "--trainings counts with a price"),
        (("--weight", "accuracy"), "write NAME=NUMBER, such as accuracy=2"),
        (("--weight", "accuracy=nan"), "write NAME=NUMBER"),
        (("--weight", "accurcy=1"), "no objective of a weight 'accurcy'"),
        (("--weight", "accuracy=0"), "weights: give at least one above 0"),
        (("--weight", "accuracy=1", "--eur-per-tonne", 1), "are two rules; give one"),
    ],
)
def test_a_bad_rule_is_one_line(command: Command, analytic_study: Path, words: tuple[object, ...], said: str) -> None:
    code, out, err = command("recommend", analytic_study, "--no-flips", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
