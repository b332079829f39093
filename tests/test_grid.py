"""The grid: 212 sourced values, and no default for a country that is not among them."""

from __future__ import annotations

import re

import pytest

from flopt.emissions.grid import Grid, Intensity, annual_grid
from flopt.errors import FloptError

FRANCE = Intensity("FRA", "France", 44.2, 2024, "a table")


def test_212_countries_each_with_name_year_and_source() -> None:
    grid = annual_grid().by_country
    assert len(grid) == 212
    for code, intensity in grid.items():
        assert re.fullmatch("[A-Z]{3}", code)
        assert intensity.country == code
        assert intensity.name
        assert intensity.source
        assert 2000 <= intensity.year <= 2026
        assert 10 < intensity.g_per_kwh < 1400  # hydropower to old gas turbines


def test_known_grids_are_where_they_should_be() -> None:
    grid = annual_grid()
    assert grid["FRA"].g_per_kwh < 100 < grid["DEU"].g_per_kwh < 500 < grid["POL"].g_per_kwh
    assert grid["DEU"].name == "Germany"


@pytest.mark.parametrize(
    ("country", "message"),
    [
        ("France", "no country 'France'; did you mean 'FRA'?"),
        ("fRaNcE", "no country 'fRaNcE'; did you mean 'FRA'?"),
        ("deu", "no country 'deu'; did you mean 'DEU'"),
        ("FRX", "no country 'FRX'; did you mean 'FR"),
        ("", "no country ''; allowed: ABW, AFG, "),
        ("?", "no country '?'; allowed: ABW, AFG, "),
    ],
)
def test_an_unknown_country_is_an_error_with_the_nearest_name(country: str, message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        annual_grid()[country]


def test_a_checked_country_is_given_back_or_refused_with_its_place() -> None:
    assert annual_grid().checked("POL", "here") == "POL"
    with pytest.raises(FloptError, match=r"here: no country 'Poland'; did you mean 'POL'\?"):
        annual_grid().checked("Poland", "here")


@pytest.mark.parametrize("country", [None, 3, True, ["FRA"], {"FRA": 1}, 1.5])
def test_what_is_no_text_is_no_country(country: object) -> None:
    with pytest.raises(FloptError, match=re.escape(f"here: no country {str(country)!r}; ")):
        annual_grid().checked(country, "here")


def test_a_grid_of_ones_own() -> None:
    grid = Grid({"FRA": FRANCE})
    assert grid["FRA"] is FRANCE
    with pytest.raises(FloptError, match="no country 'DEU'; allowed: FRA"):
        grid["DEU"]


@pytest.mark.parametrize("g_per_kwh", [0, -1, 5000, float("nan"), float("inf")])
def test_an_intensity_is_above_0_and_below_5000(g_per_kwh: float) -> None:
    message = f"grid FRA: {g_per_kwh} g/kWh; must be above 0 and below 5000"
    with pytest.raises(FloptError, match=re.escape(message)):
        Intensity("FRA", "France", g_per_kwh, 2024, "a table")
