"""The surrogate: a Gaussian process over plans and rounds, whose noise is shared by the rounds of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

__all__ = ["Data", "Posterior", "Settings", "fit_settings", "posterior", "settings_at_birth"]

Array = NDArray[np.float64]

_JITTER = 1e-6
_KEPT = 0.2
"""How fast a run's luck fades, on the axis of `time`: a fifth of the way from its first to its last round."""
_ROOT5 = math.sqrt(5.0)


class Data(NamedTuple):
    """Observations: each a place in the space, a time, the run it belongs to, and a value."""

    places: Array
    """Shape (observations, dimensions), each in [0, 1] or near it."""
    times: Array
    """Logarithm of the round, scaled to [0, 1]; shape (observations,)."""
    runs: NDArray[np.int64]
    """Observations of one run share part of their noise."""
    noises: Array
    """Relative standard deviation of each observation's noise."""
    values: Array

    def joined(self, more: Data) -> Data:
        """These observations, and more."""
        return Data(
            np.concatenate([self.places, more.places]),
            np.concatenate([self.times, more.times]),
            np.concatenate([self.runs, more.runs]),
            np.concatenate([self.noises, more.noises]),
            np.concatenate([self.values, more.values]),
        )


@dataclass(frozen=True, eq=False)
class Settings:
    """What is fitted: logarithms of lengths, amplitudes and noise."""

    theta: Array
    """Length of each dimension, length in time, variance of place x time, of place, of time, and of noise."""
    mean: float
    scale: float


def settings_at_birth(dimensions: int) -> Array:
    """Where a fit begins, and the middle of its prior."""
    return np.concatenate([np.full(dimensions, math.log(0.8)), np.log([0.6, 0.4, 0.4, 0.4, 0.03])])


_PRIOR_WIDTH = {"length": 0.9, "time": 0.5, "variance": 1.0, "noise": 1.2}


def fit_settings(data: Data, steps: int = 25) -> Settings:
    """Maximise the posterior of the settings, with log-normal priors about `settings_at_birth`.

    Rasmussen, Williams, "Gaussian Processes for Machine Learning", MIT Press 2006, section 5.4.1; the gradient is
    exact.
    """
    mean, scale = float(data.values.mean()), float(data.values.std()) + 1e-9
    y = (data.values - mean) / scale
    birth = settings_at_birth(data.places.shape[1])
    widths = np.array(
        [_PRIOR_WIDTH["length"]] * data.places.shape[1]
        + [_PRIOR_WIDTH["time"]]
        + [_PRIOR_WIDTH["variance"]] * 3
        + [_PRIOR_WIDTH["noise"]]
    )
    shared = _shared_noise(data)

    def loss(theta: Array) -> tuple[float, Array]:
        value, gradient = _likelihood(theta, data, shared, y)
        apart = (theta - birth) / widths
        return value + 0.5 * float(apart @ apart), gradient + apart / widths

    bounds = [(b - 4 * w, b + 4 * w) for b, w in zip(birth, widths, strict=True)]
    found = minimize(loss, birth, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
    return Settings(found.x, mean, scale)


def _likelihood(theta: Array, data: Data, shared: Array, y: Array) -> tuple[float, Array]:
    """Negative log likelihood and its gradient."""
    x, t = data.places, data.times
    d = x.shape[1]
    both, place, time, noise = np.exp(theta[d + 1 :])
    kx, slope = _matern(_squares(x, x, np.exp(theta[:d])))
    kt, slope_t = _matern(_squares(t[:, None], t[:, None], np.exp(theta[d : d + 1])))
    k = both * kx * kt + place * kx + time * kt + noise * shared
    k[np.diag_indices_from(k)] += _JITTER
    try:
        low = cholesky(k, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return 1e10, np.zeros_like(theta)
    inverse = cho_solve((low, True), np.eye(len(y)), check_finite=False)
    alpha = inverse @ y
    value = 0.5 * float(y @ alpha) + float(np.log(np.diag(low)).sum())
    w = np.outer(alpha, alpha) - inverse
    m = w * (both * kt + place) * slope
    squares = 2 * ((x**2).T @ m.sum(axis=1) - ((x.T @ m) * x.T).sum(axis=1))
    of_time = w * (both * kx + time) * slope_t
    times = 2 * (float(t**2 @ of_time.sum(axis=1)) - float(t @ of_time @ t))
    gradient = np.concatenate(
        [
            squares * np.exp(-2 * theta[:d]),
            [times * math.exp(-2 * theta[d])],
            [both * (w * kx * kt).sum(), place * (w * kx).sum(), time * (w * kt).sum(), noise * (w * shared).sum()],
        ]
    )
    return value, -0.5 * gradient


@dataclass(frozen=True, eq=False)
class Posterior:
    """What the observations say of any place at any time."""

    settings: Settings
    data: Data
    low: Array
    alpha: Array

    def at(self, places: Array, times: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the noiseless value of each place at each time: both (places, times)."""
        d = places.shape[1]
        theta = self.settings.theta
        both, place, time, _ = np.exp(theta[d + 1 :])
        kx = _matern(_squares(self.data.places, places, np.exp(theta[:d])))[0]
        kt = _matern(_squares(self.data.times[:, None], times[:, None], np.exp(theta[d : d + 1])))[0]
        across = kx[:, :, None] * (both * kt[:, None, :] + place) + time * kt[:, None, :]
        flat = across.reshape(len(self.data.values), -1)
        mean = flat.T @ self.alpha
        seen = solve_triangular(self.low, flat, lower=True, check_finite=False)
        variance = np.maximum(both + place + time - np.einsum("ij,ij->j", seen, seen), 1e-9)
        shape = (len(places), len(times))
        scale = self.settings.scale
        return (mean * scale + self.settings.mean).reshape(shape), (np.sqrt(variance) * scale).reshape(shape)


def posterior(data: Data, settings: Settings) -> Posterior:
    """Condition on the observations."""
    d = data.places.shape[1]
    both, place, time, noise = np.exp(settings.theta[d + 1 :])
    kx = _matern(_squares(data.places, data.places, np.exp(settings.theta[:d])))[0]
    kt = _matern(_squares(data.times[:, None], data.times[:, None], np.exp(settings.theta[d : d + 1])))[0]
    k = both * kx * kt + place * kx + time * kt + noise * _shared_noise(data)
    k[np.diag_indices_from(k)] += _JITTER
    low = cholesky(k, lower=True, check_finite=False)
    y = (data.values - settings.mean) / settings.scale
    return Posterior(settings, data, low, cho_solve((low, True), y, check_finite=False))


def _shared_noise(data: Data) -> Array:
    """Covariance of the noise for a variance of 1: that of two rounds of one run fades with the time between them."""
    same = data.runs[:, None] == data.runs
    fades = np.exp(-np.abs(data.times[:, None] - data.times) / _KEPT)
    shared: Array = np.where(same, np.outer(data.noises, data.noises) * fades, 0.0)
    return shared


def _squares(a: Array, b: Array, lengths: Array) -> Array:
    """Squared scaled distances, shape (len(a), len(b))."""
    x, y = a / lengths, b / lengths
    squares: Array = np.maximum((x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T, 0.0)
    return squares


def _matern(squares: Array) -> tuple[Array, Array]:
    """The Matern-5/2 kernel of squared distances, and the factor of its slope: dk / d log length = factor x square."""
    root = _ROOT5 * np.sqrt(squares)
    decay = np.exp(-root)
    return (1 + root + root**2 / 3) * decay, 5 / 3 * (1 + root) * decay
