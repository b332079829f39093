"""`flopt compare`: federated against centralised training, for a study's point or for a plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flopt.results import open_results

Command = Callable[..., tuple[int, str, str]]


def compared(command: Command, *arguments: object) -> dict[str, Any]:
    code, out, err = command("compare", *arguments, "--json")
    assert (code, err) == (0, "")
    return dict(json.loads(out))


def test_a_plan_before_training(command: Command) -> None:
    found = compared(command, "--rounds", 20, "--country", "FRA", "--central-country", "POL", "--central-pue", 1.5)
    assert list(found) == [
        "task", "fleet", "network", "priced_for_clients", "federated", "centralised", "ratio", "ratio_low",
        "ratio_high", "break_even_clients_g_per_kwh", "break_even_data_centre_g_per_kwh", "by_country",
    ]  # fmt: skip
    federated, centre = found["federated"], found["centralised"]
    assert (federated["kind"], federated["accuracy"], federated["plan"]["rounds"]) == ("predicted", None, 20)
    code, out, _ = command("estimate", "--rounds", 20, "--country", "FRA", "--json")
    assert code == 0
    assert federated["co2e_kg"] == json.loads(out)["co2e_kg"]["total"]
    assert (centre["kind"], centre["samples_from"], centre["epochs"]) == ("predicted", "same FLOP", None)
    assert (centre["country"], centre["pue"], centre["device"]) == ("POL", 1.5, "gpu_v100")
    assert found["ratio"] == pytest.approx(federated["co2e_kg"] / centre["co2e_kg"], rel=1e-12)
    assert found["ratio_low"] < found["ratio"] < found["ratio_high"]


def test_the_recommended_point_of_a_study(command: Command, analytic_study: Path) -> None:
    before = {path.name: path.read_bytes() for path in analytic_study.iterdir()}
    found = compared(command, analytic_study, "--at-least", "accuracy=0.9")
    code, out, _ = command("recommend", analytic_study, "--at-least", "accuracy=0.9", "--json")
    assert code == 0
    row = json.loads(out)
    assert found["federated"]["accuracy"] == row["accuracy"]
    assert found["federated"]["accuracy_kind"] == "analytic curve, not measured"
    assert found["federated"]["co2e_kg"] == row["co2e_kg"]
    assert found["federated"]["origin"].startswith(f"run {row['run']}, stopped after round {row['round']}: lowest co2e")
    assert found["centralised"]["country"] == "DEU"  # where the fleet's server stands
    assert {path.name: path.read_bytes() for path in analytic_study.iterdir()} == before


def test_the_knee_and_words(command: Command, analytic_study: Path) -> None:
    knee = open_results(analytic_study).front().knee()
    code, out, err = command("compare", analytic_study, "--upload-data", "--central-device", "gpu_t4")
    assert (code, err) == (0, "")
    assert f"run {knee.number}, stopped after round {knee.run.rounds}: knee: " in out
    assert "gpu_t4 (chip) in DEU" in out
    assert "of it raw data" in out
    assert "federated / centralised: " in out


def test_the_raw_data_are_samples_times_features_times_four_bytes(command: Command) -> None:
    found = compared(command, "--rounds", 5, "--upload-data", "--network", "per_gb")
    assert found["centralised"]["features"] == 64
    assert 0 < found["centralised"]["upload_co2e_kg"] < found["centralised"]["co2e_kg"]
    assert compared(command, "--rounds", 5, "--network", "per_gb")["centralised"]["features"] is None


def test_a_measured_centralised_run_reaches_the_same_accuracy(command: Command, analytic_study: Path) -> None:
    found = compared(command, analytic_study, "--at-least", "accuracy=0.8", "--measured")
    centre = found["centralised"]
    assert centre["kind"] == "predicted from a measured run"
    assert centre["samples_from"] == "measured epochs to the same accuracy"
    assert centre["reached"] is True
    assert centre["accuracy"] >= found["federated"]["accuracy"]
    samples = sum(open_results(analytic_study).problem.task.client_samples)
    assert centre["samples"] == centre["epochs"] * samples
    code, out, _ = command("compare", analytic_study, "--at-least", "accuracy=0.8", "--measured")
    assert code == 0
    assert f"after {centre['epochs']} epochs (measured)" in out


def test_no_point_within_the_limits_is_exit_1(command: Command, analytic_study: Path) -> None:
    code, out, err = command("compare", analytic_study, "--at-least", "accuracy=1")
    assert (code, out) == (1, "")
    assert err == f"flopt: {analytic_study}: no point of the front has accuracy at least 1\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--central-country", "FRX"], "--central-country: no country 'FRX'; did you mean"),
        (["--central-pue", 0.9], "pue = 0.9: must be a number, at least 1"),
        (["--central-device", "gpu_v10"], "no device 'gpu_v10'; did you mean 'gpu_v100'"),
        (["--central-country", "USA-CA"], "marginal and average"),
        (["--measured"], "needs a study folder"),
        (["--at-least", "accuracy=0.9"], "chooses a point of a study, so it needs a study folder"),
        (["--rounds", 0], "rounds = 0"),
        (["--fleet", "phone"], "no fleet 'phone'"),
        (["--network", "hops"], "pricing.network"),
        (["--set", "pricing.embodied=true", "--central-device", "jetson_tx2"], "jetson_tx2: it has no embodied_kg"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(command: Command, options: list[object], words: str) -> None:
    code, out, err = command("compare", *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


@pytest.mark.parametrize("options", [("--rounds", 3), ("--country", "FRA"), ("--set", "seed=1"), ("--study", "x.toml")])
def test_a_folder_and_a_plan_are_not_mixed(command: Command, analytic_study: Path, options: tuple[object, ...]) -> None:
    code, out, err = command("compare", analytic_study, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "has a plan and a price of its own" in err
