"""The rate: kilograms for one more point of accuracy, by hand and as a law."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.fronts import Front
from flopt.reading.rate import front_rates, rate, run_rates
from flopt.results import Results, open_results, rescored


@pytest.fixture(scope="module")
def results(analytic_study: Path) -> Results:
    return open_results(analytic_study)


def test_the_price_of_a_point_by_hand() -> None:
    # From 0.50 to 0.60, ten points, for 2 kg: 0.2 kg each. Then 0.55 is no rise; 0.65 is five points more for 6 kg.
    found = rate([0.50, 0.60, 0.55, 0.60, 0.65], [1.0, 3.0, 5.0, 7.0, 9.0])
    np.testing.assert_allclose(found, [np.nan, 0.2, np.nan, np.nan, 1.2], rtol=1e-12)


def test_one_entry_has_nothing_to_rise_from_and_none_is_none() -> None:
    assert np.isnan(rate([0.5], [1.0])).tolist() == [True]
    assert rate([], []).shape == (0,)


ACCURACIES = st.lists(st.integers(0, 1000).map(lambda thousandth: thousandth / 1000), min_size=1, max_size=40)


@given(ACCURACIES, st.integers(0, 2**32 - 1))
def test_the_points_gained_times_their_rates_are_what_was_emitted_up_to_the_last_rise(
    accuracies: list[float], seed: int
) -> None:
    kg = np.cumsum(np.random.default_rng(seed).uniform(0.1, 2, len(accuracies)))
    found, best = rate(accuracies, kg), np.maximum.accumulate(accuracies)
    rises = np.flatnonzero(np.diff(best, prepend=best[0]) > 0)
    assert np.flatnonzero(~np.isnan(found)).tolist() == rises.tolist()
    assert (found[rises] > 0).all()
    paid = sum(found[r] * (best[r] - best[r - 1]) / 0.01 for r in rises)
    last = rises[-1] if len(rises) else 0
    assert paid == pytest.approx(kg[last] - kg[0], rel=1e-9, abs=1e-12)


@given(ACCURACIES, st.floats(0.01, 100))
def test_a_dirtier_grid_makes_every_point_dearer_in_proportion(accuracies: list[float], factor: float) -> None:
    kg = np.arange(1.0, len(accuracies) + 1)
    np.testing.assert_allclose(rate(accuracies, factor * kg), factor * rate(accuracies, kg), rtol=1e-12)


def test_along_a_run_it_is_the_rate_of_its_rounds(results: Results) -> None:
    run = results.candidates()[0].run
    assert run.whole_trace is not None
    found = run_rates(run)
    assert found.shape == (run.length,)
    np.testing.assert_array_equal(found, rate(run.whole_trace.accuracy, run.footprint.co2e_kg.total))


def test_along_a_front_of_accuracy_and_co2e_it_is_from_point_to_point(results: Results) -> None:
    front = results.front()
    found = front_rates(front)
    assert np.isnan(found[0])
    for row, (before, after) in enumerate(pairwise(front.points), start=1):
        gained = after.run.accuracy - before.run.accuracy
        assert found[row] == pytest.approx((after.run.co2e_kg - before.run.co2e_kg) / gained * 0.01, rel=1e-9, abs=0)


def test_a_front_sorted_by_another_cost_keeps_the_order_of_its_points(results: Results) -> None:
    front = rescored(results, ["accuracy", "co2e", "duration"]).front()
    found = front_rates(front)
    assert len(found) == len(front)
    cheap = min(range(len(front)), key=lambda row: front.points[row].run.co2e_kg)
    best = max(range(len(front)), key=lambda row: front.points[row].run.accuracy)
    assert np.isnan(found[cheap])
    assert found[best] > 0
    assert front_rates(Front(front.objectives, ())).shape == (0,)
