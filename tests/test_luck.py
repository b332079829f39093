"""Luck: the variances that were put into runs are found again."""

from __future__ import annotations

import numpy as np
import pytest
from noisy_runs import Noisy

from flopt.search.luck import Curve, Fit, fit_variance, jitter_of, luck_of, roughness, spread_of


def test_a_power_law_is_found_in_squares() -> None:
    generator = np.random.default_rng(0)
    clients, rounds = np.exp(generator.uniform(0, 4, 4000)), np.exp(generator.uniform(0, 4, 4000))
    truth = Fit(-6.0, -0.9, -0.4)
    variance = np.array([truth.at(k, np.array([r]))[0] for k, r in zip(clients, rounds, strict=True)])
    squares = variance * generator.chisquare(1, 4000)
    found = fit_variance(clients, rounds, squares, Fit(-3.0, 0.0, 0.0))
    assert found.level == pytest.approx(truth.level, abs=0.1)
    assert (found.clients, found.rounds) == pytest.approx((-0.9, -0.4), abs=0.08)


def test_without_squares_the_usual_law_stands() -> None:
    usual = Fit(-5.0, -0.8, -0.7)
    found = fit_variance(np.empty(0), np.empty(0), np.empty(0), usual)
    assert (found.level, found.clients, found.rounds) == pytest.approx((-5.0, -0.8, -0.7))


def test_at_ten_clients_and_round_ten_the_level_stands() -> None:
    assert Fit(np.log(0.04), -0.8, -0.7).at(10, np.array([10.0])) == pytest.approx(0.04)
    assert Fit(np.log(0.04), -1.0, 0.0).at(20, np.array([10.0])) == pytest.approx(0.02)


@pytest.mark.parametrize(("jitter", "off"), [(0.01, 0.5), (0.05, 0.3)])
def test_jitter_is_the_roughness_of_curves_and_not_their_slope(jitter: float, off: float) -> None:
    noisy = Noisy.drawn(np.random.default_rng(3))
    noisy = Noisy(noisy.truth, noisy.cost, noisy.clients, luck=0.05, jitter=jitter)
    curves = [Curve(plan, 0, float(noisy.clients[plan]), noisy.run(plan, 0)) for plan in range(40)]
    found = np.sqrt(jitter_of(curves).at(10, np.array([10.0, 40.0])))
    # The luck of these runs moves by 0.02 within a round at round 10, which tells where the jitter is 0.005.
    assert found == pytest.approx(jitter * np.array([10.0, 40.0]) ** -0.3, rel=off)


def test_what_bends_over_log_rounds_is_not_rough_and_noise_is() -> None:
    place = np.log(np.arange(1.0, 60))
    assert np.abs(roughness(2 - 0.7 * place + 0.3 * place**2 - 0.05 * place**3)).max() < 1e-7
    noise = np.random.default_rng(0).normal(size=(2000, 59))
    variance = np.array([roughness(each) for each in noise]).var(axis=0)
    np.testing.assert_allclose(variance, 1.0, atol=0.15)  # in every window, the first ones too


def test_smooth_curves_have_no_jitter() -> None:
    curves = [Curve(plan, 0, 5.0, np.full(20, plan / 10)) for plan in range(5)]
    assert np.sqrt(jitter_of(curves).at(5, np.arange(1.0, 20))).max() < 1e-5


def test_luck_is_the_distance_of_repeats_and_its_share_what_plans_have_in_common() -> None:
    generator, knots = np.random.default_rng(4), np.array([1.0, 4.0, 16.0])
    common = generator.normal(size=(6, 3))
    curves, found = [], []
    for plan in range(60):
        for seed in range(6):
            curves.append(Curve(plan, seed, 10.0, np.linspace(0, 1, 16)))
            found.append(plan / 60 + 0.05 * (np.sqrt(0.7) * common[seed] + np.sqrt(0.3) * generator.normal(size=3)))
    luck = luck_of(curves, knots, np.array(found), np.zeros((360, 3)), jitter_of(curves))
    drawn = 0.05 * np.sqrt(0.3 + 0.7 * common.var(ddof=1))  # six seeds: the common part is what was drawn
    assert np.sqrt(luck.fit.at(10, knots)).mean() == pytest.approx(drawn, rel=0.25)
    assert luck.shared == pytest.approx(0.7, abs=0.2)


def test_without_repeats_luck_is_the_usual_or_a_few_times_the_jitter() -> None:
    knots = np.array([1.0, 4.0, 16.0])
    noisy = Noisy.drawn(np.random.default_rng(5))
    rough = [Curve(plan, 0, 10.0, noisy.run(plan, 0)) for plan in range(10)]
    smooth = [Curve(plan, 0, 10.0, np.full(20, plan / 10)) for plan in range(10)]
    at = np.full((10, 3), 0.5)
    assert np.sqrt(luck_of(rough, knots, at, 0 * at, jitter_of(rough)).fit.at(10, np.array([10.0]))) == pytest.approx(
        0.1 * spread_of(rough), rel=1e-6
    )
    assert np.sqrt(luck_of(smooth, knots, at, 0 * at, jitter_of(smooth)).fit.at(10, knots)).max() < 1e-4
