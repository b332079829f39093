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
    more = np.minimum(np.floor(part) + 1, population)  # at least the part; one less has C(more - 1, drawn) ways
    # (part / population)^drawn, which is more than the chance, is no more than exp(-drawn (1 - part / population)).
    place = np.flatnonzero((more >= drawn) & (drawn * (population - more) < _NEVER * population))
    shape = np.broadcast_shapes(more.shape, drawn.shape)
    of_drawn = _log_all_drawn(drawn, population), population - drawn
    found, (a, k, part, logs, left) = np.zeros(shape), _taken(place, shape, more, drawn, part, *of_drawn)
    with_one_more = np.exp(_log_all_among(a, k, population) + logs)
    with_one_more *= np.sqrt(a * _root(left) / (_root(a - k) * population))
    without = with_one_more * (a - k) / a
    found.ravel()[place] = np.minimum(without + (part - (a - 1)) * (with_one_more - without), 1.0)
    return found


def _taken(place: NDArray[np.intp], shape: tuple[int, ...], *arrays: Array) -> list[Array]:
    """Some entries of arrays that broadcast to a shape, counted in that shape."""
    return [np.take(np.broadcast_to(values, shape), place) for values in arrays]


def partial_moments(part: Array, drawn: Array, population: float, wanted: Array) -> tuple[Array, Array]:
    """With X of the `drawn` belonging to `part`: P(X >= wanted) and E[X; X >= wanted].

    X is hypergeometric. `drawn`, `wanted` (1 at least) and `population` are whole; where `part` is not, the mean of
    one member less and one more.
    """
    shape = np.broadcast_shapes(part.shape, drawn.shape, wanted.shape)
    whole = np.floor(part + _ROUNDING * population)
    log = _log_of_draw(drawn, wanted, population)
    chance, mean = _whole_moments(np.broadcast_to(whole, shape), drawn, wanted, log, population)
    share = np.broadcast_to(part - whole, shape)
    place = np.flatnonzero(share > _ROUNDING * population)
    if len(place):
        more, weight, s, k, logs = _taken(place, shape, whole + 1, share, drawn, wanted, log)
        for values, higher in zip((chance, mean), _whole_moments(more, s, k, logs, population), strict=True):
            values.ravel()[place] += weight * (higher - values.ravel()[place])
    return chance, mean


def _whole_moments(part: Array, drawn: Array, wanted: Array, log: Array, population: float) -> tuple[Array, Array]:
    """Both moments where all numbers are whole; `log` is that of `_log_of_draw`.

    From (x + 1) (out - drawn + x + 1) p(x + 1) = (part - x) (drawn - x) p(x), with p(x) the probability of X = x and
    `out` = population - part, summed from x = k - 1 on, the squares fall out, and the mean follows from the
    probability: population E[X; X >= k] = part drawn P(X >= k) + k (out - drawn + k) p(k).
    """
    expected = drawn * (part / population)
    certain = wanted <= drawn - (population - part)  # said by itself: `expected` is rounded
    chance = ((wanted <= expected) | certain).astype(np.float64)
    mean = chance * expected
    # P(X >= expected + d) and P(X <= expected - d) are at most exp(-2 d^2 / drawn) (Hoeffding 1963).
    near = 2 * (wanted - expected) ** 2 < _NEVER * drawn
    near &= (wanted > drawn - (population - part)) & (wanted <= part)
    place = np.flatnonzero(near)
    if len(place):
        a, s, k, logs = _taken(place, part.shape, part, drawn, wanted, log)
        at = _at(a, s, population, k, logs)
        above = _above(at, a, s, population, k)
        chance.ravel()[place] = above
        mean.ravel()[place] = (a * s * above + k * (population - a - s + k) * at) / population
    return chance, mean


def _above(at: Array, part: Array, drawn: Array, population: float, k: Array) -> Array:
    """P(X >= k) from P(X = k): the shorter of the two tails is summed, away from the likeliest value."""
    above, up = np.empty_like(at), k * population > drawn * part
    for rising in (True, False):
        place = np.flatnonzero(up == rising)
        first, a, s, x = (np.take(values, place) for values in (at, part, drawn, k))
        free = population - a - s + x
        if rising:
            above[place] = first + _tail(first, a - x, s - x, x + 1, free + 1)
        else:
            above[place] = 1 - _tail(first, x, free, a - x + 1, s - x + 1)
    return np.clip(above, 0.0, 1.0)


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
    """log(C(part, drawn) / C(population, drawn)) without square roots and without what `_log_all_drawn` gives."""
    powers = drawn * np.log(part / population) - (part - drawn) * _log1p(-drawn / part)
    return np.asarray(powers + _rest(part) - _rest(part - drawn))


def _log_all_drawn(drawn: Array, population: float) -> Array:
    left = population - drawn
    return np.asarray(left * _log1p(-drawn / population) + _rest(left) - _rest(np.asarray(population)))


def _at(part: Array, drawn: Array, population: float, k: Array, logs: Array) -> Array:
    """P(X = k); `logs` is `_log_of_draw`. What counts is by how much each cell of the table is not as expected."""
    out, left, missed = population - part, population - drawn, part - k
    beyond = k - part * (drawn / population)
    cells = (
        (k, part * drawn, beyond),
        (drawn - k, out * drawn, -beyond),
        (missed, part * left, -beyond),
        (left - missed, out * left, beyond),
    )
    logs = logs + _rest(part) + _rest(out) - _rest(missed) - _rest(left - missed)
    for count, product, more in cells:
        logs -= count * _log1p(more * (population / product))
    return np.asarray(np.exp(logs) * np.sqrt(part * out / (_root(missed) * _root(left - missed))))


def _log_of_draw(drawn: Array, k: Array, population: float) -> Array:
    """What does not depend on the part: square roots, and the rests of Stirling's formula."""
    left, missed = population - drawn, np.maximum(drawn - k, 0.0)
    rests = _rest(drawn) + _rest(left) - _rest(np.asarray(population)) - _rest(k) - _rest(missed)
    roots = drawn * _root(left) / (2 * np.pi * population * _root(k) * _root(missed))
    return np.asarray(rests + 0.5 * np.log(roots))


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
