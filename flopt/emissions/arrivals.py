"""Arrivals: whose update is used in a synchronous round, how long the round lasts, and who waits or works for nothing.

The rule of a round. K updates are wanted; S >= K clients are drawn (over-selection) without replacement. A share of
each group's clients never reports (drop-out). The round ends when K have reported, or at the deadline; where too few
report and there is no deadline, it ends when the slowest group would have reported. Exactly K updates are used; of
clients that report at the same moment, which ones is chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.draws import all_among, partial_moments

__all__ = ["Arrivals", "Cohort", "expected_arrivals"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cohort:
    """Who is drawn in a round; `drawn` and `wanted` have the shape of the plans, the others that of the groups."""

    drawn: Array
    """S: clients drawn."""
    wanted: Array
    """K: updates that end the round."""
    share: Array
    """Share of each group in the population."""
    drop_out: Array
    """Share of each group's drawn clients that never report."""
    population: float
    deadline_s: float | None = None

    @property
    def lossless(self) -> bool:
        """Whether every update that is worked for is used."""
        return self.deadline_s is None and not self.drop_out.any() and bool((self.drawn == self.wanted).all())


@dataclass(frozen=True, eq=False)
class Arrivals:
    """What is expected of a round, in clients and client-seconds; arrays of shape (..., groups) but `round_s`."""

    round_s: Array
    """Seconds that the round lasts, shape (...)."""
    used: Array
    """Clients of each group whose update is used."""
    waiting_s: Array
    """Seconds that they wait in all, from their own end to the round's."""
    unused: Array
    """Clients that finish their work but whose update is not used: too late, or one too many."""
    dropped: Array
    """Clients that do all their work and never report."""
    cut_s: Array
    """Moments at which the round may end, in order, shape (..., ends)."""
    cut: Array
    """Clients of each group that are stopped in the middle at each of these moments, shape (..., groups, ends)."""


def expected_arrivals(busy_s: Array, cohort: Cohort) -> Arrivals:
    """Expectations in closed form; `busy_s`, shape (..., groups), is what a client of each group needs.

    With the groups sorted by time, t_1 <= t_2 ..., and X_j the number drawn of the first j groups that report, X_j is
    hypergeometric and P(round <= t_j) = P(X_j >= K). Everything follows from X_j's probability and mean above K.
    Exact where share x population is whole, else very nearly.
    """
    order = np.argsort(busy_s, axis=-1, kind="stable")
    times = np.take_along_axis(busy_s, order, axis=-1)
    found = _lossless(times, order, cohort) if cohort.lossless else _lossy(times, order, cohort)
    back = np.argsort(order, axis=-1, kind="stable")

    def in_place(values: Array) -> Array:
        return np.take_along_axis(values, back, axis=-1)

    return Arrivals(
        round_s=found.round_s,
        used=in_place(found.used),
        waiting_s=in_place(found.waiting_s),
        unused=in_place(found.unused),
        dropped=in_place(found.dropped),
        cut_s=found.cut_s,
        cut=np.take_along_axis(found.cut, back[..., np.newaxis], axis=-2),
    )


def _lossless(times: Array, order: NDArray[np.intp], cohort: Cohort) -> Arrivals:
    """Nobody is lost, so that the round waits for all: P(round <= t_j) = C(F_j N, K) / C(N, K).

    Given that a client of group g is drawn, the others are drawn from N - 1, and the ratio becomes
    P(round <= t_j) / F_j, so that g waits sum over j >= g of (t_{j+1} - t_j) (1 - P(round <= t_j) / F_j).
    """
    share = cohort.share[order]
    drawn = cohort.drawn[..., np.newaxis]
    below = np.cumsum(share, axis=-1)[..., :-1]
    gaps = times[..., 1:] - times[..., :-1]
    done = all_among(below * cohort.population, drawn, cohort.population)
    longer = gaps * (1 - np.minimum(done / below, 1.0))
    waits = np.zeros_like(times)
    waits[..., :-1] = np.cumsum(longer[..., ::-1], axis=-1)[..., ::-1]
    used = drawn * share
    nobody = np.zeros_like(used)
    round_s = times[..., -1] - np.sum(gaps * done, axis=-1)
    none_cut = np.zeros((*np.broadcast_shapes(used.shape, times.shape), 0))
    return Arrivals(round_s, used, used * waits, nobody, nobody, none_cut[..., 0, :], none_cut)


def _lossy(times: Array, order: NDArray[np.intp], cohort: Cohort) -> Arrivals:
    """Over-selection, drop-out or a deadline: the law of X_j, group by group from the fastest."""
    share, drop_out = cohort.share[order], cohort.drop_out[order]
    drawn, wanted = cohort.drawn[..., np.newaxis], cohort.wanted[..., np.newaxis]
    reports = share * (1 - drop_out)
    below = np.minimum(np.cumsum(reports, axis=-1), 1.0)
    enough, mean = partial_moments(below * cohort.population, drawn, cohort.population, wanted)
    limit = np.inf if cohort.deadline_s is None else cohort.deadline_s
    in_time = times <= limit
    ended = np.where(in_time, enough, 0.0)  # P(round <= t_j) for the groups that can make it
    return _Lossy(times, in_time, share, drop_out, drawn, wanted, below, enough, mean, ended, limit).arrivals()


@dataclass(frozen=True, eq=False)
class _Lossy:
    """The pieces of a lossy round, groups sorted by time; the names are those of the law."""

    times: Array
    in_time: NDArray[np.bool_]
    share: Array
    drop_out: Array
    drawn: Array
    wanted: Array
    below: Array
    """F_j: share of the population that reports by t_j if drawn."""
    enough: Array
    """P(X_j >= K)."""
    mean: Array
    """E[X_j; X_j >= K]."""
    ended: Array
    limit: float

    def arrivals(self) -> Arrivals:
        ends = np.minimum(self.times, self.limit)
        last = ends[..., -1:] if np.isinf(self.limit) else np.full_like(ends[..., -1:], self.limit)
        until = np.append(ends[..., 1:], last, axis=-1)
        gaps = until - ends
        round_s = ends[..., 0] + np.sum(gaps * (1 - self.ended), axis=-1)
        used = self._used()
        cut_s, cut = self._cut()
        finished = self.drawn * self.share * (1 - self.drop_out) - cut.sum(axis=-1) * (1 - self.drop_out)
        dropped = self.drop_out * (self.drawn * self.share - cut.sum(axis=-1))
        return Arrivals(round_s, used, self._waiting(gaps), np.maximum(finished - used, 0.0), dropped, cut_s, cut)

    def _used(self) -> Array:
        """E[min(K, X_j)] - E[min(K, X_{j-1})], for the groups that can make it; groups of one time share by size."""
        expected = self.drawn * self.below
        capped = self.wanted * self.enough + expected - self.mean
        before = np.concatenate((np.zeros_like(capped[..., :1]), capped[..., :-1]), axis=-1)
        together = self.times[..., :, np.newaxis] == self.times[..., np.newaxis, :]
        first, last = together.argmax(axis=-1), together.shape[-1] - 1 - together[..., ::-1].argmax(axis=-1)
        used = np.take_along_axis(capped, last, axis=-1) - np.take_along_axis(before, first, axis=-1)
        reports = self.share * (1 - self.drop_out)
        used = np.maximum(used, 0.0) * reports / (together * reports[..., np.newaxis, :]).sum(axis=-1)
        return np.where(self.in_time, used, 0.0)

    def _waiting(self, gaps: Array) -> Array:
        """While X_j < K, all of the first j groups that reported wait: E[X_g; X_j < K] = E[X_j; X_j < K] f_g / F_j."""
        still = np.where(self.in_time, self.drawn * self.below - self.mean, 0.0)
        each = gaps * np.maximum(still, 0.0) / np.where(self.below > 0, self.below, 1.0)
        from_here = np.cumsum(each[..., ::-1], axis=-1)[..., ::-1]
        return np.where(self.in_time, self.share * (1 - self.drop_out) * from_here, 0.0)

    def _cut(self) -> tuple[Array, Array]:
        """A client slower than t_j is stopped at t_j if X_j >= K; P(X_j >= K | it is drawn), X_j of S - 1 others."""
        slow = self.drawn * (1 - self.below)
        given = np.where(slow > 0, (self.drawn * self.enough - self.mean) / np.where(slow > 0, slow, 1.0), 0.0)
        given = np.where(self.in_time, np.clip(given, 0.0, 1.0), 0.0)
        groups = self.times.shape[-1]
        slower = np.arange(groups)[:, np.newaxis] > np.arange(groups)  # [g, j]: group g comes after t_j
        later = slower & (self.times[..., :, np.newaxis] > self.times[..., np.newaxis, :])
        before = np.diff(given, axis=-1, prepend=0.0)
        chance = np.where(later, np.maximum(before, 0.0)[..., np.newaxis, :], 0.0)
        cut = (self.drawn * self.share)[..., np.newaxis] * chance
        if not np.isfinite(self.limit):
            return self.times, cut
        late = ~self.in_time * self.drawn * self.share - np.where(self.in_time, 0.0, cut.sum(axis=-1))
        moments = np.append(self.times, np.full((*self.times.shape[:-1], 1), self.limit), axis=-1)
        return moments, np.append(cut, late[..., np.newaxis], axis=-1)
