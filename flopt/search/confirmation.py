"""Confirmation: which plans that a cheaper oracle of a ladder found good are trained next by a dearer one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flopt.pareto import hypervolume, non_dominated
from flopt.search.contenders import Contender, contenders
from flopt.search.ensembles import same_plan
from flopt.search.problem import Problem
from flopt.search.seen import Seen
from flopt.search.stopping import SHARE
from flopt.search.trajectory import OVERHEAD_ROUNDS
from flopt.search.volume import box_of

__all__ = ["Confirmation"]

Array = NDArray[np.float64]

LEAST_LOSS = 1e-3
"""Losses below it count as equal where two oracles are compared."""


class Confirmation:
    """Picks among the contenders for the predicted front: a function of what is told, which it remembers."""

    def __init__(self, problem: Problem) -> None:
        self._problem, self._box = problem, box_of(problem)
        self._learned = np.array([not known for known in problem.known()])
        self._drafts: list[Seen] = []
        self._found: list[tuple[Contender, Array]] = []

    def next(self, drafts: Sequence[Seen], told: Sequence[Seen], running: Sequence[Seen]) -> Contender | None:
        """The contender among `drafts` that is expected to add the most hypervolume for each round it trains.

        What is told and running is of the dearer oracle. None where no contender is expected to add more than
        `SHARE` of the hypervolume, the share below which a run is stopped.
        """
        found = self._contenders(drafts)
        bias = self._bias(told)
        taken = {same_plan(each.plan) for each in (*told, *running)}
        under_way = {same_plan(each.plan) for each in running}
        front = [self._box.scaled(each.allowed()) for each in told if each.values is not None]
        front += [losses * bias for each, losses in found if same_plan(each.plan) in under_way]
        points = np.concatenate([np.empty((0, len(bias))), *front])
        points = points[non_dominated(points)]
        ones = np.ones(len(bias))
        has = hypervolume(points, ones)
        worth = [
            (hypervolume(np.concatenate([points, losses * bias]), ones) - has, each)
            for each, losses in found
            if same_plan(each.plan) not in taken
        ]
        enough = [(gain / (each.rounds + OVERHEAD_ROUNDS), each) for gain, each in worth if gain > SHARE * has]
        return max(enough, key=lambda pair: pair[0])[1] if enough else None

    def _contenders(self, drafts: Sequence[Seen]) -> list[tuple[Contender, Array]]:
        """The contenders and their predicted losses after the allowed rounds that matter, shape (rounds, objectives).

        Losses are in the study's box.
        """
        if len(self._drafts) != len(drafts) or any(a is not b for a, b in zip(self._drafts, drafts, strict=True)):
            self._drafts = list(drafts)
            self._found = [(each, self._losses(each)) for each in contenders(self._problem, drafts)]
        return self._found

    def _losses(self, each: Contender) -> Array:
        run = each.candidate.run
        values = np.column_stack([objective.along(run) for objective in self._problem.objectives])
        return self._box.scaled(values[: each.rounds][each.candidate.allowed[: each.rounds]])

    def _bias(self, told: Sequence[Seen]) -> Array:
        """How many times its predicted losses a plan has turned out to have, per objective; 1 for what is known.

        The geometric mean over the contenders that were trained, with one more that was as predicted.
        """
        logs, count = np.zeros(len(self._learned)), 1
        of_plan = {same_plan(each.plan): losses for each, losses in self._found}
        for run in told:
            predicted = of_plan.get(same_plan(run.plan))
            if predicted is None or not len(seen := run.allowed()):
                continue
            both = min(len(predicted), len(seen))
            pair = [np.log(np.maximum(each[:both], LEAST_LOSS)) for each in (self._box.scaled(seen), predicted)]
            logs += (pair[0] - pair[1]).mean(axis=0)
            count += 1
        return np.where(self._learned, np.exp(logs / count), 1.0)
