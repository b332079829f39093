"""Curves: a mixture of power laws finds a curve of its own kind, and is unsure before it has seen much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.search.curves import FLAT, SHAPES, fit, weights_of

ROUNDS = np.arange(1.0, 41.0)


@pytest.mark.parametrize("shape", [0, 6, 12])
def test_a_curve_of_the_mixture_is_continued(shape: int) -> None:
    scale, beta = SHAPES[shape]
    loss = 0.1 + 0.8 * (1 + ROUNDS / scale) ** -beta
    mean, deviation = fit(loss[:20], 0.001).at(ROUNDS[20:])
    assert np.abs(mean - loss[20:]).max() < 0.01
    assert deviation.max() < 0.02
    assert int(np.argmax(weights_of(loss, 0.001))) == shape


def test_two_rounds_say_little_and_twenty_say_more() -> None:
    loss = 0.1 + 0.8 * (1 + ROUNDS / 3) ** -1
    early, late = (fit(loss[:seen], 0.02).at(ROUNDS[-1:])[1][0] for seen in (2, 20))
    assert early > 3 * late


def test_a_curve_that_gets_worse_is_taken_to_be_flat() -> None:
    mean, _ = fit(np.array([0.2, 0.3, 0.4]), 0.01).at(np.array([50.0]))
    assert mean[0] == pytest.approx(0.3)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=30), st.floats(1e-4, 0.3))
def test_any_curve_has_a_finite_continuation(losses: list[float], noise: float) -> None:
    found = fit(np.array(losses), noise, np.array(FLAT))
    mean, deviation = found.at(np.array([31.0, 1000.0]))
    assert np.isfinite(mean).all()
    assert (deviation > 0).all()
    assert (mean >= -1e-9).all()
    assert found.weights.sum() == pytest.approx(1)
    assert mean[1] <= mean[0] + 1e-9
