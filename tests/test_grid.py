"""The grid: 212 sourced values, and no default for a country that is not among them."""

from __future__ import annotations

import pickle
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from flopt.emissions.grid import Grid, Intensity, annual_grid, check_kinds, grid_of_number, hourly
from flopt.emissions.series import Series
from flopt.errors import FloptError

FRANCE = Intensity("FRA", "France", 44.2, 2024, "a table")


def test_212_countries_each_with_name_year_and_source() -> None:
    grid = {code: each for code, each in annual_grid().by_country.items() if each.kind == "average"}
    assert len(grid) == 212
    for code, intensity in grid.items():
        assert re.fullmatch("[A-Z]{3}", code)
        assert intensity.country == code
        assert intensity.name
        assert intensity.source
        assert intensity.year is not None
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


def test_a_kind_is_average_or_marginal() -> None:
    with pytest.raises(FloptError, match="grid FRA: kind 'mean'; allowed: average, marginal"):
        Intensity("FRA", "France", 44.2, 2024, "a table", "mean")  # type: ignore[arg-type]


def with_hours() -> list[str]:
    return [code for code, series in annual_grid().shapes().items() if series.kind == "average"]


def test_25_countries_have_hours() -> None:
    assert len(with_hours()) == 25
    assert {"DEU", "FRA", "POL", "SWE", "GBR"} <= set(with_hours())


@pytest.mark.parametrize("country", with_hours())
def test_hours_are_at_the_level_of_the_annual_mean(country: str) -> None:
    series, intensity = hourly(country), annual_grid()[country]
    assert (len(series), series.start, series.kind) == (8760, datetime(2019, 1, 1, tzinfo=UTC), "average")
    assert series.mean_g_per_kwh == pytest.approx(intensity.g_per_kwh, rel=1e-13)
    assert float(series.mean_between(0, 8760)) == pytest.approx(intensity.g_per_kwh, rel=1e-13)
    assert series.year == intensity.year
    assert "ENTSO-E" in series.source
    assert intensity.source in series.source


@pytest.mark.parametrize("country", ["NLD", "SWE"])
def test_a_distorted_level_is_told(country: str) -> None:
    assert f"{country}: its level is distorted" in hourly(country).source
    assert "distorted" not in hourly("FRA").source


def test_california_is_marginal() -> None:
    series = hourly("USA-CA")
    assert (series.kind, series.start, len(series)) == ("marginal", datetime(2020, 1, 1, tzinfo=UTC), 8784)
    assert annual_grid()["USA-CA"].kind == "marginal"
    assert "CC BY 4.0" in series.source


@pytest.mark.parametrize(
    ("country", "message"),
    [
        ("USA", "no hours of average intensity for USA; there are hours for: AUT, BEL, "),
        ("Poland", "no country 'Poland'; did you mean 'POL'?"),
    ],
)
def test_a_country_without_hours_is_an_error_that_lists_those_with(country: str, message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)) as caught:
        hourly(country)
    assert "USA-CA" not in str(caught.value)


def test_one_number_for_all_countries_has_no_hours() -> None:
    grid = grid_of_number(300)
    assert grid["FRA"] == Intensity("FRA", "France", 300, None, "the user")
    assert {each.g_per_kwh for each in grid.by_country.values()} == {300}
    with pytest.raises(
        FloptError, match=re.escape("no hours of average intensity for FRA; there are hours for: (none)")
    ):
        grid.series("FRA")
    with pytest.raises(FloptError, match="g/kWh; must be above 0 and below 5000"):
        grid_of_number(-1)


def test_an_updated_grid_keeps_the_rest_and_scales_the_hours() -> None:
    grid = annual_grid().updated(Grid({"FRA": FRANCE}))
    assert grid["FRA"] is FRANCE
    assert grid["DEU"] == annual_grid()["DEU"]
    scaled = grid.series("FRA")
    assert scaled.mean_g_per_kwh == pytest.approx(44.2, rel=1e-13)
    np.testing.assert_allclose(scaled.g_per_kwh / hourly("FRA").g_per_kwh, 44.2 / hourly("FRA").mean_g_per_kwh)


def test_a_grid_travels_to_another_process() -> None:
    grid = pickle.loads(pickle.dumps(annual_grid().updated(Grid({"FRA": FRANCE}))))
    assert grid["FRA"] == FRANCE
    assert grid.series("FRA").mean_g_per_kwh == pytest.approx(44.2, rel=1e-13)


def test_hours_of_another_kind_are_not_taken() -> None:
    marginal = Intensity("FRA", "France", 300, 2024, "mine", "marginal")
    with pytest.raises(FloptError, match="no hours of marginal intensity for FRA; there are hours for: USA-CA"):
        annual_grid().updated(Grid({"FRA": marginal})).series("FRA")


def test_marginal_and_average_never_meet() -> None:
    grid = annual_grid()
    assert check_kinds([grid["FRA"], hourly("DEU")]) == "average"
    assert check_kinds([grid["USA-CA"], hourly("USA-CA")]) == "marginal"
    assert check_kinds([]) == "average"
    mine = Series("POL", datetime(2025, 1, 1, tzinfo=UTC), np.ones(3), "marginal", "mine", 2025)
    message = (
        "marginal and average intensities cannot be added up in one price (average: DEU, FRA; marginal: POL, USA-CA)"
    )
    with pytest.raises(FloptError, match=re.escape(message)):
        check_kinds([grid["FRA"], hourly("USA-CA"), grid["DEU"], mine, grid["FRA"]])
