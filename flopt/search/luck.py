"""Luck: how much a run's curve owes to its seed, pooled over the runs of a study.

Two variances, each a power law in the clients of a round and in the round itself, as sampling few clients makes them:
that of the jitter of single rounds, read off the roughness of curves, and that of what stays with a run for some
rounds, read off plans that were run with several seeds. Each is fitted as a gamma regression with logarithmic link
(McCullagh and Nelder 1989, ch. 8), drawn towards what was measured on recorded tables where a study says little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["WINDOW", "Curve", "Fit", "Luck", "fit_variance", "jitter_of", "luck_of", "roughness", "spread_of"]

Array = NDArray[np.float64]

WINDOW = 5
"""Neighbouring rounds whose fourth difference over log rounds says how rough a curve is."""
USUAL_JITTER, USUAL_LUCK = 0.05, 0.1
"""Standard deviations at 10 clients and round 10, as shares of the spread of all values, where a study shows none."""
USUAL_SLOPES = {"jitter": (-0.8, -0.7), "luck": (-0.2, -0.4)}
"""Powers of the clients and of the round in the two variances (200 plans x 5 seeds of the shipped table)."""
MOST_LUCK = 5.0
"""A study that has shown no repeat may be lucky by this many times its jitter: curves without any are exact."""
MOST_CURVES = 500
"""Curves whose roughness is looked at; of more a part, evenly taken."""
CENTRE = np.log(10.0)
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Curve:
    """What one run showed."""

    plan: int
    """Which plan it is a run of, counted from 0."""
    seed: int
    clients: float
    """Clients in each round."""
    values: Array
    """Shape (rounds,), finite."""


@dataclass(frozen=True)
class Fit:
    """A variance as a power law: exp(level + clients log(K / 10) + rounds log(r / 10))."""

    level: float
    clients: float
    rounds: float

    def at(self, clients: float, rounds: Array) -> Array:
        """The variance at these clients and after these rounds."""
        power = self.level + self.clients * (np.log(clients) - CENTRE) + self.rounds * (np.log(rounds) - CENTRE)
        return np.asarray(np.exp(np.maximum(power, np.log(TINY))))

    def of_each(self, clients: Array, rounds: Array) -> Array:
        """The same for several numbers of clients, shape (clients, rounds)."""
        unique, place = np.unique(clients, return_inverse=True)
        return np.array([self.at(each, rounds) for each in unique.tolist()])[place]


@dataclass(frozen=True)
class Luck:
    """What stays with a run."""

    fit: Fit
    shared: float
    """Share of its variance that all plans of one seed have in common."""


def fit_variance(clients: Array, rounds: Array, squares: Array, usual: Fit, trust: Array | float = 1.0) -> Fit:
    """The power law of squares whose mean is a variance; `trust` is the weight of each.

    Penalised iteratively reweighted least squares: the level is free within a factor of e^2, the powers within 0.5.
    """
    design = np.column_stack([np.ones_like(squares), np.log(clients) - CENTRE, np.log(rounds) - CENTRE])
    centre = np.array([usual.level, usual.clients, usual.rounds])
    penalty = np.diag([1 / 4.0, 4.0, 4.0])
    weight = np.broadcast_to(np.asarray(trust, dtype=np.float64), squares.shape) / 2  # a square has variance 2 mean^2
    found = centre.copy()
    for _ in range(25):
        mean = np.exp(np.clip(design @ found, -60, 60))
        slope = design.T @ (weight * (squares / mean - 1)) - penalty @ (found - centre)
        step = np.linalg.solve(design.T @ (weight[:, None] * design) + penalty, slope)
        found = found + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-6:
            break
    return Fit(*map(float, found))


def _level(fit: Fit) -> float:
    return fit.level


def spread_of(curves: Sequence[Curve]) -> float:
    """Standard deviation of all values of all curves: the scale of what is learned."""
    return max(float(np.std(np.concatenate([curve.values for curve in curves]))), float(np.sqrt(TINY)))


def jitter_of(curves: Sequence[Curve]) -> Fit:
    """The variance of single rounds, from the fourth differences of all curves that are long enough."""
    usual = Fit(2 * np.log(USUAL_JITTER * spread_of(curves)), *USUAL_SLOPES["jitter"])
    some = curves[:: 1 + len(curves) // MOST_CURVES]
    rough = [(curve.clients, roughness(curve.values) ** 2) for curve in some if len(curve.values) >= WINDOW]
    if not rough:
        return usual
    squares = np.concatenate([each for _, each in rough])
    clients = np.concatenate([np.full(len(each), k) for k, each in rough])
    rounds = np.concatenate([np.arange(len(each)) + 3.0 for _, each in rough])
    if squares.max() < TINY:
        return Fit(float(np.log(TINY)), 0.0, 0.0)
    return fit_variance(clients, rounds, squares, usual, trust=0.25)  # neighbouring differences overlap


def roughness(values: Array) -> Array:
    """Fourth differences over log rounds, shape (rounds - 4,): white noise keeps its variance, while what is a cubic of
    log rounds vanishes, as a learning curve nearly is, in its first rounds too."""
    return np.asarray((sliding_window_view(values, WINDOW) * _differences(len(values))).sum(axis=1))


@lru_cache(maxsize=1024)
def _differences(rounds: int) -> Array:
    """Weights of the values in each window, of length 1: those of divided differences; shape (rounds - 4, WINDOW)."""
    places = sliding_window_view(np.log(np.arange(1.0, rounds + 1)), WINDOW)
    apart = places[:, :, None] - places[:, None, :] + np.eye(WINDOW)
    divided = 1 / apart.prod(axis=2)
    return np.asarray(divided / np.linalg.norm(divided, axis=1, keepdims=True))


def luck_of(curves: Sequence[Curve], knots: Array, found: Array, error: Array, jitter: Fit) -> Luck:
    """The luck of runs from their smoothed values at knots, shape (runs, knots), NaN where a run does not reach.

    `error` is the variance that smoothing has left in them, of the same shape.
    """
    clients = np.array([curve.clients for curve in curves])
    apart = _apart(np.array([curve.plan for curve in curves]), found)
    rows, columns = np.nonzero(np.isfinite(apart))
    usual = Fit(2 * np.log(USUAL_LUCK * spread_of(curves)), *USUAL_SLOPES["luck"])
    if not len(rows):
        return Luck(min(usual, replace(jitter, level=jitter.level + 2 * np.log(MOST_LUCK)), key=_level), 0.5)
    squares = np.maximum(apart[rows, columns] ** 2 - error[rows, columns], 0.0)
    fit = fit_variance(clients[rows], knots[columns], squares, usual, trust=0.5)  # neighbouring knots go together
    scaled = apart / np.sqrt(fit.of_each(clients, knots) + error)
    return Luck(fit, _shared(scaled, np.array([curve.seed for curve in curves])))


def _apart(plans: NDArray[np.int64], found: Array) -> Array:
    """Distance of each run from the mean of its plan's runs, of the right size: NaN where there is one run only."""
    apart = np.full(found.shape, np.nan)
    numbers, runs = np.unique(plans, return_counts=True)
    for plan in numbers[runs > 1]:
        rows = np.flatnonzero(plans == plan)
        count = np.isfinite(found[rows]).sum(axis=0)
        some = count > 1
        if some.any():
            mean = np.nanmean(found[np.ix_(rows, some)], axis=0)
            apart[np.ix_(rows, some)] = (found[np.ix_(rows, some)] - mean) * np.sqrt(count[some] / (count[some] - 1))
    return apart


def _shared(scaled: Array, seeds: NDArray[np.int64]) -> float:
    """Mean product over pairs of plans with equal seeds, against the mean square; drawn towards a half by ten pairs."""
    products, squares, pairs = 0.0, 0.0, 0
    for seed in np.unique(seeds):
        rows = scaled[seeds == seed]
        here = np.isfinite(rows)
        total = np.where(here, rows, 0.0)
        count = here.sum(axis=0)
        products += float((total.sum(axis=0) ** 2 - (total**2).sum(axis=0)).sum())
        pairs += int((count * (count - 1)).sum())
    squares = float(np.nanmean(scaled**2)) if np.isfinite(scaled).any() else 1.0
    prior = 10 * len(scaled[0])
    share = (products / max(squares, TINY) + 0.5 * prior) / (pairs + prior)
    return float(np.clip(share, 0.0, 0.95))
