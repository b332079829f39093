"""Claims: columns of any spelling, in one unit each."""

from __future__ import annotations

from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.reading.claims import Claim, read_claims


def table(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "table.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("column", "text", "quantity", "value"),
    [
        ("accuracy", "0.5", "accuracy", 0.5),
        ("Test Accuracy", "93.1", "accuracy", 0.931),
        ("val_acc", "85%", "accuracy", 0.85),
        ("co2e_kg", "2", "co2e", 2.0),
        ("CO2 (g)", "2", "co2e", 2e-3),
        ("carbon_emissions", "", "accuracy", None),
        ("energy_wh", "5", "energy", 5e-3),
        ("energy_j", "3.6e6", "energy", 1.0),
        ("time_min", "2", "duration", 120.0),
        ("num_rounds", "7", "rounds", 7.0),
    ],
)
def test_a_column_is_known_by_its_name(
    tmp_path: Path, column: str, text: str, quantity: str, value: float | None
) -> None:
    file = table(tmp_path, f"{column},accuracy_,energy_kwh\n{text},x,1\n")
    (row,) = read_claims(file).rows
    assert row.values.get(quantity) == (pytest.approx(value) if value is not None else None)


def test_parts_means_and_settings_are_kept_apart(tmp_path: Path) -> None:
    file = table(tmp_path, "lr,co2e_kg,co2e_server_kg,co2e_network_kg,energy_per_round_wh\n0.1,3,1,2,500\n")
    (row,) = read_claims(file).rows
    assert row == Claim(1, {"co2e": 3.0}, {"energy": 0.5}, {"co2e": {"server": 1.0, "network": 2.0}}, (("lr", "0.1"),))


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_a_file_without_results_is_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(FloptError, match="no column of accuracy, CO2e or energy"):
        read_claims(table(tmp_path, text))
    with pytest.raises(FloptError, match="No such file"):
        read_claims(tmp_path / "none.csv")


def test_bytes_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00accuracy")
    with pytest.raises(FloptError, match="not a CSV table"):
        read_claims(tmp_path / "x.csv")
