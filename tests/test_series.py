"""Series: hours without gaps, means over any interval, times in UTC."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions.series import Series, utc_time
from flopt.errors import FloptError

START = datetime(2019, 1, 1, tzinfo=UTC)


def series(*values: float, start: datetime = START) -> Series:
    return Series("FRA", start, np.array(values), "average", "test", 2019)


DAY = series(*np.random.default_rng(0).uniform(0, 900, 24))


def slow_mean(of: Series, begin: float, end: float) -> float:
    """The mean by definition: hour after hour."""
    parts = [(max(begin, hour), min(end, hour + 1)) for hour in range(len(of))]
    sums = [(stop - go) * value for (go, stop), value in zip(parts, of.g_per_kwh, strict=True) if stop > go]
    return math.fsum(sums) / (end - begin)


def test_hand_worked_means() -> None:
    hours = series(100, 200, 400)
    assert hours.mean_between(0, 1) == 100
    assert hours.mean_between(0, 2) == 150
    assert hours.mean_between(0.5, 2.5) == pytest.approx((50 + 200 + 200) / 2, rel=1e-14)
    assert hours.mean_between(1.75, 2.25) == pytest.approx(300, rel=1e-14)
    assert hours.mean_between(2.2, 2.3) == 400


@given(st.floats(0, 24), st.floats(0, 24))
def test_the_mean_is_exact(one: float, other: float) -> None:
    begin, end = sorted((one, other))
    if end - begin < 1e-9:
        return
    assert DAY.mean_between(begin, end) == pytest.approx(slow_mean(DAY, begin, end), rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(0, 24), min_size=2, max_size=9))
def test_intervals_that_meet_add_up(times: list[float]) -> None:
    at = np.unique(times)
    lengths = np.diff(at)
    total = (DAY.mean_between(at[:-1], at[1:]) * lengths).sum()
    assert total == pytest.approx(float(DAY.mean_between(at[0], at[-1])) * (at[-1] - at[0]), rel=1e-9, abs=1e-9)


def test_arrays_are_broadcast_and_keep_their_shape() -> None:
    means = DAY.mean_between(np.zeros((2, 1)), np.array([1.0, 5.0, 24.0]))
    assert means.shape == (2, 3)
    assert means[1, 2] == pytest.approx(DAY.mean_g_per_kwh, rel=1e-14)


def test_a_flat_series_stays_flat_to_the_last_digit() -> None:
    flat = series(*[44.179] * 8760)
    random = np.random.default_rng(1)
    begin = random.uniform(0, 8000, 1000)
    np.testing.assert_allclose(flat.mean_between(begin, begin + random.uniform(0, 700, 1000)), 44.179, rtol=1e-15)


@pytest.mark.parametrize(("at", "value"), [(0, 100), (0.999, 100), (1, 200), (2.5, 400), (3, 400)])
def test_an_interval_of_no_length_has_the_value_of_its_hour(at: float, value: float) -> None:
    assert series(100, 200, 400).mean_between(at, at) == value


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        (-0.1, 1, "series FRA: hours -0.1 to 1 are outside it; it goes from 2019-01-01T00:00Z to 2019-01-02T00:00Z"),
        (20, 24.5, "series FRA: hours 20 to 24.5 are outside it"),
        (30, 31, "(hours 0 to 24)"),
        (math.nan, 1, "series FRA: hours nan to 1 are outside it"),
        (1, math.inf, "series FRA: hours 1 to inf are outside it"),
        (3, 2, "series FRA: hours 3 to 2 must not end before they begin"),
    ],
)
def test_hours_that_it_does_not_have_are_refused(begin: float, end: float, message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        DAY.mean_between(np.array([0, begin]), np.array([1, end]))


def test_scaling_keeps_the_shape_and_sets_the_mean() -> None:
    scaled = DAY.scaled_to(300)
    assert scaled.mean_g_per_kwh == pytest.approx(300, rel=1e-14)
    np.testing.assert_allclose(scaled.g_per_kwh / DAY.g_per_kwh, 300 / DAY.mean_g_per_kwh)


@pytest.mark.parametrize(
    ("time", "hour"),
    [
        ("2019-01-01", 0),
        ("2019-01-01T13:30", 13.5),
        ("2019-01-01T13:30Z", 13.5),
        ("2019-01-01T13:30+02:00", 11.5),
        (datetime(2019, 1, 1, 6), 6),
        (datetime(2019, 1, 1, 6, tzinfo=timezone(timedelta(hours=-3))), 9),
        (date(2019, 1, 2), 24),
    ],
)
def test_the_hour_of_a_time_which_is_utc_unless_it_says_so(time: str | date, hour: float) -> None:
    assert DAY.hour_of(time) == hour


@pytest.mark.parametrize("time", ["2018-12-31T23:59", "2019-01-02T00:01", "2026-06-01T13:00"])
def test_a_time_outside_is_refused_with_the_span(time: str) -> None:
    message = f"series FRA: {time}Z is outside it; it goes from 2019-01-01T00:00Z to 2019-01-02T00:00Z (hours 0 to 24)"
    with pytest.raises(FloptError, match=re.escape(message)):
        DAY.hour_of(time)


@pytest.mark.parametrize("time", ["noon", "", "2019-13-01", "13:00", 3, None, "0001-01-01T00:00+14:00"])
def test_what_is_no_time_is_one_line(time: object) -> None:
    with pytest.raises(FloptError, match=re.escape(f"here: no time {str(time)!r}; write it as 2019-06-01T13:00 (UTC)")):
        utc_time(time, "here")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1, -2, 3), "series FRA: -2 g/kWh at 2019-01-01T01:00Z; must be at least 0 and below 5000"),
        ((1, 2, math.nan), "series FRA: nan g/kWh at 2019-01-01T02:00Z; must be at least 0"),
        ((5000,), "series FRA: 5000 g/kWh at 2019-01-01T00:00Z"),
        ((), "series FRA: shape (0,); must be (hours,), one hour at least"),
    ],
)
def test_values_that_cannot_be_are_refused_with_place_and_hour(values: tuple[float, ...], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        series(*values)


def test_a_series_has_a_zone_a_kind_and_one_axis() -> None:
    with pytest.raises(FloptError, match="series FRA: start 2019-01-01T00:00:00 has no time zone"):
        series(1, start=datetime(2019, 1, 1))
    with pytest.raises(FloptError, match="series FRA: kind 'mean'; allowed: average, marginal"):
        Series("FRA", START, np.ones(3), "mean", "test", 2019)  # type: ignore[arg-type]
    with pytest.raises(FloptError, match=re.escape("series FRA: shape (2, 3); must be (hours,)")):
        Series("FRA", START, np.ones((2, 3)), "average", "test", 2019)


def test_its_values_are_its_own() -> None:
    values = np.ones(3)
    mine = Series("FRA", START, values, "average", "test", 2019)
    values[:] = 7
    assert mine.mean_between(0, 3) == 1
    with pytest.raises(ValueError, match="read-only"):
        mine.g_per_kwh[0] = 7
