"""`flopt flips`: where the recommended plan changes as one factor moves, and how robust today's is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flopt.cli.front import limit_of
from flopt.reading.factor import factor
from flopt.reading.recommend import recommend
from flopt.results import Results, open_results

Command = Callable[..., tuple[int, str, str]]

FLIPPING = ("--vary", "server.watts=0.1:100000", "--at-least", "accuracy=0.9")


def flips(command: Command, *arguments: object) -> dict[str, Any]:
    code, out, err = command("flips", *arguments, "--json")
    assert (code, err) == (0, "")
    return dict(json.loads(out))


def chosen(results: Results, name: str, value: float) -> tuple[int, int]:
    """What `flopt recommend --at-least accuracy=0.9` says of the study with another value."""
    moved = replace(results, problem=factor(results.problem, name).at(value))
    found = recommend(moved.front(), [limit_of("accuracy=0.9", moved, "at_least")])
    assert found is not None
    return found.point.number, found.point.run.rounds


def test_the_plan_of_each_stretch_is_the_recommended_one_on_both_sides_of_each_flip(
    command: Command, analytic_study: Path
) -> None:
    found, results = flips(command, analytic_study, *FLIPPING), open_results(analytic_study)
    assert list(found) == [
        "factor", "unit", "today", "low", "high", "network", "effect", "rule", "label", "stretches", "flips",
        "today_choice", "nearest_flip", "nearest_flip_ratio",
    ]  # fmt: skip
    assert (found["factor"], found["unit"], found["today"], found["effect"]) == ("server.watts", "W", 45.0, True)
    assert found["rule"] == "lowest co2e on the front with accuracy at least 0.9"
    assert found["flips"]
    for before, after in pairwise(found["stretches"]):
        assert before["high"] == after["low"]
        assert chosen(results, "server.watts", before["high"] * 0.999) == (before["run"], before["round"])
        assert chosen(results, "server.watts", after["low"] * 1.001) == (after["run"], after["round"])
        assert after["accuracy"] >= 0.9
    today = chosen(results, "server.watts", 45.0)
    assert (found["today_choice"]["run"], found["today_choice"]["round"]) == today
    assert found["nearest_flip"] in found["flips"]
    assert found["nearest_flip_ratio"] == pytest.approx(found["nearest_flip"] / 45)


def test_the_table_says_the_same_in_words(command: Command, analytic_study: Path) -> None:
    facts = flips(command, analytic_study, *FLIPPING)
    code, out, err = command("flips", analytic_study, *FLIPPING)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "server.watts from 0.1 to 100000 W; today 45 W"
    assert lines[1] == "rule: lowest co2e on the front with accuracy at least 0.9"
    assert [line.split()[2] for line in lines[4:-2]] == [f"{s['run']}@{s['round']}" for s in facts["stretches"]]
    assert f"the nearest is at {facts['nearest_flip']:.5g} W, " in lines[-1]


def test_without_limits_the_knee_is_followed(command: Command, analytic_study: Path) -> None:
    found = flips(command, analytic_study, "--vary", "device.phone.train_w=0.5:50")
    assert found["rule"].startswith("knee: ")
    knee = open_results(analytic_study).front().knee()
    assert (found["today_choice"]["run"], found["today_choice"]["round"]) == (knee.number, knee.run.rounds)


def test_a_factor_without_effect_says_so(command: Command, analytic_study: Path) -> None:
    line = (analytic_study, "--vary", "network.kwh_per_gb=0.001:0.1", "--at-least", "accuracy=0.9")
    found = flips(command, *line)
    assert (found["effect"], found["network"], found["flips"], found["nearest_flip"]) == (False, "router", [], None)
    code, out, _ = command("flips", *line)
    assert code == 0
    assert out.splitlines()[-1] == ("no flip: network.kwh_per_gb has no effect on this price (network model router)")


def test_a_choice_that_never_flips_is_robust(command: Command, analytic_study: Path) -> None:
    code, out, _ = command("flips", analytic_study, "--vary", "grid.relative=0.5:2", "--at-least", "accuracy=0.5")
    assert code == 0
    assert out.splitlines()[-1] == "no flip from 0.5 to 2: the choice is robust over the whole range"


def test_values_that_differ_today_have_no_nearest_flip(command: Command, analytic_study: Path) -> None:
    found = flips(command, analytic_study, "--vary", "grid.all=10:1000")
    assert (found["today"], found["today_choice"], found["nearest_flip"]) == (None, None, None)
    code, out, _ = command("flips", analytic_study, "--vary", "grid.all=10:1000")
    assert (code, out.splitlines()[0]) == (0, "grid.all from 10 to 1000 g/kWh; today's values differ")


def test_today_may_lie_outside_the_range(command: Command, analytic_study: Path) -> None:
    line = ("--vary", "server.watts=100:100000", "--at-least", "accuracy=0.9")
    found = flips(command, analytic_study, *line)
    assert found["today_choice"]["run"] is not None
    if found["flips"]:
        _, out, _ = command("flips", analytic_study, *line)
        assert "(today's value lies outside the range)" in out.splitlines()[-1]


def test_no_point_within_the_limits_is_exit_1(command: Command, analytic_study: Path) -> None:
    line = ("flips", analytic_study, "--vary", "server.watts=1:100", "--at-least", "accuracy=1")
    code, out, err = command(*line)
    assert code == 1
    assert "none within the limits" in out
    assert err == f"flopt: {analytic_study}: no point of any front has accuracy at least 1\n"
    code, out, _ = command(*line, "--json")
    assert (code, json.loads(out)["stretches"][0]["run"]) == (1, None)


def test_where_a_speed_decides_who_takes_part_the_old_accuracies_are_labelled(command: Command, tmp_path: Path) -> None:
    fleet = (
        "[server]\ncountry = 'FRA'\n[round]\nover_selection = 0.2\ndeadline_s = 60\n"
        "[[group]]\nshare = 1.0\ndevice = 'phone'\nlink = 'home_wifi'\ncountry = 'FRA'\n"
    )
    (tmp_path / "hurried.toml").write_text(fleet, encoding="utf-8")
    study = ("--set", "oracle=analytic", "--set", "budget.runs=6", "--set", "fleet.use=hurried.toml", "--workers", 1)
    whole = ("--set", "sampler=tpe", "--set", "stopping=none", "--set", "replicates=0")
    command("tune", *study, *whole, "--out", "hurried")
    code, out, err = command("flips", "hurried", "--vary", "link.home_wifi.up_bps=100:1e9")  # 100 bit/s: nobody can
    assert code == 0
    assert "none within the limits" in out
    assert out.splitlines()[-1] == "accuracy of the old participation"
    assert err == (
        "flopt: accuracy of the old participation: with another link.home_wifi.up_bps other clients would take part\n"
    )
    code, out, err = command("flips", "hurried", "--vary", "device.phone.train_w=1:9", "--json")
    assert (code, err, json.loads(out)["label"]) == (0, "", "")


def test_reading_flips_changes_nothing(command: Command, analytic_study: Path) -> None:
    before = {path.name: path.read_bytes() for path in analytic_study.iterdir()}
    flips(command, analytic_study, *FLIPPING)
    assert {path.name: path.read_bytes() for path in analytic_study.iterdir()} == before


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        ("server.watts", "write NAME=LOW:HIGH"),
        ("server.watts=10", "write NAME=LOW:HIGH"),
        ("server.watts=10:1", "two numbers above 0"),
        ("server.watts=0:1", "two numbers above 0"),
        ("server.watts=1:inf", "two numbers above 0"),
        ("server.watts=a:b", "such as network.kwh_per_gb=0.001:0.1"),
        ("server.wats=1:2", "no factor 'server.wats'; did you mean 'server.watts'"),
        ("server.pue=0.5:2", "pue = 0.5: must be a number, at least 1"),
        ("=1:2", "no factor ''; allowed: "),
    ],
)
def test_bad_input_is_one_line_and_exit_2(command: Command, analytic_study: Path, vary: str, words: str) -> None:
    code, out, err = command("flips", analytic_study, "--vary", vary)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_a_range_is_needed_and_limits_are_checked(command: Command, analytic_study: Path) -> None:
    code, _, err = command("flips", analytic_study)
    assert (code, err.count("\n")) == (2, 1)
    assert "--vary" in err
    code, _, err = command("flips", analytic_study, "--vary", "server.watts=1:2", "--at-least", "accurcy=0.9")
    assert (code, err.count("\n")) == (2, 1)
    assert "did you mean 'accuracy'?" in err
