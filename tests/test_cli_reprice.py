"""`flopt reprice`: another price for the same runs; nothing in the folder is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flopt.results import open_results

Command = Callable[..., tuple[int, str, str]]


def priced(command: Command, *arguments: object) -> dict[str, Any]:
    code, out, err = command("reprice", *arguments, "--json")
    assert (code, err) == (0, "")
    return dict(json.loads(out))


def test_another_country_scales_every_point_by_its_intensity(command: Command, analytic_study: Path) -> None:
    before = {path.name: path.read_bytes() for path in analytic_study.iterdir()}
    found = priced(command, analytic_study, "--country", "FRA")
    assert found["kind"] == "repriced"
    assert found["label"] == ""
    assert found["changed"] == {
        "country": {"from": "DEU, ESP, FRA, POL", "to": "FRA"},
        "server_country": {"from": "DEU", "to": "FRA"},
    }
    assert found["points"]
    for row in found["points"]:
        assert row["co2e_kg"] == pytest.approx(row["expected_energy_kwh"] * 0.044179, rel=1e-12, abs=0)
    assert {path.name: path.read_bytes() for path in analytic_study.iterdir()} == before


def test_the_same_price_gives_the_same_front(command: Command, analytic_study: Path) -> None:
    code, out, _ = command("front", analytic_study, "--json")
    assert code == 0
    found = priced(command, analytic_study, "--network", "router", "--no-embodied")
    assert found["changed"] == {}
    assert found["points"] == json.loads(out)
    code, out, _ = command("reprice", analytic_study, "--network", "router")
    assert (code, out.splitlines()[-1]) == (0, "repriced: everything is as it was")


def test_every_factor_can_be_given(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("country,g_per_kwh,year\nSWE,20,2025\n", encoding="utf-8")
    factors = ("--country", "SWE", "--server-country", "DEU", "--network", "per_gb", "--pue", 1.5, "--kwh-per-gb", 0.2)
    found = priced(command, analytic_study, *factors, "--grid", "mine.csv", "--fleet", "phones_germany")
    names = ["fleet", "network", "pue", "country", "kwh_per_gb", "grid"]
    assert sorted(found["changed"]) == sorted(names)
    assert found["changed"]["grid"] == {"from": "shipped", "to": "mine.csv"}
    assert found["points"][0]["network"] == "per_gb"


def test_a_number_is_the_grid_of_all_countries(command: Command, analytic_study: Path) -> None:
    for row in priced(command, analytic_study, "--grid", 100)["points"]:
        assert row["co2e_kg"] == pytest.approx(row["expected_energy_kwh"] * 0.1, rel=1e-12, abs=0)


def test_hours_are_priced_from_a_start(command: Command, analytic_study: Path) -> None:
    line = ("--country", "FRA", "--start", "2019-06-01T13:00")
    found = priced(command, analytic_study, *line)
    assert found["changed"]["start"] == {"from": None, "to": "2019-06-01T13:00"}
    code, out, err = command("reprice", analytic_study, "--country", "USA", "--start", "2019-06-01T13:00")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no hours of average intensity for USA" in err
    assert "--flat" in err
    flat = priced(command, analytic_study, "--country", "USA", "--start", "2019-06-01T13:00", "--flat")
    assert flat["changed"]["flat"] == {"from": False, "to": True}


def test_a_population_is_said(command: Command, analytic_study: Path) -> None:
    code, out, err = command("reprice", analytic_study, "--population", 1_400_000)
    assert (code, err) == (0, "")
    assert "accuracy from 14 clients, priced for 1,400,000" in out
    assert out.splitlines()[-1] == "repriced: population 14 -> 1.4e+06"


def test_a_change_of_who_takes_part_is_refused_in_one_line(command: Command, analytic_study: Path) -> None:
    code, out, err = command("reprice", analytic_study, "--fleet", "phones_world")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("flopt: reprice: run 0: ")
    assert "over_selection" in err or "can be drawn" in err
    assert err.endswith("--keep-participation prices it with the accuracy of the old participation\n")


def test_kept_participation_labels_every_output(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    line = ("reprice", analytic_study, "--fleet", "phones_world", "--keep-participation")
    code, out, err = command(*line, "--plot", "new.svg")
    assert code == 0
    assert out.splitlines()[-1] == "accuracy of the old participation"
    assert out.splitlines()[-2].startswith("repriced: fleet phones_europe -> phones_world; country DEU, ")
    assert err.startswith("flopt: accuracy of the old participation: run 0: ")
    assert "accuracy of the old participation" in (tmp_path / "new.svg").read_text(encoding="utf-8")
    code, out, err = command(*line, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["label"] == "accuracy of the old participation"
    assert {row["realised_co2e_kg"] for row in found["points"]} == {None}


def test_runs_that_the_new_fleet_cannot_do_are_left_out(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    fleet = (
        "[server]\ncountry = 'FRA'\n[[group]]\nshare = 1.0\ndevice = 'phone'\nlink = 'home_wifi'\ncountry = 'FRA'\n"
        "availability = 0.4\n"
    )
    (tmp_path / "sleepy.toml").write_text(fleet, encoding="utf-8")
    code, out, err = command("reprice", analytic_study, "--fleet", "sleepy.toml", "--keep-participation", "--json")
    assert code == 0
    many = [n for n, plan in enumerate(open_results(analytic_study).plans) if round(plan.client_fraction * 14) > 5]
    assert many
    assert f"cannot run the plans of {len(many)} runs, left out: " in err
    assert not {row["run"] for row in json.loads(out)["points"]} & set(many)


def test_a_factor_that_is_not_read_is_said(command: Command, analytic_study: Path) -> None:
    code, _, err = command("reprice", analytic_study, "--kwh-per-gb", 0.2)
    assert (code, err.count("\n")) == (0, 1)
    assert err == "flopt: kwh_per_gb has no effect: only the network model per_gb reads it, this is router\n"


def test_no_point_within_the_limits_is_exit_1(command: Command) -> None:
    line = ("tune", "--set", "oracle=analytic", "--set", "budget.runs=3", "--set", "limits.accuracy.at_least=0.99")
    command(*line, "--workers", 1, "--out", "high")
    assert command("reprice", "high", "--country", "FRA") == (
        1,
        "",
        "flopt: high: no run has a point within the limits\n",
    )
    code, out, _ = command("reprice", "high", "--country", "FRA", "--json")
    assert (code, json.loads(out)["points"]) == (1, [])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "reprice: nothing to change; give --country"),
        (["--country", "FRX"], "'FRX'"),
        (["--network", "perhop"], "no pricing.network 'perhop'; did you mean 'per_hop'?"),
        (["--fleet", "phone_europe"], "no fleet 'phone_europe'; did you mean 'phones_europe'"),
        (["--fleet", "none.toml"], "none.toml"),
        (["--pue", 0.9], "pue = 0.9: must be a number, at least 1"),
        (["--pue", "nan"], "pue = nan: must be"),
        (["--router-w", -1], "router_w = -1.0: must be"),
        (["--population", 0.5], "population = 0.5: must be at least 1"),
        (["--population", "inf"], "population = inf: must be a finite number"),
        (["--grid", "none.csv"], "no file none.csv"),
        (["--grid", "-3"], "-3.0 g/kWh"),
        (["--flat"], "it needs a start"),
        (["--start", "noon"], "no time 'noon'"),
        (["--country", "FRA", "--plot", "front.gif"], "must end in .png, .svg, .pdf"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    command: Command, analytic_study: Path, options: list[object], words: str
) -> None:
    code, out, err = command("reprice", analytic_study, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("flopt: ")
    assert words in err


def test_what_is_no_study_folder_is_refused(command: Command, tmp_path: Path) -> None:
    code, out, err = command("reprice", tmp_path, "--country", "FRA")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "is not a study folder" in err
