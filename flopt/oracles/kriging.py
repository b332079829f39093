"""Kriging: what a quantity is between the places where it was measured, with the least expected error.

Matheron, "Principles of geostatistics", Economic Geology 58 (1963): ordinary kriging, which knows no mean beforehand;
the covariance is Matern's of smoothness 5/2 with a length for each axis (Rasmussen and Williams, "Gaussian processes
for machine learning", MIT Press 2006, equations 4.17 and 5.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

__all__ = ["Kriging"]

Array = NDArray[np.float64]

NOISE = 2.0**-6
"""Variance of the measurements about the quantity, to begin with, in units of its own."""
FACTORS = (4.0, 0.25, 2.0, 0.5)
"""By which one setting after the other is tried: so coarse that rounding in the last digit does not decide."""
LEAST, MOST = 2.0**-12, 2.0**8
"""Of inverse squared lengths and of the noise."""
SPREAD = 3.0
"""Standard deviation of a setting's logarithm before anything is measured: it decides where there are few places."""


@dataclass(frozen=True, eq=False)
class Kriging:
    """The covariance of a quantity, learnt from n measured places."""

    steepness: Array
    """Shape (axes,): inverse squared length of each axis."""
    noise: float
    inverse: Array
    """Shape (n, n): of the covariance matrix."""

    @classmethod
    def learnt(cls, apart: Array, values: Array) -> Kriging:
        """From squared distances along each axis, shape (axes, n, n), and several quantities, shape (n, quantities).

        The settings of highest posterior probability, found one after the other; the same on any number of threads.
        """
        settings = np.append(np.ones(len(apart)), NOISE)
        start = settings.copy()
        with threadpool_limits(1, user_api="blas"):
            best = _misfit(apart, values, settings, start)
            for _ in range(len(settings) * 4):
                before = best
                for number in range(len(settings)):
                    for factor in FACTORS:
                        trial = settings.copy()
                        trial[number] = min(max(trial[number] * factor, LEAST), MOST)
                        found = _misfit(apart, values, trial, start)
                        if found < best - 1e-6:
                            settings, best = trial, found
                if best == before:
                    break
            return cls(
                settings[:-1],
                float(settings[-1]),
                np.asarray(np.linalg.inv(_covariance(apart, settings)), dtype=np.float64),
            )

    def alike(self, apart: Array) -> Array:
        """Correlation with places so far apart, shape (axes, places): from 0 to 1, shape (places,)."""
        return _matern(np.einsum("a,an->n", self.steepness, apart))

    def weights(self, apart: Array) -> tuple[Array, float]:
        """Weights of the measured places, shape (n,), with sum 1, and the variance of what they foretell.

        `apart` is the squared distance of the new place from each along each axis, shape (axes, n).
        """
        alike = self.alike(apart)
        plain = np.einsum("ij,j->i", self.inverse, alike)  # not BLAS, which rounds otherwise on more threads
        missing = 1 - float(plain.sum())
        share = missing / float(self._one.sum())
        variance = 1 + self.noise - float((alike * plain).sum()) + share * missing
        return plain + share * self._one, variance

    @cached_property
    def _one(self) -> Array:
        return np.asarray(self.inverse.sum(axis=1))

    @cached_property
    def left_out(self) -> tuple[Array, Array]:
        """For each measured place the weights of the others, shape (n, n), and its variance, as if it were new.

        Dubrule, "Cross validation of kriging in a unique neighborhood", Mathematical Geology 15 (1983).
        """
        projected = self.inverse - np.outer(self._one, self._one) / self._one.sum()
        diagonal = np.diag(projected).copy()
        weights = -projected / diagonal[:, np.newaxis]
        np.fill_diagonal(weights, 0)
        return weights, 1 / diagonal


def _matern(squares: Array) -> Array:
    distance = np.sqrt(5 * squares)
    return np.asarray((1 + distance + distance**2 / 3) * np.exp(-distance))


def _covariance(apart: Array, settings: Array) -> Array:
    squares = np.einsum("a,aij->ij", settings[:-1], apart)
    return np.asarray(_matern(squares) + settings[-1] * np.eye(len(squares)))


def _misfit(apart: Array, values: Array, settings: Array, start: Array) -> float:
    """Minus twice the logarithm of the posterior, but for a constant; mean and scale of each quantity are its best."""
    covariance = _covariance(apart, settings)
    inverse = np.linalg.inv(covariance)
    one, places = inverse.sum(axis=1), len(covariance)
    around = values - one @ values / one.sum()
    scale = np.einsum("iq,ij,jq->q", around, inverse, around, optimize=True) / places
    _, size = np.linalg.slogdet(covariance)
    before = ((np.log(settings / start) / SPREAD) ** 2).sum()
    return float(places * np.log(scale + 1e-12).mean() + size + before)
