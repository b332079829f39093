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


@lru_cache(maxsize=1024)
def normals(key: int, column: int, factors: int) -> Array:
    """Standard normal numbers, shape (DRAWS, factors), the same here and in the page of a report.

    Hashes of key, column, draw and factor by the finaliser of MurmurHash3 (Appleby 2011), made normal by Box and
    Muller (1958): a number depends neither on the other plans nor on any price.
    """
    draw, factor = np.arange(DRAWS, dtype=np.uint32)[:, None], np.arange(factors, dtype=np.uint32)
    seed = _mix(_mix(np.array(key, dtype=np.uint32)) + np.uint32(column))
    state = _mix(_mix(seed + draw) + factor)
    first, second = ((_mix(state + np.uint32(part)) + 0.5) / 2.0**32 for part in (1, 2))
    found = np.asarray(np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second))
    found.setflags(write=False)
    return found


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
    stays, chance = np.ones(loss.shape[1], dtype=bool), np.ones(loss.shape[1])
    rivals = _Ordered.of(loss) or _Counted(loss)
    while True:
        places = np.flatnonzero(stays)
        chance[places] = rivals.chances(places)
        worst = int(places[np.argmin(chance[places])])
        if chance[worst] >= least or len(places) == 1:
            return stays, chance
        stays[worst] = False
        rivals.without(worst)


class _Counted:
    """By how many others each point is dominated in each draw, whatever the objectives."""

    def __init__(self, loss: Array) -> None:
        self._loss = np.ascontiguousarray(np.moveaxis(loss, -1, 0))
        self._count = np.zeros(loss.shape[:2], dtype=np.int64)
        for point in range(loss.shape[1]):
            self._count += self._beaten_by(point)

    def chances(self, places: NDArray[np.intp]) -> Array:
        """Share of the draws in which nobody that stays dominates these points."""
        return np.asarray((self._count[:, places] == 0).mean(axis=0))

    def without(self, point: int) -> None:
        """Take a point away."""
        self._count -= self._beaten_by(point)

    def _beaten_by(self, point: int) -> NDArray[np.bool_]:
        """Whether each point is dominated by this one, in each draw; shape (draws, points)."""
        rival = self._loss[:, :, point, None]
        no_worse, no_better = (rival <= self._loss).all(axis=0), (rival >= self._loss).all(axis=0)
        return np.asarray(no_worse & ~no_better)


class _Ordered:
    """The same for two objectives of which one is known: only a cheaper point can dominate, if it is as good.

    The lowest loss among those that are cheaper says it all, at a fraction of the comparisons.
    """

    def __init__(self, order: NDArray[np.intp], learned: Array) -> None:
        self._order = order
        """Places of the points that stay, from cheap to dear."""
        self._learned = learned
        """Shape (points, draws)."""
        self._chances = np.ones(len(learned))
        self._from = 0
        """Place in the order from which chances may have changed."""

    @classmethod
    def of(cls, loss: Array) -> _Ordered | None:
        """None where no objective is known, or where points cost the same."""
        known = np.flatnonzero((loss == loss[:1]).all(axis=(0, 1)))
        if loss.shape[2] != 2 or not len(known) or len(np.unique(loss[0, :, known[0]])) < loss.shape[1]:
            return None
        return cls(np.argsort(loss[0, :, known[0]]), np.ascontiguousarray(loss[:, :, 1 - known[0]].T))

    def chances(self, places: NDArray[np.intp]) -> Array:
        """Share of the draws in which nobody that stays dominates these points, which are all that stay."""
        mine, cheaper = self._learned[self._order[self._from :]], np.full((1, self._learned.shape[1]), np.inf)
        if self._from:  # what is cheaper than the point that has left has the chances that it had
            cheaper = self._learned[self._order[: self._from]].min(axis=0, keepdims=True)
        lowest = np.minimum.accumulate(np.concatenate([cheaper, mine]))[:-1]
        self._chances[self._order[self._from :]] = (mine < lowest).mean(axis=1)
        return self._chances[places]

    def without(self, point: int) -> None:
        """Take a point away."""
        self._from = int(np.flatnonzero(self._order == point)[0])
        self._order = np.delete(self._order, self._from)
