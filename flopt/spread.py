"""Spread: how far the expected curves of plans may be off, and what that means for a front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DRAWS", "HALF_WIDTH", "Spread", "chances", "contenders", "normals", "weights"]

Array = NDArray[np.float64]

DRAWS = 200
"""Joint draws behind a probability; it is then good to 0.035."""
HALF_WIDTH = 1.6449
"""Standard deviations on either side of nine tenths of a normal law."""
REACH = 2.0
"""A point whose value would have to be off by more standard deviations than this, as would the front's, is no rival."""
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
    place, at = np.log(np.arange(1, rounds + 1)), np.log(knots)
    return np.column_stack([np.interp(place, at, row) for row in np.eye(len(knots))])


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


def contenders(loss: Array, sd: Array, front: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows that may beat a point of the front: those that it does not beat by more than `REACH` of both their sd.

    `loss` and `sd` have shape (points, objectives); lower is better.
    """
    best, alive = loss - REACH * sd, np.ones(len(loss), dtype=bool)
    for worst in loss[front] + REACH * sd[front]:
        alive &= ~((worst <= best).all(axis=1) & (worst < best).any(axis=1))
    alive[front] = True
    return np.flatnonzero(alive)


def chances(loss: Array, front: NDArray[np.intp]) -> Array:
    """Share of the draws in which no other row dominates each row of the front.

    `loss`, shape (draws, points, objectives), is minimised.
    """
    columns = np.moveaxis(loss, -1, 0)
    mine = columns[:, :, front]
    dominated = np.zeros(mine.shape[1:], dtype=bool)
    for row in range(loss.shape[1]):
        rival = columns[:, :, row, None]
        dominated |= (rival <= mine).all(axis=0) & (rival < mine).any(axis=0)
    return np.asarray(1 - dominated.mean(axis=0))
