from __future__ import annotations

import json
from pathlib import Path

import pytest
from _factor import Needed, of_means, of_medians, runs_needed
from hypothesis import given
from hypothesis import strategies as st

from flopt.errors import FloptError


def needed(*runs: float) -> list[Needed]:
    """Negative ones made so many runs, and did not get there."""
    return [Needed(abs(each), reached=each > 0) for each in runs]


def test_without_any_spread_a_factor_is_the_ratio() -> None:
    assert str(of_means([30.0, 30.0], [1.5, 1.5])) == "20x (20x to 20x)"
    assert str(of_means([30.0], [1.5]) * of_medians(needed(60), needed(20))) == "60x (60x to 60x)"


def test_means_are_weighed_and_medians_are_not() -> None:
    assert of_means([10.0, 50.0], [1.0, 2.0]).value == 20
    assert of_medians(needed(10, 60, 1000), needed(20, 30, 30)).value == 2
    draws = of_means([10.0, 50.0], [1.0]).least
    assert (min(draws), max(draws)) == (10, 50)


@pytest.mark.parametrize(
    ("theirs", "ours", "told"),
    [
        (needed(-120), needed(10), "> 12x (> 12x to > 12x)"),  # it needs more than the 120 runs that it made
        (needed(50), needed(-100), "< 0.5x (< 0.5x to < 0.5x)"),
        (needed(-50), needed(-100), "unknown (unknown to unknown)"),
    ],
)
def test_who_never_got_there_gives_a_bound(theirs: list[Needed], ours: list[Needed], told: str) -> None:
    assert str(of_medians(theirs, ours)) == told


def test_a_product_with_a_bound_is_one() -> None:
    assert str(of_means([30.0], [1.5]) * of_medians(needed(-60), needed(20))) == "> 60x (> 60x to > 60x)"


def test_a_censored_search_that_cannot_move_the_median_leaves_it_exact() -> None:
    assert str(of_medians(needed(20, 30, -900), needed(10))).startswith("3x (")
    assert str(of_medians(needed(20, -25, 900), needed(10))).startswith("> 2.5x (")  # the median is 25 to 900


@given(
    reached=st.lists(st.integers(1, 50), min_size=1, max_size=7),
    censored=st.lists(st.tuples(st.integers(1, 50), st.integers(1, 1000)), max_size=7),
)
def test_what_a_longer_race_would_find_lies_within_the_bounds(
    reached: list[int], censored: list[tuple[int, int]]
) -> None:
    found = of_medians(needed(*reached, *(-made for made, _ in censored)), needed(10))
    later = of_medians(needed(*reached, *(made + more for made, more in censored)), needed(10))
    assert (found.least <= later.least).all()
    assert (later.most <= found.most).all()


def test_the_races_file_gives_runs_by_method_and_seed(tmp_path: Path) -> None:
    file = tmp_path / "race.json"
    row = {"runs": [12, None], "made": [150, 160], "rounds": [300.0, None]}
    file.write_text(json.dumps({"target": 0.9, "methods": {"tpe": row}}))
    assert runs_needed(file) == {"tpe": needed(12, -160)}
    for text in ("[]", json.dumps({"methods": {"tpe": {"runs": [12, None]}}})):  # the latter is an older race's
        file.write_text(text)
        with pytest.raises(FloptError, match="no result of today's search race"):
            runs_needed(file)
    with pytest.raises(FloptError, match="No such file"):
        runs_needed(tmp_path / "none.json")
