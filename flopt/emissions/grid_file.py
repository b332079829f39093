"""A grid of one's own: annual values or hours from a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import cast, get_args

import numpy as np

from flopt.emissions.grid import Grid, Intensity, annual_grid, check_kinds
from flopt.emissions.series import Kind, Series, utc_time
from flopt.emissions.table import Row, Table, read_table
from flopt.errors import FloptError

__all__ = ["load_grid"]

# Needed columns, and those that may be left out.
_ANNUAL = (("country", "g_per_kwh"), ("year", "source", "kind"))
_HOURLY = (("country", "time", "g_per_kwh"), ("kind",))
_HOUR = timedelta(hours=1)


def load_grid(path: Path | str) -> Grid:
    """The countries of a CSV file, and no others.

    Either annual values, in columns `country,g_per_kwh` and, if wanted, `year`, `source`, `kind`; or hours, in columns
    `country,time,g_per_kwh` and, if wanted, `kind`. A time is the beginning of its hour, in UTC if it names no zone.
    `kind` is `average`, the default, or `marginal`: the same on all rows.
    """
    table = read_table(Path(path))
    columns = set(table.columns)
    for (needed, optional), grid in ((_ANNUAL, _annual), (_HOURLY, _hourly)):
        if set(needed) <= columns <= {*needed, *optional}:
            found = grid(table)
            with _at(f"{table.file}"):
                check_kinds(found.by_country.values())
            return found
    allowed = " or ".join(f"{','.join(needed)}[,{','.join(optional)}]" for needed, optional in (_ANNUAL, _HOURLY))
    raise FloptError(f"{table.file}: columns {','.join(table.columns)}; must be {allowed}")


def _annual(table: Table) -> Grid:
    intensities: dict[str, Intensity] = {}
    for row in table.rows:
        country = _country(row)
        if country in intensities:
            raise FloptError(f"{row.place}: {country} stands there twice")
        value, year, kind = row.number("g_per_kwh"), _year(row), _kind(row)
        with _at(row.place):
            source = row.cells.get("source") or table.file.name
            intensities[country] = Intensity(country, _name(country), value, year, source, kind)
    return Grid(intensities)


def _hourly(table: Table) -> Grid:
    rows: dict[str, dict[datetime, Row]] = {}
    for row in table.rows:
        hours, time = rows.setdefault(_country(row), {}), _time(row)
        if time in hours:
            raise FloptError(f"{row.place}: {row.cells['country']} has {row.cells['time']} twice")
        hours[time] = row
    series = {country: _series(country, hours, table) for country, hours in rows.items()}
    return Grid({country: _mean(each, table) for country, each in series.items()}, partial(dict, series))


def _series(country: str, hours: Mapping[datetime, Row], table: Table) -> Series:
    times = sorted(hours)
    for before, after in pairwise(times):
        if after - before != _HOUR:
            gap = f"{before + _HOUR:%Y-%m-%dT%H:%M}Z"
            raise FloptError(f"{hours[after].place}: {country} has no hour {gap}: a series must have no gap")
    kinds = {_kind(hours[time]) for time in times}
    if len(kinds) > 1:
        raise FloptError(f"{table.file}: {country} is average on some rows and marginal on others")
    values = [hours[time].number("g_per_kwh") for time in times]
    with _at(f"{table.file}"):
        return Series(country, times[0], np.array(values), kinds.pop(), table.file.name, times[0].year)


def _mean(series: Series, table: Table) -> Intensity:
    with _at(f"{table.file}: mean of the hours"):
        name, mean = _name(series.country), series.mean_g_per_kwh
        return Intensity(series.country, name, mean, series.year, series.source, series.kind)


def _country(row: Row) -> str:
    """A country of the shipped grid, or a region of one: USA-TX."""
    country = row.text("country")
    annual_grid().checked(country.partition("-")[0], row.place)
    return country


def _name(country: str) -> str:
    known = annual_grid().by_country.get(country)
    return known.name if known else country


def _kind(row: Row) -> Kind:
    kind = row.cells.get("kind") or "average"
    if kind not in get_args(Kind):
        raise FloptError(f"{row.place}: kind {kind!r}; allowed: average, marginal")
    return cast(Kind, kind)


def _year(row: Row) -> int | None:
    text = row.cells.get("year")
    if not text:
        return None
    if not (text.isdecimal() and len(text) == 4):
        raise FloptError(f"{row.place}: year = {text!r}: must be a year such as 2024")
    return int(text)


def _time(row: Row) -> datetime:
    time = utc_time(row.text("time"), row.place)
    if time.minute or time.second or time.microsecond:
        raise FloptError(f"{row.place}: time {row.cells['time']!r}: must be the beginning of an hour")
    return time


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Open an error with its place."""
    try:
        yield
    except FloptError as error:
        raise FloptError(f"{place}: {error}") from None
