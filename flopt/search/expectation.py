"""Expectation: what a plan's runs say about its learning curve over all seeds, whatever anything costs.

A single run is a draw. Its curve is the plan's expected curve, plus luck that stays with the run for some rounds
(initialisation, who was drawn; partly common to all plans of one seed), plus jitter of single rounds:

    y(plan, seed, r) = mu(plan, r) + s(plan, r) (sqrt(q) g(seed, r) + sqrt(1 - q) h(plan, seed, r)) + e(plan, seed, r)

mu, g and h are Gaussian processes in log r, held at log-spaced knots with lines between; s^2 and the variance of e are
pooled over plans and fall with clients and rounds (`flopt.search.luck`). Everything is linear and Gaussian, so mean
and covariance are exact (Rasmussen and Williams 2006, ch. 2; crossed random effects as in Searle et al. 1992, ch. 5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.search.luck import FOURTH, Curve, Luck, jitter_of, luck_of, spread_of
from flopt.spread import Spread, weights

__all__ = ["Curve", "Expectation", "enough", "expect"]

Array = NDArray[np.float64]

KNOT_RATIO = 1.5
"""Ratio of neighbouring knots on the axis of rounds."""
MEMORY = 4.0
"""Length of mu in log r, as a Matern 3/2 process: correlation 0.96 over a doubling of the rounds, 0.5 from 2 to 100
(means of 200 plans of the shipped table)."""
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
    return len({curve.plan for curve in curves if len(curve.values) >= len(FOURTH)}) >= LEAST_PLANS


def expect(curves: Sequence[Curve]) -> list[Expectation]:
    """The expected curves of the plans 0, 1, ... that the curves name; every plan has at least one.

    Each is as long as the plan's longest curve; a plan has one curve of each of its seeds. What is said of one plan
    depends on the other plans, but on no price.
    """
    return _Model.of(curves).solved()


@dataclass(frozen=True, eq=False)
class _Model:
    """The curves at the knots: what each run says, and what is assumed before it."""

    curves: Sequence[Curve]
    plans: NDArray[np.int64]
    """Which plan each run is of."""
    knots: Array
    information: Array
    """H' D^-1 H of each run, H its interpolation and D its jitter; shape (runs, knots, knots)."""
    towards: Array
    """H' D^-1 (y - the middle curve), shape (runs, knots)."""
    middle: Array
    """Mean curve of all plans at the knots."""
    prior: Array
    """Covariance of mu around it."""

    @classmethod
    def of(cls, curves: Sequence[Curve]) -> _Model:
        knots, jitter = knots_until(max(len(curve.values) for curve in curves)), jitter_of(curves)
        middle, spread = _pooled(curves, knots)
        information, towards = np.empty((len(curves), len(knots), len(knots))), np.empty((len(curves), len(knots)))
        weighted: dict[tuple[float, int], tuple[Array, Array]] = {}
        for run, curve in enumerate(curves):
            key, share = (curve.clients, len(curve.values)), weights(len(curve.values), knots)
            if key not in weighted:
                half = share.T / jitter.at(curve.clients, np.arange(1.0, len(share) + 1))
                weighted[key] = half, half @ share
            information[run], towards[run] = weighted[key][1], weighted[key][0] @ (curve.values - share @ middle)
        gaps = _gaps(knots) * np.sqrt(3) / MEMORY
        prior = np.outer(spread, spread) * (1 + gaps) * np.exp(-gaps)
        plans = np.array([curve.plan for curve in curves])
        return cls(curves, plans, knots, information, towards, middle, prior)

    def luck(self) -> Luck:
        """The luck of the runs, from each smoothed by itself."""
        within = _posterior(self.prior, self.information)
        found = np.einsum("rij,rj->ri", within, self.towards)
        reached = self.knots <= np.array([[len(curve.values)] for curve in self.curves])
        smoothed = np.where(reached, found, np.nan)
        left = np.diagonal(within @ self.information @ within, axis1=1, axis2=2)  # what jitter does to the smoothed
        return luck_of(self.curves, self.knots, smoothed, left)

    def solved(self) -> list[Expectation]:
        """Mean and spread of mu, with the luck of the seeds that several plans share taken out."""
        said, gap, scaled, shared = self._said()
        seed, seeds = _shared_seeds(self.curves)
        plans, size = 1 + int(self.plans.max()), len(self.knots)
        total, sums, pull = np.zeros((plans, size, size)), np.zeros((plans, size)), np.zeros((plans, size, seeds, size))
        np.add.at(total, self.plans, said)
        np.add.at(sums, self.plans, gap)
        mine = np.flatnonzero(seed >= 0)
        pull[self.plans[mine], :, seed[mine]] += said[mine] * scaled[mine, None, :]  # how luck moves a plan's sums
        needed, wanted = np.zeros((seeds, size, seeds, size)), np.zeros((seeds, size))
        for run in mine:
            needed[seed[run], :, seed[run]] += scaled[run, :, None] * said[run] * scaled[run]
            wanted[seed[run]] += scaled[run] * gap[run]
        moved = pull.reshape(plans, size, seeds * size)
        free = _posterior(DIFFUSE * self.prior, total)
        square = needed.reshape(seeds * size, seeds * size)
        mean, root = _seed_luck(shared, square, wanted.ravel(), moved, free, sums)
        own = _posterior(self.prior, total)
        centres = self.middle + np.einsum("pij,pj->pi", own, sums - moved @ mean)
        return self._expectations(centres, _roots(own)[:, :, -OWN:], _strongest(own @ moved @ root))

    def _said(self) -> tuple[Array, Array, Array, Array]:
        """What each run says of its plan, its own luck integrated out: information, pull, sd of luck, common memory."""
        luck = self.luck()
        memory = np.exp(-_gaps(self.knots) / LUCK_MEMORY)
        scaled = np.sqrt([luck.fit.at(curve.clients, self.knots) for curve in self.curves])
        alone = np.where(_shared_seeds(self.curves)[0] < 0, 1.0, 1 - luck.shared)
        cover = alone[:, None, None] * scaled[:, :, None] * memory * scaled[:, None, :]
        freed = np.linalg.inv(np.eye(len(self.knots)) + self.information @ cover)  # (A^-1 + B)^-1 = (I + A B)^-1 A
        return freed @ self.information, np.einsum("rij,rj->ri", freed, self.towards), scaled, luck.shared * memory

    def _expectations(self, centres: Array, own: Array, common: Array) -> list[Expectation]:
        lengths = np.zeros(len(centres), dtype=int)
        np.maximum.at(lengths, self.plans, [len(curve.values) for curve in self.curves])
        means = [weights(int(length), self.knots) @ centre for length, centre in zip(lengths, centres, strict=True)]
        spreads = zip(np.round(own, DIGITS), np.round(common, DIGITS), strict=True)
        return [Expectation(mean, Spread(self.knots, *each)) for mean, each in zip(means, spreads, strict=True)]


def _strongest(loadings: Array) -> Array:
    """The few directions of common factors that move the plans most, shape (plans, knots, at most COMMON)."""
    if loadings.shape[-1] <= COMMON:
        return loadings
    flat = loadings.reshape(-1, loadings.shape[-1])
    return np.asarray(loadings @ np.linalg.eigh(flat.T @ flat)[1][:, -COMMON:])


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
    return np.array([chosen.index(c.seed) if c.seed in chosen else -1 for c in curves]), len(chosen)


def _pooled(curves: Sequence[Curve], knots: Array) -> tuple[Array, Array]:
    """Mean and standard deviation over runs at the knots; steps between knots come from the runs that reach both."""
    table = np.full((len(curves), len(knots)), np.nan)
    for row, curve in enumerate(curves):
        reached = knots[knots <= len(curve.values)].astype(int)
        table[row, : len(reached)] = curve.values[reached - 1]
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
