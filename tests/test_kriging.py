"""Kriging: exact where nothing is noise, unbiased, and blind to an axis that does not matter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import flopt
from flopt.oracles.kriging import Kriging
from flopt.seeds import stream

Array = NDArray[np.float64]
PLACES = stream(0, "places").random((40, 3))


def between(places: Array, others: Array) -> Array:
    """Squared distances, shape (axes, places, others)."""
    return np.asarray(np.moveaxis((places[:, np.newaxis] - others) ** 2, 2, 0))


def smooth(places: Array) -> Array:
    """Two quantities of the first two axes, the second of which matters less."""
    return np.stack([np.sin(3 * places[:, 0]) + 0.3 * places[:, 1], np.exp(-places[:, 0])], axis=1)


def learnt(places: Array, quantity: Callable[[Array], Array] = smooth) -> Kriging:
    return Kriging.learnt(between(places, places), quantity(places))


def test_a_smooth_quantity_is_foretold_between_its_places() -> None:
    kriging, new = learnt(PLACES), 0.1 + 0.8 * stream(1, "places").random((20, 3))
    for place in new:
        weights, variance = kriging.weights(between(place[np.newaxis], PLACES)[:, 0])
        np.testing.assert_allclose(weights @ smooth(PLACES), smooth(place[np.newaxis])[0], atol=0.02)
        assert weights.sum() == pytest.approx(1)
        assert variance > 0


def test_an_axis_that_does_not_matter_gets_little_weight() -> None:
    first, second, third = learnt(PLACES).steepness
    assert first > second > third


def test_far_from_everything_the_mean_is_foretold_and_the_variance_is_largest() -> None:
    kriging = learnt(PLACES)
    weights, variance = kriging.weights(between(np.full((1, 3), 1e6), PLACES)[:, 0])
    np.testing.assert_allclose(weights, kriging.inverse.sum(axis=1) / kriging.inverse.sum(), atol=1e-12)
    assert variance > 1 > max(kriging.left_out[1])


def test_leaving_one_out_is_what_the_others_alone_foretell() -> None:
    """The short formula against kriging of one place less, with the same settings."""
    kriging = learnt(PLACES)
    found, variances = kriging.left_out
    apart = between(PLACES, PLACES)
    squares = np.einsum("a,aij->ij", kriging.steepness, apart)
    distance = np.sqrt(5 * squares)
    covariance = (1 + distance + distance**2 / 3) * np.exp(-distance) + kriging.noise * np.eye(40)
    for number in (0, 17, 39):
        others = np.delete(np.arange(40), number)
        rest = Kriging(kriging.steepness, kriging.noise, np.linalg.inv(covariance[np.ix_(others, others)]))
        weights, variance = rest.weights(apart[:, number, others])
        np.testing.assert_allclose(found[number, others], weights, atol=1e-7)
        assert found[number, number] == 0
        assert variances[number] == pytest.approx(variance, rel=1e-6)


def test_two_places_by_hand() -> None:
    """One axis, correlation r between the places: in the middle both count half."""
    r = (1 + 5**0.5 + 5 / 3) * np.exp(-(5**0.5))
    inverse = np.linalg.inv(np.array([[1.1, r], [r, 1.1]]))
    kriging = Kriging(np.array([1.0]), 0.1, inverse)
    weights, _ = kriging.weights(np.array([[0.25, 0.25]]))
    np.testing.assert_allclose(weights, [0.5, 0.5])
    weights, _ = kriging.weights(np.array([[0.0, 1.0]]))  # at the first place: its own noise is smoothed away
    first = 0.5 + (1 - r) / (2 * (1.1 - r))
    np.testing.assert_allclose(weights, [first, 1 - first])


def test_a_constant_is_foretold_as_it_is() -> None:
    kriging = learnt(PLACES[:5], lambda places: np.full((len(places), 1), 0.7))
    weights, _ = kriging.weights(between(np.full((1, 3), 0.5), PLACES[:5])[:, 0])
    assert weights @ np.full(5, 0.7) == pytest.approx(0.7)


def test_the_number_of_threads_changes_no_bit() -> None:
    code = (
        "import numpy as np, hashlib\nfrom flopt.oracles.kriging import Kriging\nfrom flopt.seeds import stream\n"
        "p = stream(0, 'places').random((150, 4))\na = np.moveaxis((p[:, None] - p) ** 2, 2, 0)\n"
        "k = Kriging.learnt(a, np.sin(p[:, :2] * 3))\n"
        "print(k.steepness, hashlib.sha256(k.inverse.tobytes() + k.weights(a[:, 3])[0].tobytes()).hexdigest())\n"
    )
    root = str(Path(flopt.__file__).parents[1])
    said = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": root, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1]
