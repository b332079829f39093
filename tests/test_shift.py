"""Shifting: the best start hour in hindsight, by hand on a grid of one's own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions.pricer import Pricer
from flopt.emissions.shift import Shift, best_start
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.study import study_of

PROBLEM = problem_of(study_of({"fleet": {"use": "jetson_lab"}, "pricing": {"country": "FRA", "final_push": "none"}}))
WORK = PROBLEM.work(Plan(rounds=5))
BEGIN = datetime(2019, 6, 1, tzinfo=UTC)


def priced_on(intensities: list[float], folder: Path, start: str = "2019-06-01T00:00") -> Pricer:
    """The lab on a grid of these hourly intensities, from midnight on."""
    hours = [f"FRA,{BEGIN + timedelta(hours=n):%Y-%m-%dT%H:%M}Z,{g!r}" for n, g in enumerate(intensities)]
    file = folder / "grid.csv"
    file.write_text("country,time,g_per_kwh\n" + "\n".join(hours) + "\n", encoding="utf-8")
    return replace(PROBLEM.pricer, pricing=replace(PROBLEM.pricing, grid=str(file), start=start))


def test_the_cleanest_hour_wins_and_the_saving_is_its_share(tmp_path: Path) -> None:
    # The rounds last far less than an hour, so that each start pays its own hour: 100 against 400 saves three quarters.
    found = best_start(priced_on([400, 300, 100, 200, 50], tmp_path), WORK, 5, 3)
    assert (found.start, found.best_start) == ("2019-06-01T00:00", "2019-06-01T02:00")
    assert found.saving == pytest.approx(0.75, rel=1e-9)
    assert found.best_co2e_kg == pytest.approx(found.co2e_kg / 4, rel=1e-9)


def test_the_last_hour_of_the_window_belongs_to_it(tmp_path: Path) -> None:
    pricer = priced_on([400, 300, 100, 200, 50], tmp_path)
    assert best_start(pricer, WORK, 5, 4).best_start == "2019-06-01T04:00"
    assert best_start(pricer, WORK, 5, 1).best_start == "2019-06-01T01:00"


def test_the_given_start_stays_where_none_is_better_and_the_first_of_equals_is_taken(tmp_path: Path) -> None:
    stays = best_start(priced_on([100, 400, 100, 400], tmp_path), WORK, 5, 3)
    assert (stays.best_start, stays.saving) == (stays.start, 0)
    level = best_start(priced_on([200] * 6, tmp_path), WORK, 5, 4)
    assert level.best_start == level.start
    assert level.saving == pytest.approx(0, abs=1e-12)


def test_a_start_within_an_hour_and_its_time_zone_are_kept_as_utc(tmp_path: Path) -> None:
    pricer = priced_on([400, 300, 100, 200], tmp_path, "2019-06-01T02:30+02:00")
    found = best_start(pricer, WORK, 5, 2)
    assert (found.start, found.best_start) == ("2019-06-01T00:30", "2019-06-01T02:30")


def test_it_is_the_best_of_the_prices_that_each_start_has(tmp_path: Path) -> None:
    grid = np.random.default_rng(5).uniform(20, 600, 30).round(1).tolist()
    pricer = priced_on(grid, tmp_path)
    kg = []
    for hour in range(25):
        start = f"{BEGIN + timedelta(hours=hour):%Y-%m-%dT%H:%M}"
        moved = replace(pricer, pricing=replace(pricer.pricing, start=start))
        kg.append(float(moved.along(WORK, 5).co2e_kg.total[..., -1]))
    found = best_start(pricer, WORK, 5, 24)
    assert (found.co2e_kg, found.best_co2e_kg) == (kg[0], min(kg))
    assert found.best_start == f"{BEGIN + timedelta(hours=int(np.argmin(kg))):%Y-%m-%dT%H:%M}"


def test_on_the_hours_of_2019_a_longer_window_never_saves_less() -> None:
    pricer = replace(PROBLEM.pricer, pricing=replace(PROBLEM.pricing, start="2019-06-01T13:00"))
    savings = [best_start(pricer, WORK, 5, hours).saving for hours in (1, 12, 48)]
    assert savings == sorted(savings)
    assert 0 < savings[-1] < 1


@given(st.floats(1e-9, 10), st.floats(0, 1))
def test_a_saving_is_a_share(kg: float, part: float) -> None:
    assert Shift("a", kg, "b", kg * part).saving == pytest.approx(1 - part, abs=1e-9)


def test_nothing_emitted_saves_nothing() -> None:
    assert Shift("a", 0.0, "b", 0.0).saving == 0


def test_it_needs_a_start_a_window_and_hours_with_data(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=re.escape("shift: it needs a start hour (--start)")):
        best_start(PROBLEM.pricer, WORK, 5, 24)
    pricer = priced_on([400, 300, 100, 200], tmp_path)
    with pytest.raises(FloptError, match=re.escape("shift = 0 h: must be at least 1 h")):
        best_start(pricer, WORK, 5, 0)
    with pytest.raises(FloptError) as error:
        best_start(pricer, WORK, 5, 24)
    assert "\n" not in str(error.value)
    assert "2019-06-01" in str(error.value)
