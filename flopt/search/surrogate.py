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


class _Parts(NamedTuple):
    """The settings by name; all but the weights are kept as logarithms."""

    lengths: Array
    """Of each dimension of a place."""
    length: float
    """In progress."""
    both: float
    """Variances: of place x progress, of place, of progress, of a straight line in progress, and of the noise."""
    place: float
    along: float
    trend: float
    noise: float
    weights: Array
    """What each dimension of a place adds to the progress."""

    @classmethod
    def of(cls, theta: Array) -> _Parts:
        """Taken apart; `theta` holds two numbers for each dimension, and six more."""
        d = (len(theta) - _SINGLE) // 2
        length, both, place, along, trend, noise = np.exp(theta[d : d + _SINGLE]).tolist()
        return cls(np.exp(theta[:d]), length, both, place, along, trend, noise, theta[d + _SINGLE :])

    def progress(self, places: Array, times: Array) -> Array:
        """Where on its way a run is: the logarithm of its rounds, and what its plan makes of each of them."""
        return np.asarray(times + places @ self.weights)

    def covariance(self, kx: Array, kt: Array, line: Array, shared: Array) -> Array:
        """Of observations, noise included: kernels of place and of progress, progress about `_MIDDLE`, shared noise."""
        curves = self.both * kx * kt + self.place * kx + self.along * kt + self.trend * np.outer(line, line)
        return np.asarray(curves + self.noise * shared)


_SINGLE = 6
_MIDDLE = 0.5
"""The progress about which the straight line turns."""


@dataclass(frozen=True, eq=False)
class Settings:
    """What is fitted to observations: lengths, variances, and the weights of the progress."""

    theta: Array
    """As `_Parts` takes it apart."""
    mean: float
    scale: float


def settings_at_birth(weights: Array) -> Array:
    """Where a fit begins, and the middle of its prior; `weights` are those of the progress, shape (dimensions,)."""
    return np.concatenate([np.full(len(weights), math.log(0.8)), np.log([0.6, 0.4, 0.4, 0.4, 2.0, 0.03]), weights])


def _prior_widths(dimensions: int) -> Array:
    """How far the settings may lie from there: standard deviations."""
    return np.concatenate([np.full(dimensions, 0.9), [0.5, 1.0, 1.0, 1.0, 1.0, 1.2], np.full(dimensions, 0.3)])


def fit_settings(data: Data, weights: Array, steps: int = 25) -> Settings:
    """Maximise the posterior of the settings, with normal and log-normal priors about `settings_at_birth`.

    Rasmussen, Williams, "Gaussian Processes for Machine Learning", MIT Press 2006, section 5.4.1; the gradient is
    exact.
    """
    mean, scale = float(data.values.mean()), float(data.values.std()) + 1e-9
    y = (data.values - mean) / scale
    birth, widths = settings_at_birth(weights), _prior_widths(len(weights))
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
    p, x = _Parts.of(theta), data.places
    u = p.progress(x, data.times)
    line = u - _MIDDLE
    kx, slope = _matern(_squares(x, x, p.lengths))
    kt, slope_t = _matern(((u[:, None] - u) / p.length) ** 2)
    k = p.covariance(kx, kt, line, shared)
    k[np.diag_indices_from(k)] += _JITTER
    try:
        low = cholesky(k, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return 1e10, np.zeros_like(theta)
    inverse = cho_solve((low, True), np.eye(len(y)), check_finite=False)
    alpha = inverse @ y
    value = 0.5 * float(y @ alpha) + float(np.log(np.diag(low)).sum())
    w = np.outer(alpha, alpha) - inverse
    m = w * (p.both * kt + p.place) * slope
    squares = 2 * ((x**2).T @ m.sum(axis=1) - ((x.T @ m) * x.T).sum(axis=1))
    m_t = w * (p.both * kx + p.along) * slope_t
    pull = (m_t.sum(axis=1) * u - m_t @ u) * 2 / p.length**2  # of each observation's progress, through kt
    lean = 2 * p.trend * (w @ line)
    gradient = np.concatenate(
        [
            squares / p.lengths**2,
            [float(pull @ u)],
            [p.both * (w * kx * kt).sum(), p.place * (w * kx).sum(), p.along * (w * kt).sum()],
            [p.trend * float(line @ w @ line), p.noise * (w * shared).sum()],
            (lean - pull) @ x,
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
        p, scale = _Parts.of(self.settings.theta), self.settings.scale
        ours = p.progress(self.data.places, self.data.times)
        theirs = p.progress(places, np.zeros(len(places)))[:, None] + times  # (places, times)
        kx = _matern(_squares(self.data.places, places, p.lengths))[0][:, :, None]
        kt = _matern(((ours[:, None, None] - theirs) / p.length) ** 2)[0]
        line = theirs - _MIDDLE
        across = kx * (p.both * kt + p.place) + p.along * kt + p.trend * (ours - _MIDDLE)[:, None, None] * line
        flat = across.reshape(len(self.data.values), -1)
        mean = (flat.T @ self.alpha).reshape(theirs.shape)
        seen = solve_triangular(self.low, flat, lower=True, check_finite=False)
        explained = np.einsum("ij,ij->j", seen, seen).reshape(theirs.shape)
        variance = np.maximum(p.both + p.place + p.along + p.trend * line**2 - explained, 1e-9)
        return mean * scale + self.settings.mean, np.sqrt(variance) * scale


def posterior(data: Data, settings: Settings) -> Posterior:
    """Condition on the observations."""
    p = _Parts.of(settings.theta)
    u = p.progress(data.places, data.times)
    kx = _matern(_squares(data.places, data.places, p.lengths))[0]
    kt = _matern(((u[:, None] - u) / p.length) ** 2)[0]
    k = p.covariance(kx, kt, u - _MIDDLE, _shared_noise(data))
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
