"""Waiting for the slowest: a synchronous round lasts as long as its last client."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["all_among", "expected_waiting"]

Array = NDArray[np.float64]

_SHIFT = 8


def all_among(share: Array, clients: Array, population: float | None) -> Array:
    """Probability that all `clients` drawn without replacement belong to a `share` of the population.

    C(F N, K) / C(N, K), and F^K where the population is unbounded (None). Where F N is not whole, the share has one
    client more with the probability of its fraction, as `assign_groups` deals them out: the mean of the two.
    """
    if population is None:
        return np.asarray(share**clients)
    inside = share * population
    whole = np.floor(inside)
    fewer, more = (_all_of(count, clients, population) for count in (whole, whole + 1))
    return np.asarray(fewer + (inside - whole) * (more - fewer))


def _all_of(inside: Array, clients: Array, population: float) -> Array:
    """C(inside, K) / C(N, K)."""
    possible = inside > clients - 1
    safe = np.where(possible, inside, population)  # keeps the logarithm away from its poles
    log_ratio = _log_falling(safe, clients) - _log_falling(np.asarray(population), clients)
    return np.where(possible, np.exp(np.minimum(log_ratio, 0.0)), 0.0)


def _log_falling(x: Array, k: Array) -> Array:
    """log(Gamma(x + 1) / Gamma(x - k + 1)) for x > k - 1, the log of x (x - 1) ... (x - k + 1).

    Stirling's series of both terms, after a shift by 8 that makes it exact to the last digits (Abramowitz and Stegun
    6.1.15 and 6.1.41). Taken as a difference it also holds for 10^9 clients, where two log-gammas would cancel.
    """
    low = x - k + 1.0
    shifted = low + _SHIFT
    steps = np.arange(_SHIFT)
    skipped = np.log1p(k[..., np.newaxis] / (low[..., np.newaxis] + steps)).sum(axis=-1)
    series = k * np.log(shifted) + (shifted + k - 0.5) * np.log1p(k / shifted) - k
    return np.asarray(series + _stirling_rest(shifted + k) - _stirling_rest(shifted) - skipped)


def _stirling_rest(z: Array) -> Array:
    inverse = 1 / z
    square = inverse * inverse
    return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))


def expected_waiting(busy_s: Array, share: Array, clients: Array, population: float | None) -> tuple[Array, Array]:
    """Seconds that a client of each group waits in a round, and seconds that the round lasts, both expected.

    `busy_s`, shape (..., groups): seconds a client of the group is busy; `share`, shape (groups,); `clients`,
    shape (...): K, drawn without replacement from `population` clients. Returns shapes (..., groups) and (...).
    Exact where share x population is whole, else very nearly. With the groups sorted by time, t_1 <= t_2 ..., and
    F_j the share of the first j groups, P(round <= t_j) = C(F_j N, K) / C(N, K). Given that a client of group g is
    drawn, the others are drawn from N - 1, and the ratio becomes C(F_j N - 1, K - 1) / C(N - 1, K - 1) =
    P(round <= t_j) / F_j, so that g waits sum over j >= g of (t_{j+1} - t_j) (1 - P(round <= t_j) / F_j).
    """
    order = np.argsort(busy_s, axis=-1, kind="stable")
    times = np.take_along_axis(busy_s, order, axis=-1)
    below = np.cumsum(share[order], axis=-1)
    gaps = np.diff(times, axis=-1)
    done = all_among(below[..., :-1], clients[..., np.newaxis], population)
    longer = gaps * (1 - np.minimum(done / below[..., :-1], 1.0))
    # Suffix sums: what a client of the j-th fastest group still waits for.
    waits = np.concatenate((np.cumsum(longer[..., ::-1], axis=-1)[..., ::-1], np.zeros_like(times[..., :1])), axis=-1)
    wait_s = np.empty_like(times)
    np.put_along_axis(wait_s, order, waits, axis=-1)
    round_s = times[..., -1] - np.sum(gaps * done, axis=-1)
    return wait_s, round_s
