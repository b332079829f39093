"""How a comparison prints: numbers without exponents, the break-even in words, a run that was not long enough."""

from __future__ import annotations

from typing import Any

import pytest

from flopt.cli.comparison_table import print_sides

SIDE = {"energy_kwh": 2e-3, "co2e_kg": 1e-3, "co2e_kg_low": 5e-4, "co2e_kg_high": 2e-3}
FACTS: dict[str, Any] = {
    "task": "digits/natural/mlp",
    "fleet": "phones_europe",
    "network": "router",
    "federated": {**SIDE, "origin": "plan given", "accuracy": None, "accuracy_kind": "unknown before training"},
    "centralised": {
        **SIDE,
        "device": "gpu_v100",
        "device_scope": "chip",
        "country": "DEU",
        "pue": 1.1,
        "duration_s": 2.0,
        "samples": 12345.0,
        "epochs": None,
        "accuracy": None,
        "reached": None,
        "features": None,
        "upload_co2e_kg": 1e-4,
        "upload_co2e_kg_low": 1e-4,
        "upload_co2e_kg_high": 1e-4,
    },
    "ratio": 1264.9,
    "ratio_low": 409.6,
    "ratio_high": 38611.0,
    "break_even_clients_g_per_kwh": 12.34,
    "break_even_data_centre_g_per_kwh": 434600.0,
    "by_country": [
        {"country": "SWE", "g_per_kwh": 35.8, "federated_kg": 1e-4, "centralised_kg": 2e-5, "ratio": 0.1},
    ],
}


def printed(capsys: pytest.CaptureFixture[str], **changed: object) -> str:
    centre = {**FACTS["centralised"], **{k: v for k, v in changed.items() if k in FACTS["centralised"]}}
    print_sides({**FACTS, "centralised": centre, **{k: v for k, v in changed.items() if k in FACTS}})
    return capsys.readouterr().out


def test_both_sides_their_ratio_and_the_break_even(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys).splitlines()
    assert lines[:3] == [
        "task         digits/natural/mlp; fleet phones_europe; network router",
        "federated    plan given; accuracy unknown before training",
        "centralised  gpu_v100 (chip) in DEU, PUE 1.1; the same FLOP, 1.234e+04 samples in 2 s (predicted)",
    ]
    assert "federated / centralised: 1,260 (410-38,600)" in lines
    assert "break-even: clients' grids at 12.3 g/kWh, or the data centre's grid at 435,000 g/kWh" in lines
    assert [line.split() for line in lines if line.startswith("SWE")] == [
        ["SWE", "35.8", "100", "mg", "20", "mg", "0.1"]
    ]
    assert sum("1 g (0.5-2)" in line for line in lines) == 2


def test_the_raw_data_have_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "of it raw data" not in printed(capsys)
    assert [line.split()[-2:] for line in printed(capsys, features=64).splitlines() if "raw data" in line] == [
        ["100", "mg"]
    ]


def test_no_break_even_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, break_even_clients_g_per_kwh=None, break_even_data_centre_g_per_kwh=None)
    assert "break-even: no grid of the clients is clean enough, or none of the data centre" in out


@pytest.mark.parametrize("reached", [True, False])
def test_a_measured_run_says_how_long_it_was_and_whether_long_enough(
    capsys: pytest.CaptureFixture[str], reached: bool
) -> None:
    out = printed(capsys, epochs=200, accuracy=0.91, reached=reached)
    assert "accuracy 0.9100 after 200 epochs (measured), 2 s (predicted)" in out
    assert ("not reached in 200 epochs: its kilograms are too few, the ratio too high" in out) != reached
