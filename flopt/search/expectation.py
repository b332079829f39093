"""Expectation: what a plan's runs say about its learning curve over all seeds, whatever anything costs.

A single run is a draw. Its curve is the plan's expected curve, plus luck that stays with the run for some rounds
(initialisation, who was drawn; partly common to all plans of one seed), plus jitter of single rounds:

    y(plan, seed, r) = mu(plan, r) + s(plan, r) (sqrt(q) g(seed, r) + sqrt(1 - q) h(plan, seed, r)) + e(plan, seed, r)

mu, g and h are Gaussian processes in log r, held at log-spaced knots with lines between; s^2 and the variance of e are
pooled over plans and fall with clients and rounds (`flopt.search.luck`). Everything is linear and Gaussian, so mean
and covariance are exact (Rasmussen and Williams 2006, ch. 2; crossed random effects as in Searle et al. 1992, ch. 5).
What is a share of a whole, such as an accuracy, is looked at as log-odds: there a plan that rises within three rounds
and one that takes fifty have curves of like shape. The mean is taken there and brought back, the error by its slope.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.search.log_odds import log_odds, share, slope
from flopt.search.luck import WINDOW, Curve, Fit, Luck, jitter_of, luck_of, spread_of
from flopt.spread import Spread, weights

__all__ = ["Curve", "Expectation", "enough", "expect"]

Array = NDArray[np.float64]

KNOT_RATIO = 1.5
"""Ratio of neighbouring knots on the axis of rounds."""
MEMORY = 4.0
"""Length of mu in log r, as a Matern 3/2 process: correlation 0.96 over a doubling of the rounds, 0.5 from 2 to 100
(means of 200 plans of the shipped table). As log-odds means are still more alike, 0.98 and 0.62; so long a memory
measured worse on searches of three tables, where few of the plans are run for long."""
LUCK_MEMORY = 1.2
"""Length of a run's luck in log r, as an exponential process: 0.56 over a doubling (same table: 0.5-0.7)."""
MOST_SEEDS = 8
"""Seeds that can have luck in common; the luck of rarer ones counts as each plan's own."""
OWN, COMMON = 8, 4
"""Factors that are kept of a plan's own error and of the one that all plans share: the strongest."""
DIGITS = 5
"""Decimals of these: the page of a report holds them."""
LEAST_PLANS = 4
"""Plans that must have been run for five rounds before anything can be said of noise."""
DIFFUSE = 100.0
"""Factor on the plans' prior covariance where only differences within plans may speak."""


@dataclass(frozen=True, eq=False)
class Expectation:
    """The expected curve of one plan."""

    mean: Array
    """The expected value after each round, shape (rounds,)."""
    spread: Spread


def knots_until(rounds: int) -> Array:
    """Round numbers from 1 to the last, each about `KNOT_RATIO` times the one before."""
    steps = max(1, round(np.log(rounds) / np.log(KNOT_RATIO))) if rounds > 1 else 0
    return np.unique(np.round(np.geomspace(1, rounds, steps + 1))) if steps else np.array([1.0])


def enough(curves: Sequence[Curve]) -> bool:
    """Whether the curves say anything of their noise: those of a few plans have rounds enough to be rough or smooth."""
    return len({curve.plan for curve in curves if len(curve.values) >= WINDOW}) >= LEAST_PLANS


def expect(curves: Sequence[Curve], *, shares: bool) -> list[Expectation]:
    """The expected curves of the plans 0, 1, ... that the curves name; every plan has at least one.

    Each is as long as the plan's longest curve; a plan has one curve of each of its seeds. What is said of one plan
    depends on the other plans, but on no price. `shares`: all values are in [0, 1], and both ends are limits.
    """
    if not shares:
        return _Model.of(curves, shares=False).solved()
    shown = _each(log_odds, [curve.values for curve in curves])
    odds = [Curve(of.plan, of.seed, of.clients, values) for of, values in zip(curves, shown, strict=True)]
    return _Model.of(odds, shares=True).solved()


@dataclass(frozen=True, eq=False)
class _Model:
    """The curves at the knots: what each run says, and what is assumed before it.

    What a run says of noise depends on its kind alone: its clients, its length, and whether others share its seed. A
    study of thousands of runs has some hundred kinds, and matrices are worked out once for each.
    """

    curves: Sequence[Curve]
    plans: NDArray[np.int64]
    """Which plan each run is of."""
    seed: NDArray[np.int64]
    """Which of the seeds with common luck each run has, -1 for none."""
    seeds: int
    kind: NDArray[np.int64]
    """Which kind each run is of."""
    clients: Array
    """Clients of each kind."""
    knots: Array
    information: Array
    """H' D^-1 H of each kind, H its interpolation and D its jitter; shape (kinds, knots, knots)."""
    towards: Array
    """H' D^-1 (y - the middle curve) of each run, shape (runs, knots)."""
    middle: Array
    """Mean curve of all plans at the knots."""
    prior: Array
    """Covariance of mu around it."""
    jitter: Fit
    shares: bool
    """Whether all this is of log-odds, and what is expected is wanted as shares."""

    @classmethod
    def of(cls, curves: Sequence[Curve], *, shares: bool) -> _Model:
        knots, jitter = knots_until(max(len(curve.values) for curve in curves)), jitter_of(curves)
        middle, spread = _pooled(curves, knots)
        seed, seeds = _shared_seeds(curves)
        kinds: dict[tuple[float, int, bool], int] = {}
        keys = [(c.clients, len(c.values), alone) for c, alone in zip(curves, (seed < 0).tolist(), strict=True)]
        kind = np.array([kinds.setdefault(key, len(kinds)) for key in keys])
        information, towards = np.empty((len(kinds), len(knots), len(knots))), np.empty((len(curves), len(knots)))
        weighted = []
        for place, (clients, length, _) in enumerate(kinds):
            between = weights(length, knots)
            half = between.T / jitter.at(clients, np.arange(1.0, length + 1))
            information[place] = half @ between
            weighted.append((half, between @ middle))
        for run, (curve, place) in enumerate(zip(curves, kind.tolist(), strict=True)):
            half, expected = weighted[place]
            towards[run] = half @ (curve.values - expected)
        gaps = _gaps(knots) * np.sqrt(3) / MEMORY
        prior = np.outer(spread, spread) * (1 + gaps) * np.exp(-gaps)
        plans, each = np.array([curve.plan for curve in curves]), np.array([key[0] for key in kinds], dtype=np.float64)
        return cls(curves, plans, seed, seeds, kind, each, knots, information, towards, middle, prior, jitter, shares)

    def luck(self) -> Luck:
        """The luck of the runs, from each smoothed by itself; only plans that were run again tell of it."""
        smoothed, left = np.full(self.towards.shape, np.nan), np.zeros(self.towards.shape)
        again = np.flatnonzero(np.bincount(self.plans)[self.plans] > 1)
        if len(again):
            within = _posterior(self.prior, self.information)
            found = np.einsum("rij,rj->ri", within[self.kind[again]], self.towards[again])
            reached = self.knots <= np.array([[len(self.curves[run].values)] for run in again.tolist()])
            smoothed[again] = np.where(reached, found, np.nan)
            jitters = np.diagonal(within @ self.information @ within, axis1=1, axis2=2)  # what it does to the smoothed
            left[again] = jitters[self.kind[again]]
        return luck_of(self.curves, self.knots, smoothed, left, self.jitter)

    def solved(self) -> list[Expectation]:
        """Mean and spread of mu, with the luck of the seeds that several plans share taken out."""
        said, gap, scaled, shared = self._said()
        total, pull, group = self._plans(said, scaled)
        size = len(self.knots)
        sums = np.zeros((len(group), size))
        np.add.at(sums, self.plans, gap)
        needed, wanted = np.zeros((self.seeds, size, self.seeds, size)), np.zeros((self.seeds, size))
        for seed in range(self.seeds):
            runs = np.flatnonzero(self.seed == seed)
            each = scaled[self.kind[runs]]
            needed[seed, :, seed] = np.add.reduce(each[:, :, None] * said[self.kind[runs]] * each[:, None, :])
            wanted[seed] = np.add.reduce(each * gap[runs])
        moved = pull.reshape(len(pull), size, self.seeds * size)
        free = _posterior(DIFFUSE * self.prior, total)
        square = needed.reshape(self.seeds * size, self.seeds * size)
        mean, root = _seed_luck(shared, square, wanted.ravel(), moved[group], free[group], sums)
        own = _posterior(self.prior, total)
        centres = self.middle + np.einsum("pij,pj->pi", own[group], sums - moved[group] @ mean)
        common = own @ moved @ root
        return self._expectations(centres, _roots(own)[:, :, -OWN:], common @ _strongest(common[group]), group)

    def _said(self) -> tuple[Array, Array, Array, Array]:
        """What runs say of their plans, their own luck integrated out: information of each kind, pull of each run, sd
        of luck of each kind, common memory."""
        luck = self.luck()
        memory = np.exp(-_gaps(self.knots) / LUCK_MEMORY)
        scaled = np.sqrt(luck.fit.of_each(self.clients, self.knots))
        alone = np.ones(len(self.clients))
        alone[self.kind[self.seed >= 0]] = 1 - luck.shared
        cover = alone[:, None, None] * scaled[:, :, None] * memory * scaled[:, None, :]
        freed = np.linalg.inv(np.eye(len(self.knots)) + self.information @ cover)  # (A^-1 + B)^-1 = (I + A B)^-1 A
        gap = np.einsum("rij,rj->ri", freed[self.kind], self.towards)
        return freed @ self.information, gap, scaled, luck.shared * memory

    def _plans(self, said: Array, scaled: Array) -> tuple[Array, Array, NDArray[np.int64]]:
        """Plans whose runs are of the same kinds and seeds, as one group: what is said of each, how the luck of each
        seed moves that, and the group of each plan."""
        runs: list[list[tuple[int, int]]] = [[] for _ in range(1 + int(self.plans.max()))]
        for plan, kind, seed in zip(self.plans.tolist(), self.kind.tolist(), self.seed.tolist(), strict=True):
            runs[plan].append((kind, seed))
        groups: dict[tuple[tuple[int, int], ...], int] = {}
        group = np.array([groups.setdefault(tuple(each), len(groups)) for each in runs])
        size = len(self.knots)
        total, pull = np.zeros((len(groups), size, size)), np.zeros((len(groups), size, self.seeds, size))
        for place, of in enumerate(groups):
            for kind, seed in of:
                total[place] += said[kind]
                if seed >= 0:
                    pull[place, :, seed] += said[kind] * scaled[kind]
        return total, pull, group

    def _expectations(self, centres: Array, own: Array, common: Array, group: NDArray[np.int64]) -> list[Expectation]:
        lengths = np.zeros(len(centres), dtype=int)
        np.maximum.at(lengths, self.plans, [len(curve.values) for curve in self.curves])
        slopes = slope(centres) if self.shares else np.ones_like(centres)
        owns, commons = (np.round(slopes[..., None] * each[group], DIGITS) for each in (own, common))
        means = [weights(length, self.knots) @ centre for length, centre in zip(lengths.tolist(), centres, strict=True)]
        means = _each(share, means) if self.shares else means
        return [
            Expectation(mean, Spread(self.knots, *loadings))
            for mean, *loadings in zip(means, owns, commons, strict=True)
        ]


def _each(change: Callable[[Array], Array], curves: Sequence[Array]) -> list[Array]:
    """Every curve changed value by value, all in one go."""
    return np.split(change(np.concatenate(curves)), np.cumsum([len(curve) for curve in curves[:-1]]))


def _strongest(loadings: Array) -> Array:
    """The few directions of common factors that move the plans most, shape (factors, at most COMMON)."""
    factors = loadings.shape[-1]
    if factors <= COMMON:
        return np.eye(factors)
    flat = loadings.reshape(-1, factors)
    return np.asarray(np.linalg.eigh(flat.T @ flat)[1][:, -COMMON:])


def _posterior(prior: Array, information: Array) -> Array:
    """(prior^-1 + information)^-1, also where the information is singular."""
    found = np.linalg.inv(np.eye(len(prior)) + prior @ information) @ prior
    return (found + found.swapaxes(-1, -2)) / 2


def _seed_luck(
    memory: Array, needed: Array, wanted: Array, pull: Array, free: Array, sums: Array
) -> tuple[Array, Array]:
    """Posterior mean of the seeds' luck and a square root of its covariance.

    Plans are compared with themselves only (`free`: their covariance under a diffuse prior): a seed that all plans
    were run with is neither lucky nor unlucky as far as anybody knows.
    """
    seeds = len(wanted) // len(memory)
    if not seeds:
        return wanted, np.zeros((0, 0))
    tight = np.linalg.inv(memory + 1e-9 * np.eye(len(memory)))
    needed = needed + np.kron(np.eye(seeds), tight) - np.einsum("pki,pkl,plj->ij", pull, free, pull, optimize=True)
    wanted = wanted - np.einsum("pki,pkl,pl->i", pull, free, sums, optimize=True)
    covariance = np.linalg.inv(needed)
    return covariance @ wanted, _roots((covariance + covariance.T) / 2)


def _shared_seeds(curves: Sequence[Curve]) -> tuple[NDArray[np.int64], int]:
    """For each run which of the seeds with common luck it has, -1 for none; and how many there are."""
    counts = Counter(curve.seed for curve in curves)
    chosen = [seed for seed, count in counts.most_common(MOST_SEEDS) if count > 1]
    places = {seed: place for place, seed in enumerate(chosen)}
    return np.array([places.get(curve.seed, -1) for curve in curves]), len(chosen)


def _pooled(curves: Sequence[Curve], knots: Array) -> tuple[Array, Array]:
    """Mean and standard deviation over runs at the knots; steps between knots come from the runs that reach both."""
    lengths = np.array([[len(curve.values)] for curve in curves])
    before = np.cumsum(lengths)[:, None] - lengths
    places = before + np.minimum(knots.astype(int), lengths) - 1
    table = np.where(knots <= lengths, np.concatenate([curve.values for curve in curves])[places], np.nan)
    steps = np.nanmean(np.diff(table, axis=1), axis=0) if len(knots) > 1 else np.empty(0)
    middle = np.nanmean(table[:, 0]) + np.concatenate([[0.0], np.cumsum(steps)])
    spread = np.array([np.nanstd(column) if np.isfinite(column).sum() > 2 else 0.0 for column in table.T])
    return middle, np.maximum(spread, spread_of(curves) / 2)


def _roots(covariance: Array) -> Array:
    """A square root of each covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :])


def _gaps(knots: Array) -> Array:
    return np.abs(np.subtract.outer(np.log(knots), np.log(knots)))
