"""Arrivals: whose update is used in a synchronous round, how long the round lasts, and who waits or works for nothing.

The rule of a round. K updates are wanted; S >= K clients are drawn (over-selection) without replacement. A share of
each group's clients never reports (drop-out). The round ends when K have reported, or at the deadline; where too few
report and there is no deadline, it ends when the slowest group would have reported. Exactly K updates are used; of
clients that report at the same moment, which ones is chance. Whoever is not done when the round ends is stopped.

Arrays have the shape (groups, cases): a case is a plan, under one draw of the coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.draws import all_among, partial_moments
from flopt.emissions.order import Order

__all__ = ["Arrivals", "Cohort", "expected_arrivals"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cohort:
    """Who is drawn in a round; `drawn` and `wanted` have the shape (cases,), the others (groups, 1)."""

    drawn: Array
    """S: clients drawn."""
    wanted: Array
    """K: updates that end the round."""
    share: Array
    """Share of each group in the population."""
    drop_out: Array
    """Share of each group's drawn clients that never report."""
    population: float
    """Clients that can be drawn, a whole number."""
    deadline_s: float | None = None
    over_selected: bool = True
    """Whether more may be drawn than are wanted."""

    @property
    def lossless(self) -> bool:
        """Whether every update that is worked for is used."""
        return self.deadline_s is None and not self.over_selected and not self.drop_out.any()


@dataclass(frozen=True, eq=False)
class Arrivals:
    """What is expected of a round, in clients and client-seconds; arrays of shape (groups, cases) but `round_s`."""

    round_s: Array
    """Seconds that the round lasts, shape (cases,)."""
    used: Array
    """Clients of each group whose update is used."""
    waiting_s: Array
    """Seconds that they wait in all, from their own end to the round's."""
    at_work_s: Array
    """Seconds that one drawn client of each group is let work, until it is done or the round ends."""
    ends: Ends
    """Tells how much of that lies before some moment."""


@dataclass(frozen=True, eq=False)
class Ends:
    """When a round may end while slower clients are still at work; arrays of shape (groups, cases), sorted by time."""

    order: Order
    moment_s: Array
    """When the clients of each group are done."""
    chance: Array
    """Chance that the round ends then, for a client that is drawn and takes longer."""
    limit_s: float

    def at_work_s(self, until_s: Array) -> Array:
        """E[min(moment, end of the round)] for a client of each group, at moments at which it is not yet done."""
        until = self.order.sorted(np.minimum(until_s, self.limit_s))
        lost, after = np.zeros_like(until), np.empty_like(until)
        for group in range(len(until) - 1):
            slower = after[group + 1 :]
            np.subtract(until[group + 1 :], self.moment_s[group], out=slower)
            np.maximum(slower, 0.0, out=slower)
            slower *= self.chance[group]
            lost[group + 1 :] += slower
        return self.order.back(until - lost)


def expected_arrivals(busy_s: Array, cohort: Cohort) -> Arrivals:
    """Expectations in closed form; `busy_s`, shape (groups, cases), is what a client of each group needs.

    With the groups sorted by time, t_1 <= t_2 ..., and X_j the number drawn of the first j groups that report, X_j is
    hypergeometric and P(round <= t_j) = P(X_j >= K). Everything follows from X_j's probability and mean above K.
    Exact where share x population is whole, else very nearly.
    """
    return _lossless(busy_s, cohort) if cohort.lossless else _lossy(busy_s, cohort)


def _lossless(busy_s: Array, cohort: Cohort) -> Arrivals:
    """Nobody is lost, so that the round waits for all: P(round <= t_j) = C(F_j N, K) / C(N, K).

    Given that a client of group g is drawn, the others are drawn from N - 1, and the ratio becomes
    P(round <= t_j) / F_j, so that g waits sum over j >= g of (t_{j+1} - t_j) (1 - P(round <= t_j) / F_j).
    """
    order = Order.of(busy_s)
    times = order.sorted(busy_s)
    below = _running(order.sorted(cohort.share)[:-1])
    gaps = times[1:] - times[:-1]
    done = all_among(below * cohort.population, cohort.drawn, cohort.population)
    waits = np.zeros_like(times)
    waits[:-1] = _running((gaps * (1 - np.minimum(done / below, 1.0)))[::-1])[::-1]
    used = cohort.drawn * cohort.share
    round_s = times[-1] - _total(gaps * done)
    ends = Ends(order, times, np.zeros((len(times), 1)), np.inf)
    return Arrivals(round_s, used, used * order.back(waits), busy_s, ends)


def _lossy(busy_s: Array, cohort: Cohort) -> Arrivals:
    """Over-selection, drop-out or a deadline: the law of X_j, group by group from the fastest."""
    order = Order.of(busy_s)
    times, reports = order.sorted(busy_s), order.sorted(cohort.share * (1 - cohort.drop_out))
    below = np.minimum(_running(reports), 1.0)
    enough, mean = partial_moments(below * cohort.population, cohort.drawn, cohort.population, cohort.wanted)
    limit = np.inf if cohort.deadline_s is None else cohort.deadline_s
    return _Lossy(order, times, reports, below, enough, mean, times <= limit, limit, cohort).arrivals()


@dataclass(frozen=True, eq=False)
class _Lossy:
    """The pieces of a lossy round, groups sorted by time; the names are those of the law."""

    order: Order
    times: Array
    reports: Array
    """Share of the population that is of this group and reports if drawn."""
    below: Array
    """F_j: share of the population that reports by t_j if drawn."""
    enough: Array
    """P(X_j >= K)."""
    mean: Array
    """E[X_j; X_j >= K]."""
    in_time: NDArray[np.bool_]
    limit: float
    cohort: Cohort

    def arrivals(self) -> Arrivals:
        ends = np.minimum(self.times, self.limit)
        last = ends[-1:] if np.isinf(self.limit) else np.full_like(ends[-1:], self.limit)
        gaps = np.concatenate((ends[1:], last)) - ends
        round_s = ends[0] + _total(gaps * (1 - self.enough * self.in_time))
        used, waiting_s = self.order.back(self._used()), self.order.back(self._waiting(gaps))
        given = self._ended()
        chance = np.maximum(np.diff(given, axis=0, prepend=0.0), 0.0) * self.in_time
        at_work_s = ends[0] + np.concatenate((np.zeros_like(ends[:1]), _running(gaps * (1 - given))[:-1]))
        return Arrivals(
            round_s, used, waiting_s, self.order.back(at_work_s), Ends(self.order, self.times, chance, self.limit)
        )

    def _used(self) -> Array:
        """E[min(K, X_j)] - E[min(K, X_{j-1})], for the groups that can make it; groups of one time share by size."""
        capped = self.cohort.wanted * self.enough + self.cohort.drawn * self.below - self.mean
        used = np.diff(capped, axis=0, prepend=0.0)
        tied = self.times[1:] == self.times[:-1]
        if tied.any():
            used = _shared(used, self.reports, tied)
        return np.asarray(np.maximum(used, 0.0) * self.in_time)

    def _waiting(self, gaps: Array) -> Array:
        """While X_j < K, all of the first j groups that reported wait: E[X_g; X_j < K] = E[X_j; X_j < K] f_g / F_j."""
        still = np.maximum(self.cohort.drawn * self.below - self.mean, 0.0) * self.in_time
        return self.reports * _running((gaps * still / self.below)[::-1])[::-1] * self.in_time

    def _ended(self) -> Array:
        """P(X_j >= K | somebody slower than t_j is drawn): X_j of the S - 1 others."""
        slow = np.maximum(self.cohort.drawn * (1 - self.below), 1e-300)
        return np.clip((self.cohort.drawn * self.enough - self.mean) / slow, 0.0, 1.0)


def _shared(used: Array, reports: Array, tied: NDArray[np.bool_]) -> Array:
    """Divide what clients of one time get among their groups by size; `tied[j]`: group j + 1 is as fast as group j."""
    each, size, run = used.copy(), reports.copy(), list(tied)
    for group, same in enumerate(run):  # sums of each run, first forwards to its last group, then back to the others
        each[group + 1] += same * each[group]
        size[group + 1] += same * size[group]
    for group, same in reversed(list(enumerate(run))):
        each[group] = np.where(same, each[group + 1], each[group])
        size[group] = np.where(same, size[group + 1], size[group])
    return np.asarray(each * (reports / size))


def _running(rows: Array) -> Array:
    """Sums of the rows so far."""
    sums = rows.copy()
    for row in range(1, len(sums)):
        sums[row] += sums[row - 1]
    return sums


def _total(rows: Array) -> Array:
    return np.asarray(sum(rows))
