"""Drawing without replacement: how many of those drawn belong to a part of the population."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["all_among", "partial_moments"]

Array = NDArray[np.float64]

_NEVER = 42.0
"""Chances below exp(-42) = 6e-19 are taken as 0."""
_NEGLIGIBLE = 1e-18
"""Where the sum of a tail ends."""
_ROUNDING = 1e-12
"""How far a whole part of the population may lie from a whole number, of the population."""
_STEPS = 6
"""Terms of a tail that are summed before anybody looks which tails have ended."""


def all_among(part: Array, drawn: Array, population: float) -> Array:
    """Probability that all `drawn` belong to `part` of the `population`: C(part, drawn) / C(population, drawn).

    `drawn` and `population` are whole. Where `part` is not, it has one member more with the probability of its
    fraction, as `assign_groups` deals them out: the mean of the two.
    """
    part, drawn = np.broadcast_arrays(part, drawn)
    more = np.minimum(np.floor(part) + 1, population)  # at least the part; one less has C(more - 1, drawn) ways
    # (part / population)^drawn, which is more than the chance, is no more than exp(-drawn (1 - part / population)).
    place = np.flatnonzero((more >= drawn) & (drawn * (population - more) < _NEVER * population))
    found = np.zeros(part.shape)
    more, drawn, part = (values.ravel()[place] for values in (more, drawn, part))
    with_one_more = np.exp(_log_all_among(more, drawn, population)) * _roots_of_all(more, drawn, population)
    without = with_one_more * (more - drawn) / more
    mean = without + (part - (more - 1)) * (with_one_more - without)
    found.ravel()[place] = np.minimum(mean, 1.0)
    return found


def partial_moments(part: Array, drawn: Array, population: float, wanted: Array) -> tuple[Array, Array]:
    """With X of the `drawn` belonging to `part`: P(X >= wanted) and E[X; X >= wanted].

    X is hypergeometric. `drawn`, `wanted` (1 at least) and `population` are whole; where `part` is not, the mean of
    one member less and one more.
    """
    part, drawn, wanted = np.broadcast_arrays(part, drawn, wanted)
    whole = np.floor(part + _ROUNDING * population)
    chance, mean = _whole_moments(whole, drawn, population, wanted)
    share = part - whole
    place = np.flatnonzero(share > _ROUNDING * population)
    if len(place):
        more = [np.take(values, place) for values in (whole, drawn, wanted)]
        higher = _whole_moments(more[0] + 1, more[1], population, more[2])
        for values, high in zip((chance, mean), higher, strict=True):
            low = values.ravel()
            low[place] += np.take(share, place) * (high - low[place])
    return chance, mean


def _whole_moments(part: Array, drawn: Array, population: float, wanted: Array) -> tuple[Array, Array]:
    """Both moments where all numbers are whole.

    From (x + 1) (out - drawn + x + 1) p(x + 1) = (part - x) (drawn - x) p(x), with p(x) the probability of X = x and
    `out` = population - part, summed from x = k - 1 on, the squares fall out, and the mean follows from the
    probability: population E[X; X >= k] = part drawn P(X >= k) + k (out - drawn + k) p(k).
    """
    expected = drawn * (part / population)
    chance = (wanted <= expected).astype(np.float64)
    mean = chance * expected
    # P(X >= expected + d) and P(X <= expected - d) are at most exp(-2 d^2 / drawn) (Hoeffding 1963).
    near = 2 * (wanted - expected) ** 2 < _NEVER * drawn
    near &= (wanted > drawn - (population - part)) & (wanted <= drawn) & (wanted <= part)
    place = np.flatnonzero(near)
    if len(place):
        a, s, k = (np.take(values, place) for values in (part, drawn, wanted))
        at, above = _at_and_above(a, s, population, k)
        chance.ravel()[place] = above
        mean.ravel()[place] = (a * s * above + k * (population - a - s + k) * at) / population
    return chance, mean


def _at_and_above(part: Array, drawn: Array, population: float, k: Array) -> tuple[Array, Array]:
    """P(X = k) and P(X >= k); the shorter of the two tails is summed, away from the likeliest value."""
    at = np.exp(_log_at(part, drawn, population, k)) * _roots_at(part, drawn, population, k)
    above, up = np.empty_like(at), k * population > drawn * part
    for rising in (True, False):
        place = np.flatnonzero(up == rising)
        first, a, s, x = (np.take(values, place) for values in (at, part, drawn, k))
        free = population - a - s + x
        if rising:
            above[place] = first + _tail(first, a - x, s - x, x + 1, free + 1)
        else:
            above[place] = 1 - _tail(first, x, free, a - x + 1, s - x + 1)
    return at, np.clip(above, 0.0, 1.0)


def _tail(first: Array, a: Array, b: Array, c: Array, d: Array) -> Array:
    """The sum of what follows `first`: first times a b / (c d), that times (a - 1) (b - 1) / ((c + 1) (d + 1)) ..."""
    total, place = np.zeros_like(first), np.arange(len(first))
    term, found, up, less, down, more = first.copy(), total.copy(), a * b, a + b - 1, c * d, c + d + 1
    while len(place):
        for _ in range(_STEPS):
            term *= up
            term /= down
            found += term
            up -= less  # (a - 1) (b - 1) = a b - (a + b - 1)
            less -= 2
            down += more
            more += 2
        total[place] = found
        going = np.flatnonzero(term > _NEGLIGIBLE)
        if len(going) < len(place):
            some = (term, found, up, less, down, more)
            term, found, up, less, down, more = (np.take(values, going) for values in some)
            place = np.take(place, going)
    return total


# Stirling: n! = sqrt(2 pi n) (n / e)^n exp(_rest(n)). The powers are taken together as logarithms of ratios near 1,
# as in Loader 2000, "Fast and accurate computation of binomial probabilities"; so nothing cancels for 10^9 clients.


def _log_all_among(part: Array, drawn: Array, population: float) -> Array:
    """log(C(part, drawn) / C(population, drawn)) without the square roots."""
    powers = drawn * np.log(part / population)
    powers -= (part - drawn) * _log1p(-drawn / part) - (population - drawn) * _log1p(-drawn / population)
    return powers + _rest(part) - _rest(part - drawn) - _rest(np.asarray(population)) + _rest(population - drawn)


def _roots_of_all(part: Array, drawn: Array, population: float) -> Array:
    return np.sqrt(part * _root(population - drawn) / (_root(part - drawn) * population))


def _log_at(part: Array, drawn: Array, population: float, k: Array) -> Array:
    """log P(X = k), without the square roots: by how much each cell of the table differs from what is expected."""
    out, left = population - part, population - drawn
    beyond = k - part * (drawn / population)
    logs = _rest(part) + _rest(out) + _rest(drawn) + _rest(left) - _rest(np.asarray(population))
    cells = (
        (k, part * drawn, beyond),
        (drawn - k, out * drawn, -beyond),
        (part - k, part * left, -beyond),
        (left - (part - k), out * left, beyond),
    )
    for count, product, more in cells:
        logs -= count * _log1p(more * (population / product)) + _rest(count)
    return logs


def _roots_at(part: Array, drawn: Array, population: float, k: Array) -> Array:
    out, left = population - part, population - drawn
    cells = _root(k) * _root(drawn - k) * _root(part - k) * _root(left - (part - k))
    return np.asarray(np.sqrt(part * out * drawn * _root(left) / (2 * np.pi * population * cells)))


def _log1p(x: Array) -> Array:
    """log(1 + x), and a number where that is infinite: it is multiplied by 0 there."""
    return np.asarray(np.log1p(np.maximum(x, -1 + 1e-16)))


def _root(n: Array) -> Array:
    """What stands under the square root, over 2 pi; 0! = 1 has none."""
    return np.asarray(np.maximum(n, 1 / (2 * np.pi)))


def _rest(n: Array) -> Array:
    over = 1 / np.maximum(n, 1.0)
    series = (1 / 12 - over * over * (1 / 360)) * over
    return np.asarray(series + np.take(_CORRECTION, np.minimum(n, _LARGE).astype(np.intp)))


def _correction() -> Array:
    """What two terms of Stirling's series (Abramowitz and Stegun 6.1.41) lack below 256: from there on, nothing."""
    n = np.arange(1, _LARGE, dtype=np.float64)
    over, square = 1 / n, 1 / (n * n)
    exact = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) * over
    for small in range(1, 16):
        powers = 0.5 * math.log(2 * math.pi * small) + small * (math.log(small) - 1)
        exact[small - 1] = math.log(math.factorial(small)) - powers
    lacking = exact - (1 / 12 - square / 360) * over
    return np.concatenate(([1 / 360 - 1 / 12], lacking, [0.0]))


_LARGE = 256
_CORRECTION = _correction()
