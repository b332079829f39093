"""The payoff: what the latest runs added to the front for what they emitted, which is what the next ones may add."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flopt.search.problem import Problem
from flopt.search.volume import Growth, box_of

__all__ = ["LEAST_RUNS", "Payoff"]

LEAST_RUNS = 20
"""New plans over which the gain is taken at least: most of them add nothing, a few add much."""


class Payoff:
    """Hypervolume gained per kg CO2e that the search emits, as estimated from what its last quarter did."""

    def __init__(self, problem: Problem) -> None:
        self._growth = Growth(box_of(problem))
        self._shares, self._kg = [0.0], [0.0]

    def add(self, values: NDArray[np.float64], kg: float) -> None:
        """Take up a run: the objectives after its allowed rounds, shape (rounds, objectives), and what it emitted."""
        self._growth.add(values)
        self._shares.append(self._growth.share)
        self._kg.append(self._kg[-1] + kg)

    @property
    def per_kg(self) -> float | None:
        """Share of the box per kg over the last quarter of the runs, at least `LEAST_RUNS`; None before there are so
        many, or where they emitted nothing."""
        runs = len(self._shares) - 1
        back = max(LEAST_RUNS, runs // 4)
        if runs < back or self._kg[-1] <= self._kg[-1 - back]:
            return None
        return (self._shares[-1] - self._shares[-1 - back]) / (self._kg[-1] - self._kg[-1 - back])
