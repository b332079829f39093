"""The grid: how much CO2e a kilowatt-hour carries in each country, on average over a year and by hour."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import get_args

import numpy as np

from flopt.emissions.series import MOST_G_PER_KWH, Kind, Series
from flopt.errors import FloptError, nearest
from flopt.toml_file import read_toml

__all__ = ["Grid", "Intensity", "annual_grid", "check_kinds", "grid_of_number", "hourly"]

_DATA = Path(__file__).parent / "data"


Shapes = Callable[[], Mapping[str, Series]]


@dataclass(frozen=True)
class Intensity:
    """Life-cycle intensity of one country's electricity, on average over a year."""

    country: str
    """ISO 3166 alpha-3 code, or one of its subdivisions such as USA-CA."""
    name: str
    g_per_kwh: float
    """g CO2e per kWh."""
    year: int | None
    """None where the user gave no year."""
    source: str
    kind: Kind = "average"

    def __post_init__(self) -> None:
        if not 0 < self.g_per_kwh < MOST_G_PER_KWH:
            allowed = f"must be above 0 and below {MOST_G_PER_KWH}"
            raise FloptError(f"grid {self.country}: {self.g_per_kwh} g/kWh; {allowed}")
        if self.kind not in get_args(Kind):
            raise FloptError(f"grid {self.country}: kind {self.kind!r}; allowed: average, marginal")


@dataclass(frozen=True)
class Grid:
    """Intensities by country; a country that is not in it is an error, never a default."""

    by_country: Mapping[str, Intensity]
    shapes: Shapes = dict
    """Gives the hours of the countries that have any; called when hours are first asked for."""

    def __getitem__(self, country: str) -> Intensity:
        found = self.by_country.get(country)
        if found is None:
            raise FloptError(f"no country {country!r}; {self._near(country)}")
        return found

    def series(self, country: str) -> Series:
        """The hours of a country, at the level of its annual mean: CI(hour) = annual mean x shape / mean(shape)."""
        intensity, shapes = self[country], self.shapes()
        shape = shapes.get(country)
        if shape is None or shape.kind != intensity.kind:
            with_hours = [code for code, each in shapes.items() if each.kind == intensity.kind]
            listed = ", ".join(sorted(with_hours)) or "(none)"
            raise FloptError(f"no hours of {intensity.kind} intensity for {country}; there are hours for: {listed}")
        if intensity.source == shape.source:
            return shape
        source = f"{shape.source}; level: {intensity.source}"
        year = shape.year if intensity.year is None else intensity.year
        return replace(shape.scaled_to(intensity.g_per_kwh), year=year, source=source)

    def updated(self, other: Grid) -> Grid:
        """This grid with the countries and the hours of another put over it.

        Where the other brings a new annual mean and no hours, the hours that were there are scaled to it.
        """
        return Grid({**self.by_country, **other.by_country}, partial(_over, self.shapes, other.shapes))

    def checked(self, country: object, place: str) -> str:
        """The country as it was written, if the grid has it; `place` opens the error if not."""
        try:
            return self[str(country)].country
        except FloptError as error:
            raise FloptError(f"{place}: {error}") from None

    def _near(self, country: str) -> str:
        for intensity in self.by_country.values():
            if intensity.name.casefold() == country.casefold():
                return f"did you mean {intensity.country!r}?"
        return nearest(country, self.by_country)


def _over(shapes: Shapes, others: Shapes) -> Mapping[str, Series]:
    return {**shapes(), **others()}


def check_kinds(priced: Iterable[Intensity | Series]) -> Kind:
    """The one kind of all that goes into a price; a marginal value beside an average one is an error."""
    countries: dict[Kind, set[str]] = {"average": set(), "marginal": set()}
    for each in priced:
        countries[each.kind].add(each.country)
    if all(countries.values()):
        who = "; ".join(f"{kind}: {', '.join(sorted(places))}" for kind, places in countries.items())
        raise FloptError(f"marginal and average intensities cannot be added up in one price ({who})")
    return "marginal" if countries["marginal"] else "average"


@lru_cache
def annual_grid() -> Grid:
    """The shipped grid: 212 countries with their latest year, California's marginal rate, and hours where known."""
    return Grid({row["iso3"]: _intensity(row) for row in _rows()}, _shipped_shapes)


def hourly(country: str) -> Series:
    """The shipped hours of a country, at the level of its annual mean."""
    return annual_grid().series(country)


def grid_of_number(g_per_kwh: float, *, kind: Kind = "average", source: str = "the user") -> Grid:
    """One intensity for all countries; it has no hours."""
    shipped = annual_grid().by_country
    return Grid({code: Intensity(code, each.name, g_per_kwh, None, source, kind) for code, each in shipped.items()})


@lru_cache
def _rows() -> list[dict[str, str]]:
    with (_DATA / "grid_annual.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    with (_DATA / "grid_marginal.csv").open(encoding="utf-8", newline="") as lines:
        return rows + list(csv.DictReader(lines))


def _intensity(row: Mapping[str, str]) -> Intensity:
    kind: Kind = "marginal" if row.get("kind") == "marginal" else "average"
    return Intensity(row["iso3"], row["country"], float(row["g_co2e_per_kwh"]), int(row["year"]), row["source"], kind)


@lru_cache
def _shipped_shapes() -> Mapping[str, Series]:
    """25 European countries in 2019, and California's marginal rate in 2020."""
    iso3 = {row["iso2"]: row["iso3"] for row in _rows()}
    shapes = {}
    for entry in read_toml(_DATA / "grid_hourly.toml").values():
        with np.load(_DATA / entry["file"], allow_pickle=False) as content:
            start, values = datetime.fromisoformat(str(content["start"])), content[entry["values"]]
            codes = [iso3[code] for code in content["countries"]] if "countries" in content else [entry["country"]]
        for code, hours in zip(codes, values.reshape(len(values), -1).T, strict=True):
            warning = entry.get("distorted", {}).get(code)
            source = f"{entry['source']}; {code}: {warning}" if warning else entry["source"]
            shapes[code] = Series(code, start, hours, entry["kind"], source, start.year)
    return shapes
