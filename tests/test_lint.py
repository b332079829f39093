"""Lint: each rule flags the error that it is for, and leaves a sound table alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from flopt.reading.claims import read_claims
from flopt.reading.lint import Facts, Finding, lint

SOUND = "accuracy,co2e_kg,energy_kwh,duration_s\n0.80,0.1,0.3,60\n0.90,0.2,0.6,120\n"


def found(tmp_path: Path, text: str, facts: Facts | None = None) -> list[Finding]:
    file = tmp_path / "table.csv"
    file.write_text(text, encoding="utf-8")
    return lint(read_claims(file), facts)


def test_a_sound_table_has_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("text", "rule", "row", "reason"),
    [
        ("accuracy,co2e_kg\n.8,1\n.9,2\n.8,1\n", "duplicate", 3, "the same accuracy and CO2e as row 1"),
        ("accuracy,co2e_kg\n.8,1\n.7,2\n", "dominated", 2, "row 1 has 0.8 for 1 kg"),
        ("lr,seed,accuracy,co2e_kg\n1,0,.8,1\n1,1,.81,1\n", "zero spread", 1, "1 kg for all of 2 seeds"),
        ("accuracy,energy_kwh,duration_s\n.8,0,60\n", "zero energy", 1, "energy is 0 kWh after 60 s"),
        ("accuracy,co2e_kg,rounds\n.8,0,5\n", "zero energy", 1, "co2e is 0 kg after 5 rounds"),
        ("accuracy,co2e_kg\n.1005,1\n", "chance", 1, "guessing has 0.1, if it has 10 classes"),
        ("accuracy,hypervolume\n.8,1.2\n", "hypervolume", 1, "1.2 above its box of 1"),
        (
            "accuracy,hypervolume,reference_accuracy,reference_co2e_kg\n.8,1.7,0.2,2\n",
            "hypervolume",
            1,
            "1.7 above its box of 1.6 (reference 0.2, 2 kg)",
        ),
        ("rounds,energy_kwh,energy_per_round_kwh\n10,2,2\n", "per round", 1, "there were 10"),
        ("rounds,co2e_kg,co2e_server_kg,co2e_network_kg\n10,2,15,5\n", "per round", 1, "a mean, not a total"),
        ("co2e_kg,co2e_server_kg,co2e_network_kg\n2000,1,1\n", "factor 1000", 1, "1000 times the sum of its parts"),
        ("co2e_kg,co2e_server_kg,co2e_network_kg\n3,1,2000\n", "factor 1000", 1, "network is 1000 times what"),
        ("co2e_kg,energy_kwh\n300,1\n", "factor 1000", 1, "300 kg for a kWh; grids have 0.002 to 2"),
    ],
)
def test_each_rule_flags_its_error(tmp_path: Path, text: str, rule: str, row: int, reason: str) -> None:
    (finding,) = found(tmp_path, text)
    assert (finding.rule, finding.row) == (rule, row)
    assert reason in finding.reason


@pytest.mark.parametrize(
    "text",
    [
        "seed,accuracy,co2e_kg\n0,.8,1\n0,.7,2\n",  # runs, no front
        "lr,seed,accuracy,expected_co2e_kg\n1,0,.8,1\n1,1,.81,1\n",  # an expectation is the same for every seed
        "lr,seed,accuracy,co2e_kg\n1,0,.8,1\n2,1,.81,1\n",  # other settings
        "rounds,energy_kwh,energy_per_round_kwh\n1,2,2\n",  # one round is its own mean
        "accuracy,co2e_kg\n.8,\n,1\n",  # what is missing is no claim
        "accuracy,energy_kwh,duration_s\n.8,0,0\n",  # nothing ran
    ],
)
def test_what_may_be_is_left_alone(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == []


def test_a_known_number_of_classes_sharpens_the_rule(tmp_path: Path) -> None:
    text = "accuracy,co2e_kg\n.1,1\n.5,2\n"
    assert [(f.row, f.rule) for f in found(tmp_path, text, Facts(0.5))] == [(1, "chance"), (2, "chance")]
    assert found(tmp_path, text, Facts(0.05)) == []
