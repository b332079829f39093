"""Spread: how far the expected curves of plans may be off, and what that means for a front."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["DRAWS", "HALF_WIDTH", "Spread", "normals", "settled", "weights"]

Array = NDArray[np.float64]

DRAWS = 200
"""Joint draws behind a probability; it is then good to 0.035."""
HALF_WIDTH = 1.6449
"""Standard deviations on either side of nine tenths of a normal law."""
SHARED = 0
"""The key of the normals that all plans share; those of a plan have its run's number + 1."""


@dataclass(frozen=True, eq=False)
class Spread:
    """The error of one plan's expected curve: normal, linear in log r between knots, partly shared by all plans."""

    knots: Array
    own: Array
    """Loadings on the plan's own factors, shape (knots, factors)."""
    common: Array
    """Loadings on the factors of all plans, shape (knots, shared factors)."""

    def sd(self, rounds: int) -> Array:
        """Standard deviation after each of the rounds 1..rounds."""
        both = weights(rounds, self.knots) @ np.concatenate([self.own, self.common], axis=1)
        return np.asarray(np.sqrt((both**2).sum(axis=1)))

    def errors(self, key: int, column: int, rounds: int) -> Array:
        """Draws of the error after each round, shape (DRAWS, rounds); equal keys and columns give equal draws."""
        mine = normals(key, column, self.own.shape[1]) @ self.own.T
        ours = normals(SHARED, column, self.common.shape[1]) @ self.common.T
        return np.asarray((mine + ours) @ weights(rounds, self.knots).T)


def weights(rounds: int, knots: Array) -> Array:
    """Linear interpolation in log r from knots to the rounds 1..rounds, shape (rounds, knots)."""
    return _weights(rounds, tuple(knots.tolist()))


@lru_cache(maxsize=2048)
def _weights(rounds: int, knots: tuple[float, ...]) -> Array:
    place, at = np.log(np.arange(1, rounds + 1)), np.log(knots)
    found = np.column_stack([np.interp(place, at, row) for row in np.eye(len(knots))])
    found.setflags(write=False)
    return found


def normals(key: int, column: int, factors: int) -> Array:
    """Standard normal numbers, shape (DRAWS, factors), the same here and in the page of a report.

    Hashes of key, column, draw and factor by the finaliser of MurmurHash3 (Appleby 2011), made normal by Box and
    Muller (1958): a number depends neither on the other plans nor on any price.
    """
    draw, factor = np.arange(DRAWS, dtype=np.uint32)[:, None], np.arange(factors, dtype=np.uint32)
    seed = _mix(_mix(np.array(key, dtype=np.uint32)) + np.uint32(column))
    state = _mix(_mix(seed + draw) + factor)
    first, second = ((_mix(state + np.uint32(part)) + 0.5) / 2.0**32 for part in (1, 2))
    return np.asarray(np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second))


def _mix(state: NDArray[np.uint32]) -> NDArray[np.uint32]:
    with np.errstate(over="ignore"):
        state = (state ^ (state >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        state = (state ^ (state >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        return np.asarray(state ^ (state >> np.uint32(16)), dtype=np.uint32)


def settled(loss: Array, least: float) -> tuple[NDArray[np.bool_], Array]:
    """Which points stay on a front, and with what probability each is non-dominated among those that have not left.

    `loss`, shape (draws, points, objectives), is minimised. The least probable point leaves first and is no rival of
    the others any more, until all that stay have at least the probability `least`: of several plans that are as good as
    one another none is probably the best, and yet one of them belongs on the front. One point always stays.
    """
    rivals = np.zeros(loss.shape[:2], dtype=np.int64)
    for point in range(loss.shape[1]):
        rivals += _beaten_by(loss, point)
    stays, chance = np.ones(loss.shape[1], dtype=bool), np.ones(loss.shape[1])
    while True:
        chance[stays] = (rivals[:, stays] == 0).mean(axis=0)
        places = np.flatnonzero(stays)
        worst = int(places[np.argmin(chance[places])])
        if chance[worst] >= least or len(places) == 1:
            return stays, chance
        stays[worst] = False
        rivals -= _beaten_by(loss, worst)


def _beaten_by(loss: Array, point: int) -> NDArray[np.bool_]:
    """Whether each point is dominated by this one, in each draw; shape (draws, points)."""
    rival = loss[:, point, None]
    return np.asarray((rival <= loss).all(axis=-1) & (rival < loss).any(axis=-1))
