"""Drawing without replacement: how many of those drawn belong to a part of the population."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["all_among", "partial_moments"]

Array = NDArray[np.float64]

_SHIFT = 8


def all_among(part: Array, drawn: Array, population: float) -> Array:
    """Probability that all `drawn` belong to `part` of the `population`: C(part, drawn) / C(population, drawn).

    Where `part` is not whole it has one member more with the probability of its fraction, as `assign_groups` deals
    them out: the mean of the two.
    """
    whole = np.floor(part)
    more = whole + 1
    possible = more > drawn - 1
    # A part that is too small is replaced by one that is not, and its result by 0: the logarithms need it.
    safe = np.where(possible, more, drawn)
    log_ratio = _log_falling(safe, drawn) - _log_falling(np.asarray(population), drawn)
    with_one_more = np.where(possible, np.exp(np.minimum(log_ratio, _log_one_more(population, drawn))), 0.0)
    without = with_one_more * np.maximum(more - drawn, 0.0) / more
    return np.asarray(np.minimum(without + (part - whole) * (with_one_more - without), 1.0))


def _log_one_more(population: float, drawn: Array) -> Array:
    """The log of C(population + 1, drawn) / C(population, drawn): what a whole population with one more would have."""
    return np.asarray(np.log((population + 1) / np.maximum(population + 1 - drawn, 1e-300)))


def partial_moments(part: Array, drawn: Array, population: float, wanted: Array) -> tuple[Array, Array]:
    """With X of the `drawn` belonging to `part`: P(X >= wanted) and E[X; X >= wanted].

    X is hypergeometric; where `part` is not whole the mean of one member less and one more. All arguments broadcast;
    `drawn` and `wanted` are whole. The probabilities are summed from `wanted` to `drawn` by their ratios, starting at
    the likeliest value in between, so that nothing underflows that matters.
    """
    whole = np.floor(part)
    low = _whole_moments(whole, drawn, population, wanted)
    high = _whole_moments(np.minimum(whole + 1, population), drawn, population, wanted)
    share = part - whole
    return low[0] + share * (high[0] - low[0]), low[1] + share * (high[1] - low[1])


def _whole_moments(part: Array, drawn: Array, population: float, wanted: Array) -> tuple[Array, Array]:
    part, drawn, wanted = np.broadcast_arrays(part, drawn, wanted)
    least = np.maximum(wanted, drawn - (population - part))
    most = np.minimum(drawn, part)
    mode = np.floor((drawn + 1) * (part + 1) / (population + 2))
    start = np.clip(mode, least, np.maximum(most, least))
    first = np.where(least <= most, np.exp(_log_probability(np.minimum(start, most), part, drawn, population)), 0.0)
    chance, mean = first.copy(), first * start
    for step in (1, -1):
        term, count = first.copy(), start.copy()
        for _ in range(int(np.max(most - start if step > 0 else start - least, initial=0))):
            term = term * _ratio(count, step, part, drawn, population)
            count = count + step
            inside = (count <= most) & (count >= least)
            term = np.where(inside, term, 0.0)
            chance, mean = chance + term, mean + term * count
            if not np.any(term > 1e-18 * chance):
                break
    return np.minimum(chance, 1.0), mean


def _ratio(count: Array, step: int, part: Array, drawn: Array, population: float) -> Array:
    """P(X = count + step) / P(X = count)."""
    outside = population - part
    if step > 0:
        return (part - count) * (drawn - count) / ((count + 1) * np.maximum(outside - drawn + count + 1, 1.0))
    below = np.maximum(part - count + 1, 1.0) * np.maximum(drawn - count + 1, 1.0)
    return np.asarray(count * np.maximum(outside - drawn + count, 0.0) / below)


def _log_probability(count: Array, part: Array, drawn: Array, population: float) -> Array:
    """log P(X = count) = log C(part, count) C(population - part, drawn - count) / C(population, drawn)."""
    missed = drawn - count
    ways = _log_falling(part, count) - _log_factorial(count)
    ways = ways + _log_falling(np.asarray(population - part), missed) - _log_factorial(missed)
    return np.asarray(ways - (_log_falling(np.asarray(population), drawn) - _log_factorial(drawn)))


def _log_factorial(k: Array) -> Array:
    return _log_falling(k, k)


def _log_falling(x: Array, k: Array) -> Array:
    """log(Gamma(x + 1) / Gamma(x - k + 1)) for x > k - 1, the log of x (x - 1) ... (x - k + 1).

    Stirling's series of both terms, after a shift by 8 that makes it exact to the last digits (Abramowitz and Stegun
    6.1.15 and 6.1.41). Taken as a difference it also holds for 10^9 clients, where two log-gammas would cancel.
    """
    low = x - k + 1.0
    shifted = low + _SHIFT
    skipped = (low + k) / low
    for step in range(1, _SHIFT):
        skipped = skipped * ((low + (k + step)) / (low + step))
    series = k * np.log(shifted) + (shifted + k - 0.5) * np.log1p(k / shifted) - k
    return np.asarray(series + _stirling_rest(shifted + k) - _stirling_rest(shifted) - np.log(skipped))


def _stirling_rest(z: Array) -> Array:
    square = 1 / (z * z)
    return np.asarray((1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / z)
