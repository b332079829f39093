"""Quantities are printed with three digits, an SI prefix and their unit."""

from __future__ import annotations

import pytest

from flopt.units import BITS_PER_BYTE, BYTES_PER_GB, G_PER_KG, J_PER_KWH, quantity, quantity_range


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


@pytest.mark.parametrize(
    ("central", "low", "high", "unit", "text"),
    [
        (0.42, 0.21, 0.80, "kg", "420 g (210-800)"),
        (2.02e-6, 1.36e-6, 3.58e-6, "kg", "2.02 mg (1.36-3.58)"),
        (6.27e-7, 9.38e-8, 4.42e-6, "kWh", "627 µWh (93.8-4420)"),  # the ends keep the unit of the value
        (150, 90, 9000, "s", "2.5 min (1.5-150)"),
        (0.0427, 0.0285, 0.0725, "s", "42.7 ms (28.5-72.5)"),
        (12.3456, 1.23456, 123.456, "L", "12.35 L (1.23-123)"),
        (0.0, 0.0, 2.0, "kg", "0 g (0-2000)"),
    ],
)
def test_a_range_is_printed_in_the_unit_of_its_value(
    central: float, low: float, high: float, unit: str, text: str
) -> None:
    assert quantity_range(central, low, high, unit) == text


@pytest.mark.parametrize(
    ("central", "low", "high", "text"),
    [(2.5, 2.5, 2.5, "2.5 kg"), (2.5, float("nan"), 3, "2.5 kg"), (float("inf"), 1, float("inf"), "inf kg")],
)
def test_without_a_width_or_with_an_end_unknown_there_is_no_range(
    central: float, low: float, high: float, text: str
) -> None:
    assert quantity_range(central, low, high, "kg") == text
