"""Quantities are printed with three digits, an SI prefix and their unit."""

from __future__ import annotations

import pytest

from flopt.units import BITS_PER_BYTE, BYTES_PER_GB, G_PER_KG, J_PER_KWH, quantity


def test_constants() -> None:
    assert J_PER_KWH == 1000 * 3600
    assert (BITS_PER_BYTE, BYTES_PER_GB, G_PER_KG) == (8, 10**9, 1000)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4.2e-6, "kg", "4.2 mg"),
        (0.0123, "kg", "12.3 g"),
        (2.5, "kg", "2.5 kg"),
        (1.5e-6, "kWh", "1.5 mWh"),
        (12.5, "kWh", "12.5 kWh"),
        (407_080, "byte", "407 kB"),
        (5.716e9, "byte", "5.72 GB"),
        (0.0, "kg", "0 g"),
        (-3.0, "kg", "-3 kg"),
        (1e-15, "kg", "0.001 ng"),
        (3e16, "byte", "30000 TB"),
    ],
)
def test_a_prefix_fits_the_size(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@pytest.mark.parametrize(("value", "unit", "text"), [(999.6, "W", "1 kW"), (999.4, "W", "999 W"), (0.9996, "s", "1 s")])
def test_rounding_comes_before_the_prefix(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (2e-5, "20 µs"), (0.25, "250 ms"), (90, "90 s"), (150, "2.5 min"), (5400, "90 min"), (9000, "2.5 h"),
     (1e7, "2780 h")],
)  # fmt: skip
def test_durations_use_minutes_and_hours(seconds: float, text: str) -> None:
    assert quantity(seconds, "s") == text


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(0.87654, "", "0.8765"), (12.3456, "L", "12.35 L"), (float("nan"), "kg", "nan kg")]
)
def test_other_units_and_no_unit_stay_as_they_are(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text
