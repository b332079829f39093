"""The gain: hypervolume that a run is expected to add, against numbers worked by hand and by sampling."""

from __future__ import annotations

import numpy as np
import pytest

from flopt.pareto import hypervolume
from flopt.search.gain import CELLS, directions, expected_gain, improvement, scalarised_gain
from flopt.search.log_odds import log_odds, share

SURE = 1e-6


def shown(*loss: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return log_odds(np.array(loss))


def test_the_expected_improvement_is_that_of_samples() -> None:
    mean, deviation = np.array([-1.0, -2.0]), np.array([0.4, 0.8])
    losses = share(mean + deviation * np.random.default_rng(0).normal(size=(200_000, 2)))
    expected = np.maximum(0.3 - losses, 0).mean(axis=0)
    improved = improvement(mean, deviation, np.array([0.3, 0.0]))
    assert improved[:, 0] == pytest.approx(expected, rel=0.02)
    assert improved[:, 1] == pytest.approx([0, 0], abs=1e-3)


def test_a_sure_run_adds_its_hypervolume() -> None:
    mean, costs = shown(0.5, 0.25)[None], np.array([[0.25, 0.5]])
    gain = expected_gain(mean, np.full((1, 2), SURE), costs, np.array([[0.4, 0.6]]))
    front = np.array([[0.4, 0.6]])
    alone = hypervolume(front, np.ones(2))
    one = hypervolume([[0.4, 0.6], [0.5, 0.25]], np.ones(2)) - alone
    two = hypervolume([[0.4, 0.6], [0.5, 0.25], [0.25, 0.5]], np.ones(2)) - alone
    assert gain[0] == pytest.approx([one, two], abs=1.5 / CELLS)


def test_what_is_too_dear_adds_nothing() -> None:
    gain = expected_gain(shown(0.1)[None], np.full((1, 1), SURE), np.array([[1.2]]), np.empty((0, 2)))
    assert gain[0, 0] == 0


def test_only_losses_that_count_add_anything() -> None:
    mean, costs, sure = shown(0.5, 0.25)[None], np.array([[0.25, 0.5]]), np.full((1, 2), SURE)
    gain = expected_gain(mean, sure, costs, np.empty((0, 2)), counts=0.4)
    assert gain[0] == pytest.approx([0, (0.4 - 0.25) * 0.5], abs=1.5 / CELLS)
    counts = np.array([0.4, 1.0])
    alone = scalarised_gain(
        np.array([[[[0.5, 0.25]]]]), np.empty((0, 2)), directions(64, 2, np.random.default_rng(0)), counts
    )
    assert alone[0, 0] == 0


def test_random_directions_rank_as_the_hypervolume_does() -> None:
    rng = np.random.default_rng(0)
    front, points = rng.uniform(0.3, 1, (5, 3)), rng.uniform(0, 1, (12, 3))
    exact = [hypervolume([*front, point], np.ones(3)) - hypervolume(front, np.ones(3)) for point in points]
    guessed = scalarised_gain(points[None, :, None, :], front, directions(20_000, 3, rng), np.ones(3))[:, 0]
    scale = np.array(exact).sum() / guessed.sum()
    assert guessed * scale == pytest.approx(exact, abs=0.02 * max(exact))


def test_a_longer_run_never_adds_less() -> None:
    rng = np.random.default_rng(1)
    gain = scalarised_gain(rng.random((4, 6, 5, 2)), rng.random((3, 2)), directions(16, 2, rng), np.ones(2))
    assert (np.diff(gain, axis=1) >= 0).all()
