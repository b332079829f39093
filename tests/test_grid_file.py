"""A grid of one's own: annual values or hours, or one line about what is wrong."""

from __future__ import annotations

import pickle
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flopt.emissions.grid import Intensity, annual_grid
from flopt.emissions.grid_file import load_grid
from flopt.errors import FloptError


def write(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_annual_values(tmp_path: Path) -> None:
    grid = load_grid(write(tmp_path, "country,g_per_kwh", "FRA,50", "USA-TX,410.5"))
    assert grid["FRA"] == Intensity("FRA", "France", 50, None, "mine.csv")
    assert grid["USA-TX"] == Intensity("USA-TX", "USA-TX", 410.5, None, "mine.csv")


def test_annual_values_with_everything_in_any_order(tmp_path: Path) -> None:
    grid = load_grid(write(tmp_path, "kind,year,source,g_per_kwh,country", "marginal,2025,my meter,600,DEU"))
    assert grid["DEU"] == Intensity("DEU", "Germany", 600, 2025, "my meter", "marginal")


def test_countries_that_the_file_does_not_have_are_errors(tmp_path: Path) -> None:
    file = write(tmp_path, "country,g_per_kwh", "FRA,50")
    with pytest.raises(FloptError, match="no country 'DEU'; allowed: FRA"):
        load_grid(file)["DEU"]
    assert annual_grid().updated(load_grid(file))["DEU"] == annual_grid()["DEU"]


def test_hours_and_their_mean(tmp_path: Path) -> None:
    lines = ("FRA,2025-01-01T01:00,60", "FRA,2025-01-01T00:00Z,40", "ESP,2025-03-01T02:00+02:00,7")
    grid = load_grid(write(tmp_path, "country,time,g_per_kwh", *lines))
    france = grid.series("FRA")
    assert france.start == datetime(2025, 1, 1, tzinfo=UTC)
    assert france.g_per_kwh.tolist() == [40, 60]
    assert pickle.loads(pickle.dumps(grid)).series("FRA").g_per_kwh.tolist() == [40, 60]
    assert (france.kind, france.source, france.year) == ("average", "mine.csv", 2025)
    assert grid["FRA"] == Intensity("FRA", "France", 50, 2025, "mine.csv")
    assert grid.series("ESP").start == datetime(2025, 3, 1, tzinfo=UTC)


def test_hours_stay_as_they_were_written(tmp_path: Path) -> None:
    rows = [f"FRA,2025-01-01T{hour:02}:00,{hour / 7 + 0.1}" for hour in range(24)]
    found = load_grid(write(tmp_path, "country,time,g_per_kwh", *rows)).series("FRA").g_per_kwh
    assert found.tolist() == [hour / 7 + 0.1 for hour in range(24)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ("place,value", "FRA,3"),
            "{file}: columns place,value; must be country,g_per_kwh[,year,source,kind] or country,time,g_per_kwh[",
        ),
        (("country,g_per_kwh,time,year", "FRA,3,2025-01-01,2025"), "{file}: columns country,g_per_kwh,time,year; must"),
        (("Country,g_per_kwh", "FRA,3"), "{file}: columns Country,g_per_kwh; must be"),
        (("country,g_per_kwh", "FRA,3", "FRA,4"), "{file}: line 3: FRA stands there twice"),
        (("country,g_per_kwh", "FRX,3"), "{file}: line 2: no country 'FRX'; did you mean 'F"),
        (("country,g_per_kwh", "France,3"), "{file}: line 2: no country 'France'; did you mean 'FRA'?"),
        (("country,g_per_kwh", ",3"), "{file}: line 2: country is empty"),
        (("country,g_per_kwh", "FRA,"), "{file}: line 2: g_per_kwh is empty"),
        (("country,g_per_kwh", "FRA,-3"), "{file}: line 2: g_per_kwh = -3: must not be negative"),
        (("country,g_per_kwh", "FRA,0"), "{file}: line 2: grid FRA: 0.0 g/kWh; must be above 0 and below 5000"),
        (("country,g_per_kwh", "FRA,dirty"), "{file}: line 2: g_per_kwh = 'dirty': must be a number"),
        (("country,g_per_kwh,year", "FRA,3,last"), "{file}: line 2: year = 'last': must be a year such as 2024"),
        (("country,g_per_kwh,kind", "FRA,3,mean"), "{file}: line 2: kind 'mean'; allowed: average, marginal"),
        (
            ("country,g_per_kwh,kind", "FRA,3,average", "DEU,3,marginal"),
            "{file}: marginal and average intensities cannot be added up in one price (average: FRA; marginal: DEU)",
        ),
        (
            ("country,time,g_per_kwh", "FRA,2025-01-01T00:00,3", "FRA,2025-01-01T02:00,3"),
            "{file}: line 3: FRA has no hour 2025-01-01T01:00Z: a series must have no gap",
        ),
        (
            ("country,time,g_per_kwh", "FRA,2025-01-01T00:00,3", "FRA,2025-01-01T01:00+01:00,3"),
            "{file}: line 3: FRA has 2025-01-01T01:00+01:00 twice",
        ),
        (
            ("country,time,g_per_kwh", "FRA,2025-01-01T00:30,3"),
            "{file}: line 2: time '2025-01-01T00:30': must be the beginning of an hour",
        ),
        (("country,time,g_per_kwh", "FRA,noon,3"), "{file}: line 2: no time 'noon'; write it as 2019-06-01T13:00"),
        (("country,time,g_per_kwh", "FRA,2025-01-01,-3"), "{file}: line 2: g_per_kwh = -3: must not be negative"),
        (
            ("country,time,g_per_kwh", "FRA,2025-01-01,6e3"),
            "{file}: series FRA: 6000 g/kWh at 2025-01-01T00:00Z; must be at least 0 and below 5000",
        ),
        (("country,time,g_per_kwh", "FRA,2025-01-01,0"), "{file}: mean of the hours: grid FRA: 0.0 g/kWh; must be"),
        (
            ("country,time,g_per_kwh,kind", "FRA,2025-01-01T00:00,3,average", "FRA,2025-01-01T01:00,3,marginal"),
            "{file}: FRA is average on some rows and marginal on others",
        ),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    file = write(tmp_path, *lines)
    with pytest.raises(FloptError, match=re.escape(message.format(file=file))) as caught:
        load_grid(file)
    assert "\n" not in str(caught.value)
