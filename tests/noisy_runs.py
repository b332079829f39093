"""Noisy learning curves whose expected curves are known, for tests of what is said about noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.pareto import hypervolume, non_dominated

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Noisy:
    """Plans whose expected curves are known; runs of them differ by luck that fades, and by jitter."""

    truth: Array
    """Expected accuracy, shape (plans, rounds)."""
    cost: Array
    """Of each round, the same shape."""
    clients: Array
    luck: float = 0.04
    """Standard deviation of what stays with a run for some rounds, at 10 clients."""
    jitter: float = 0.04
    shared: float = 0.5
    """Share of the luck's variance that all plans of a seed have in common."""

    @classmethod
    def drawn(cls, generator: np.random.Generator, plans: int = 40, rounds: int = 60) -> Noisy:
        """Plans of different ceilings and paces."""
        ceiling, pace = generator.uniform(0.6, 0.95, plans), np.exp(generator.uniform(0, 3, plans))
        clients = np.round(np.exp(generator.uniform(np.log(2), np.log(40), plans))).astype(np.float64)
        after = np.arange(1, rounds + 1)
        truth = 0.1 + (ceiling - 0.1)[:, None] * (1 - (1 + after / pace[:, None]) ** -1.0)
        price = clients * np.exp(generator.uniform(0, 1, plans)) / np.sqrt(pace)
        return cls(truth, price[:, None] * after, clients)

    def run(self, plan: int, seed: int, study: int = 0) -> Array:
        """The accuracy of one run after every round."""
        rounds = self.truth.shape[1]
        scale = np.sqrt(10 / self.clients[plan]) * np.arange(1, rounds + 1) ** -0.3
        common = _fading(np.random.default_rng([study, 1, seed]), rounds)
        own = np.random.default_rng([study, 2, seed, plan])
        luck = np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * _fading(own, rounds)
        return np.asarray(self.truth[plan] + scale * (self.luck * luck + self.jitter * own.normal(size=rounds)))

    def front(self, values: list[Array]) -> list[tuple[int, int]]:
        """Plan and round (from 0) of the non-dominated points of the curves."""
        places = [(plan, r) for plan, curve in enumerate(values) for r in range(len(curve))]
        loss = [(self.cost[plan, r], -values[plan][r]) for plan, r in places]
        return [place for place, keep in zip(places, non_dominated(loss), strict=True) if keep]

    def volume(self, points: list[tuple[int, int]], values: list[Array]) -> float:
        """Hypervolume of points on these curves, in accuracy and the logarithm of cost."""
        low, high = np.log(self.cost.min()), np.log(self.cost.max())
        loss = [((np.log(self.cost[p, r]) - low) / (high - low), 1 - values[p][r]) for p, r in points]
        return hypervolume(loss, [1.0, 0.9])


def _fading(generator: np.random.Generator, rounds: int) -> Array:
    """A process of unit variance that forgets within a factor of three in the rounds."""
    keep = np.exp(-np.diff(np.log(np.arange(1, rounds + 1)), prepend=-np.inf) / 1.2)
    state, found = 0.0, np.empty(rounds)
    for index, share in enumerate(keep):
        state = share * state + np.sqrt(1 - share**2) * generator.normal()
        found[index] = state
    return found
