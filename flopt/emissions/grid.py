"""The grid: how much CO2e a kilowatt-hour carries in each country."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flopt.errors import FloptError, nearest

__all__ = ["Grid", "Intensity", "annual_grid"]


@dataclass(frozen=True)
class Intensity:
    """Life-cycle intensity of one country's electricity, on average over a year."""

    country: str
    """ISO 3166 alpha-3 code."""
    name: str
    g_per_kwh: float
    """g CO2e per kWh."""
    year: int
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.g_per_kwh < 5000:
            raise FloptError(f"grid {self.country}: {self.g_per_kwh} g/kWh; must be above 0 and below 5000")


@dataclass(frozen=True)
class Grid:
    """Intensities by country; a country that is not in it is an error, never a default."""

    by_country: Mapping[str, Intensity]

    def __getitem__(self, country: str) -> Intensity:
        found = self.by_country.get(country)
        if found is None:
            raise FloptError(f"no country {country!r}; {self._near(country)}")
        return found

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


@lru_cache
def annual_grid() -> Grid:
    """The shipped table: 212 countries, each with its latest year and source."""
    file = Path(__file__).parent / "data" / "grid_annual.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [_intensity(row) for row in csv.DictReader(lines)]
    return Grid({intensity.country: intensity for intensity in rows})


def _intensity(row: Mapping[str, str]) -> Intensity:
    return Intensity(row["iso3"], row["country"], float(row["g_co2e_per_kwh"]), int(row["year"]), row["source"])
