"""The surrogate: its gradient is exact, it goes through what it was told, and is unsure elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from flopt.search.surrogate import (
    Data,
    Settings,
    _likelihood,
    _shared_noise,
    fit_settings,
    posterior,
    settings_at_birth,
)

WEIGHTS = np.array([0.5, -0.2])


def data(runs: int = 12, seed: int = 0, noise: float = 0.02) -> Data:
    """Curves that fall with time, the faster the larger the first coordinate; the second says nothing."""
    rng = np.random.default_rng(seed)
    places = rng.random((runs, 2)).repeat(4, axis=0)
    times = np.tile(np.linspace(0, 1, 4), runs)
    values = -2 * places[:, 0] * times + noise * rng.normal(size=4 * runs)
    return Data(places, times, np.arange(runs).repeat(4), np.ones(4 * runs), values)


def test_the_gradient_of_the_likelihood_is_that_of_finite_differences() -> None:
    told = data()
    theta = settings_at_birth(WEIGHTS) + 0.2 * np.random.default_rng(1).normal(size=10)
    shared = _shared_noise(told)
    _, gradient = _likelihood(theta, told, shared, told.values)
    for at, step in enumerate(1e-5 * np.eye(10)):
        up, down = (_likelihood(theta + sign * step, told, shared, told.values)[0] for sign in (1, -1))
        assert gradient[at] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-4)


def test_a_fit_predicts_curves_that_it_has_not_seen() -> None:
    told, held_out = data(20), data(8, seed=9, noise=0.0)
    model = posterior(told, fit_settings(told, WEIGHTS))
    mean, deviation = model.at(held_out.places[::4], np.linspace(0, 1, 4))
    assert np.abs(mean.ravel() - held_out.values).max() < 0.15
    assert deviation.max() < 0.3


def test_it_is_unsure_where_it_was_told_nothing() -> None:
    told = data()
    model = posterior(told, Settings(settings_at_birth(np.zeros(2)), 0.0, 1.0))
    _, near = model.at(told.places[:1], told.times[:1])
    _, far = model.at(np.array([[9.0, 9.0]]), told.times[:1])
    assert far[0, 0] > 3 * near[0, 0]


def test_rounds_of_one_run_share_their_luck_and_those_of_others_do_not() -> None:
    shared = _shared_noise(data())
    assert (np.diag(shared) == 1).all()
    assert 0 < shared[0, 1] < 1
    assert shared[0, 2] < shared[0, 1]
    assert shared[0, 4] == 0


def test_it_learns_that_a_setting_saves_rounds() -> None:
    rng = np.random.default_rng(3)
    places, times = rng.random((12, 2)).repeat(4, axis=0), np.tile(np.linspace(0, 0.5, 4), 12)
    curves = np.tanh(3 * (times + 0.8 * places[:, 0]))  # a place further on is a later round
    told = Data(places, times, np.arange(12).repeat(4), np.full(48, 0.05), curves)
    settings = fit_settings(told, np.zeros(2), steps=60)
    assert settings.theta[-2] == pytest.approx(0.8, abs=0.2)
    assert settings.theta[-1] == pytest.approx(0.0, abs=0.2)
    late = posterior(told, settings).at(np.array([[0.0, 0.5]]), np.array([0.9]))[0]
    assert late[0, 0] == pytest.approx(np.tanh(2.7), abs=0.1)  # no run was as long, but others were as far


def test_equal_data_give_equal_settings() -> None:
    assert np.array_equal(fit_settings(data(), WEIGHTS).theta, fit_settings(data(), WEIGHTS).theta)
