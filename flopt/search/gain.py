"""The gain: how much hypervolume a run is expected to add, when its costs are known and its curve is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from flopt.search.log_odds import share

__all__ = ["directions", "expected_gain", "improvement", "scalarised_gain"]

Array = NDArray[np.float64]

CELLS = 96
"""Cells of the cost axis on which a front is a staircase."""


LUCKS = ndtri((np.arange(24) + 0.5) / 24)
"""Equally likely values of a standard normal."""


def improvement(mean: Array, deviation: Array, levels: Array) -> Array:
    """E[max(level - loss, 0)] where the loss's log-odds are normal, by quantiles; shape (*mean.shape, levels)."""
    losses = share(mean[..., None] + deviation[..., None] * LUCKS)
    improved = [np.maximum(level - losses, 0.0).mean(axis=-1) for level in levels]
    return np.stack(improved, axis=-1)


def expected_gain(mean: Array, deviation: Array, costs: Array, front: Array, counts: float = 1.0) -> Array:
    """Expected hypervolume that each run adds when it ends at each of its rounds, shape (runs, rounds).

    One learned objective, whose log-odds have `mean` and `deviation` of shape (runs, rounds), and one known, with
    losses `costs` of the same shape, rising along the rounds. `front` has losses (points, 2), the learned one first.
    Only losses below `counts` add anything. The cost axis is cut into cells, and in each the run is read at the last
    round that it can afford.
    """
    cells = (np.arange(CELLS) + 0.5) / CELLS
    level = np.minimum(_staircase(front, cells), counts)
    runs, rounds = mean.shape
    afforded = (costs[:, :, None] <= cells).sum(axis=1) - 1  # (runs, cells); -1 where not even the first round is
    row = np.arange(runs)[:, None]
    at = np.maximum(afforded, 0)
    levels, which = np.unique(level, return_inverse=True)
    improved = improvement(mean, deviation, levels)[:, :, which]  # (runs, rounds, cells)
    cell = improved[row, at, np.arange(CELLS)] * (afforded >= 0)
    gain = np.empty((runs, rounds))
    for last in range(rounds):  # up to `last`, the cells beyond it are served by it
        ended = improved[:, last] * (afforded >= last)
        gain[:, last] = np.where(afforded < last, cell, ended).sum(axis=1) / CELLS
    return gain


def _staircase(front: Array, cells: Array) -> Array:
    """The lowest learned loss on the front that each cost affords; 1 where none is affordable."""
    level = np.ones(len(cells))
    for loss, cost in front:
        level = np.where(cells >= cost, np.minimum(level, loss), level)
    return np.asarray(np.maximum(level, 0.0))


def directions(count: int, objectives: int, rng: np.random.Generator) -> Array:
    """Directions drawn uniformly on the positive part of the sphere, shape (count, objectives)."""
    drawn = np.abs(rng.normal(size=(count, objectives)))
    return np.asarray(np.maximum(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), 1e-6))


def scalarised_gain(samples: Array, front: Array, towards: Array, counts: Array) -> Array:
    """Expected hypervolume, up to a constant, that each run adds when it ends at each of its rounds: (runs, rounds).

    `samples` are losses of shape (samples, runs, rounds, objectives), and only those below `counts`, shape
    (objectives,), add anything. The hypervolume of any number of objectives is proportional to the mean over random
    directions of the largest min_i ((counts_i - loss_i) / direction_i)^objectives of all points: Golovin, Zhang,
    "Random Hypervolume Scalarizations for Provable Multi-Objective Black Box Optimization", ICML 2020.
    """
    power = towards.shape[1]
    total = np.zeros(samples.shape[1:3])
    for direction in towards:
        has = _reach(front, direction, counts).max(initial=0.0) ** power
        reached = np.maximum.accumulate(_reach(samples, direction, counts), axis=2)
        total += np.maximum(reached**power - has, 0.0).mean(axis=0)
    return total / len(towards)


def _reach(losses: Array, direction: Array, counts: Array) -> Array:
    reach: Array = np.maximum(((counts - losses) / direction).min(axis=-1), 0.0)
    return reach
