"""Curves: where a learning curve is going, as a mixture of power laws fitted to what it has shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLAT", "SHAPES", "Fit", "fit", "weights_of"]

Array = NDArray[np.float64]

SHAPES: Array = np.array([[scale, beta] for beta in (0.5, 1.0, 2.0) for scale in (1.0, 3.0, 10.0, 30.0, 100.0)])
"""Scale in rounds and exponent of each power law of the mixture, shape (shapes, 2)."""
FLAT: tuple[float, ...] = (1.0,) * len(SHAPES)
"""A prior that favours no shape."""

_NOISE_WORTH = 2.0
"""How many rounds' residuals the expected noise counts as."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A mixture of curves c + b (1 + r / scale)^-beta, each fitted by least squares to a loss in [0, 1]."""

    floor: Array
    """c: where each curve ends, shape (shapes,)."""
    drop: Array
    """b >= 0: how far it falls."""
    weights: Array
    """How likely each shape is, summing to 1."""
    noise: float
    """Standard deviation of one round about its curve."""
    rounds: int
    """Rounds that it was fitted to."""
    centre: Array
    """Mean of each shape over the rounds seen."""
    spread: Array
    """Sum of its squared deviations."""

    def at(self, rounds: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the curve itself, without a round's noise, at each of the rounds."""
        basis = _basis(rounds)
        curves = self.floor[:, None] + self.drop[:, None] * basis
        mean = self.weights @ curves
        apart = self.weights @ (curves - mean) ** 2
        square = self.noise**2
        # A drop is at most about 1, the range of a loss: a prior of that width keeps two rounds from saying nothing.
        of_drop = (basis - self.centre[:, None]) ** 2 / (self.spread + square)[:, None]
        unsure = square * (1 / self.rounds + self.weights @ of_drop)
        return mean, np.sqrt(apart + unsure)


def fit(loss: Array, noise: float, prior: Array | None = None) -> Fit:
    """Fit the mixture to a loss after each round, shape (rounds,), lower is better.

    `noise` is the standard deviation of a round that is expected beforehand, `prior` the weight of each shape
    beforehand. Power laws for learning curves: Domhan, Springenberg, Hutter, IJCAI 2015; their mixture is weighted
    by the likelihood of the residuals.
    """
    rounds = len(loss)
    basis = _basis(np.arange(1.0, rounds + 1))
    centre, level = basis.mean(axis=1), float(loss.mean())
    apart = basis - centre[:, None]
    spread = (apart**2).sum(axis=1)
    drop = np.maximum(apart @ loss / (spread + 1e-12), 0.0)
    floor = level - drop * centre
    below = floor < 0  # a loss cannot fall below 0
    drop = np.where(below, basis @ loss / (basis**2).sum(axis=1), drop)
    floor = np.where(below, 0.0, floor)
    squares = ((loss - floor[:, None] - drop[:, None] * basis) ** 2).sum(axis=1)
    variance = (squares.min() + _NOISE_WORTH * noise**2) / (max(rounds - 3, 0) + _NOISE_WORTH)
    likely = np.exp(-(squares - squares.min()) / (2 * variance + 1e-12)) * (1.0 if prior is None else prior)
    return Fit(floor, drop, likely / likely.sum(), float(np.sqrt(variance)), rounds, centre, spread)


def weights_of(loss: Array, noise: float) -> Array:
    """How well each shape describes a whole curve, summing to 1; what other curves of the study may begin from."""
    return fit(loss, noise).weights


def _basis(rounds: Array) -> Array:
    """Every shape at every round, shape (shapes, rounds)."""
    shape: Array = (1 + rounds / SHAPES[:, :1]) ** -SHAPES[:, 1:]
    return shape
