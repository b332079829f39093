"""The race without a table: a few searches that really train, scored by training again with fresh seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from _race_score import Metric, Training
from numpy.typing import NDArray

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.oracle import Oracle
from flopt.pareto import non_dominated
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.problem import Problem
from flopt.study import study_of
from flopt.trace import Round

__all__ = ["LiveWorld", "told_live"]

Array = NDArray[np.float64]

FRESH = (1000, 1001)
"""Seeds of the honest score, which no search trains with."""


@dataclass(eq=False)
class LiveWorld:
    """A task that is trained on demand; a plan gets its row when it is first proposed."""

    name: str
    problem: Problem
    oracle: Oracle
    longest: int
    plans: list[Plan] = field(default_factory=list)
    prices: list[Array] = field(default_factory=list)
    curves: dict[tuple[int, int], list[Round]] = field(default_factory=dict)
    """Of each row and seed as far as it was trained."""

    @classmethod
    def of(cls, data: str, longest: int = 100) -> LiveWorld:
        """The shipped study on a data set."""
        problem = problem_of(study_of({"task": {"data": data}}))
        return cls(f"{data}, trained live", problem, load_oracle("simulated", problem.source, problem.task), longest)

    @property
    def kg(self) -> Array:
        """Deployment price after each round in kg CO2e, shape (plans, rounds)."""
        return np.array(self.prices)

    def row(self, plan: Plan) -> int:
        """Place of a plan, whatever its rounds."""
        whole = replace(plan, rounds=self.longest)
        if whole not in self.plans:
            self.plans.append(whole)
            self.prices.append(np.asarray(self.problem.run(whole).along().co2e_kg))
        return self.plans.index(whole)

    def column(self, seed: int, row: int, visits: int) -> int:  # noqa: ARG002  # every plan has the same seeds
        """The seed that a search trains with: its own at first, then fresh ones."""
        return seed + 100 * visits

    def rounds(self, row: int, column: int, rounds: int) -> Iterator[Round]:
        """Train, or give what was trained."""
        done = self.curves.setdefault((row, column), [])
        yield from done[:rounds]
        if len(done) < rounds:
            plan = replace(self.plans[row], rounds=rounds)
            again = self.oracle(plan, self.problem.participation(plan, column), column)
            for number, each in enumerate(again):
                if number >= len(done):
                    done.append(each)
                    yield each

    def accuracy(self, row: int, column: int, rounds: int) -> Array:
        """Accuracy after each round as far as it comes, shape (at most rounds,)."""
        found: list[float] = []
        with suppress(FloptError):  # it diverged: that is all there is
            found.extend(each.accuracy for each in self.rounds(row, column, rounds))
        return np.array(found)


def told_live(
    world: LiveWorld, searches: Sequence[tuple[str, int, Sequence[Training]]], prefixes: Mapping[str, bool]
) -> Iterator[str]:
    """Lines: for each search the hypervolume of its front as seen, and with fresh seeds, in accuracy times decades."""
    dearest = float(world.kg.max())
    metrics = [
        Metric("chance", world.problem.task.majority_share, dearest, logged=True),
        Metric("region", 0.8, dearest, logged=True),
    ]
    yield f"{world.name}: hypervolume of the last front, accuracy times decades of kg, seen -> with fresh seeds {FRESH}"
    for name, seed, trainings in searches:
        points = _front(world, trainings, prefixes=prefixes[name])
        needed = {row: max(end for other, end, _ in points if other == row) for row, _, _ in points}
        means = {row: _mean(world, row, end) for row, end in needed.items()}
        kg = np.array([world.prices[row][end - 1] for row, end, _ in points])
        seen = np.array([accuracy for _, _, accuracy in points])
        honest = np.array([means[row][end - 1] for row, end, _ in points])
        cells = [f"{each.name} {each.volume(seen, kg):.3f} -> {each.volume(honest, kg):.3f}" for each in metrics]
        size = f"{len(trainings)} runs, {sum(each.rounds for each in trainings)} rounds, {len(points)} points"
        yield f"  {name:24} seed {seed}: {size}; {'; '.join(cells)}"


def _front(world: LiveWorld, trainings: Sequence[Training], *, prefixes: bool) -> list[tuple[int, int, float]]:
    """Row, round and accuracy of the points of the front."""
    found = []
    for each in trainings:
        accuracy = world.accuracy(each.row, each.column, each.rounds)
        first = 1 if prefixes else each.rounds
        found += [(each.row, end, float(accuracy[end - 1])) for end in range(first, len(accuracy) + 1)]
    table = np.array([[world.prices[row][end - 1], -accuracy] for row, end, accuracy in found])
    return [found[place] for place in np.flatnonzero(non_dominated(table))]


def _mean(world: LiveWorld, row: int, rounds: int) -> Array:
    """Mean curve with the fresh seeds; a failed run counts as guessing the largest class."""
    table = np.full((len(FRESH), rounds), world.problem.task.majority_share)
    for place, seed in enumerate(FRESH):
        accuracy = world.accuracy(row, seed, rounds)
        table[place, : len(accuracy)] = accuracy
    return np.asarray(table.mean(axis=0))
