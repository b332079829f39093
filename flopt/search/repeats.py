"""Repeats: the plans that own the front, or are likely to, are run again with fresh seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flopt.fronts import LEAST, Candidate, Front, find_front
from flopt.objectives import Objective
from flopt.pareto import losses, non_dominated
from flopt.plan import Plan
from flopt.search.budget import Left
from flopt.search.columns import column_of
from flopt.search.ensembles import EXPECTED, Ensemble, ensembles, expected_columns, same_plan
from flopt.search.problem import Problem
from flopt.search.seen import Seen

__all__ = ["SHARE", "Repeat", "Repeats"]

Array = NDArray[np.float64]

SHARE = 0.3
"""Most of a budget that goes into repeats."""
LIKELY = 0.2
"""Probability of being non-dominated from which a plan is repeated although it may not be on the front."""
OPEN = 0.8
"""Probability below which a plan of the front gets up to as many seeds again: its neighbours overlap with it."""
LONG_ENOUGH = 0.8
"""Share of the rounds needed that a run must have to count as one: the last round on the front moves a little."""
RIVALS = 150
"""Plans that are looked at where more were run: those nearest to the front."""


@dataclass(frozen=True)
class Repeat:
    """A run that is wanted once more."""

    number: int
    """Of the run that it repeats."""
    plan: Plan
    seed: int


class Repeats:
    """Which plans are run again, and when: a function of what is told and what is running."""

    def __init__(self, problem: Problem, replicates: int, seed: int) -> None:
        self._problem, self._replicates, self._seed = problem, replicates, seed
        self._read = _columns_read(problem) if replicates else ()

    def next(
        self, told: Sequence[Seen], running: Sequence[Seen], left: Left, budget: Left
    ) -> tuple[Repeat | None, int]:
        """A run to repeat now, or None while there is budget for new plans; and the rounds that are kept for repeats.

        New plans are tried until what is left is just enough for the repeats that the present front asks for; these
        never take more than `SHARE` of the budget.
        """
        most = budget.share(SHARE)
        if not self._replicates or budget == Left(None, None) or left.covers(most.runs or 0, most.rounds or 0):
            return None, 0
        done = [each for each in (*told, *running) if each.repeats is not None]
        room = left.within(most.less(len(done), sum(each.rounds for each in done)))
        fitting = []
        for each in self.wanted(told, running):
            if room.covers(0, each.plan.rounds - 1):
                fitting.append(each)
                room = room.less(1, each.plan.rounds)
        kept = sum(each.plan.rounds for each in fitting)
        if not fitting or left.covers(len(fitting), kept):
            return None, kept
        return fitting[0], kept

    def wanted(self, told: Sequence[Seen], running: Sequence[Seen]) -> list[Repeat]:
        """All repeats that the front asks for as it is now known: first those of plans with the fewest seeds."""
        found = self._contenders(told)
        front = find_front(self._candidates(found, told), self._problem.objectives)
        of_number = {each.number: each for each in found}
        busy: dict[Plan, list[tuple[int, int]]] = {}
        for each in running:
            busy.setdefault(same_plan(each.plan), []).append((each.seed, each.plan.rounds))
        wishes = []
        for number, (rounds, chance) in _owners(front).items():
            mine = of_number[number]
            runs = [(trace.seed, len(trace)) for trace in mine.traces]
            runs += busy.get(same_plan(mine.plan), [])
            enough = 1 + self._replicates * (2 if LIKELY <= chance < OPEN else 1)
            have = len({seed for seed, last in runs if last >= LONG_ENOUGH * rounds})
            fresh = (seed for seed in range(self._seed, self._seed + enough + len(runs)) if seed not in dict(runs))
            plan = mine.plan if mine.plan.horizon_dependent else replace(mine.plan, rounds=rounds)
            wishes += [
                (place, abs(chance - LEAST), Repeat(number, plan, seed))
                for place, seed in zip(range(have, enough), fresh, strict=False)
            ]
        return [repeat for _, _, repeat in sorted(wishes, key=lambda wish: (wish[0], wish[1], wish[2].number))]

    def _candidates(self, found: Sequence[Ensemble], told: Sequence[Seen]) -> list[Candidate]:
        """The plans as expected; what they emit was worked out when their longest runs were told."""
        candidates = []
        for each, about in zip(found, expected_columns(found, self._problem.task, self._read), strict=True):
            own = told[each.number].run
            assert own is not None
            run = replace(own, whole_trace=about.trace)
            candidates.append(Candidate(each.number, run, self._problem.allowed(run), each.lengths, about.spreads))
        return candidates

    def _contenders(self, told: Sequence[Seen]) -> list[Ensemble]:
        """The plans that were run; of very many those whose runs come nearest to the front."""
        runs = [each.run for each in told]
        found = ensembles([each.plan for each in told], [None if run is None else run.whole_trace for run in runs])
        if len(found) <= RIVALS:
            return found
        near = _nearest([told[each.number].allowed() for each in found], self._problem.objectives)
        return [found[place] for place in near]


def _columns_read(problem: Problem) -> Sequence[str]:
    """The learned columns that decide who is on the front; all, where an objective is none of them itself."""
    predicted = problem.spread_runs()
    judges = (*problem.objectives, *(limit.objective for limit in problem.limits))
    learned = [each for each in judges if not all(each.is_known(run) for run in predicted)]
    columns = {column_of(problem, each) for each in learned}
    return [name for name in EXPECTED if name in columns] if "" not in columns else EXPECTED


def _owners(front: Front) -> dict[int, tuple[int, float]]:
    """Candidates with points that are likely enough on the front: the last round of these, and the best probability."""
    owners: dict[int, tuple[int, float]] = {}
    for point in (*front.points, *front.doubtful):
        if point.probability >= LIKELY or point in front.points:
            rounds, chance = owners.get(point.number, (0, 0.0))
            owners[point.number] = max(rounds, point.run.rounds), max(chance, point.probability)
    return owners


def _nearest(tables: Sequence[Array], objectives: Sequence[Objective]) -> list[int]:
    """Places of at least `RIVALS` tables of values, by peeling one front after the other."""
    owner = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    values = np.concatenate([table.reshape(-1, len(objectives)) for table in tables])
    loss = losses(values, [objective.direction for objective in objectives])
    taken: set[int] = set()
    rows = np.arange(len(loss))
    while len(rows) and len(taken) < RIVALS:
        best = non_dominated(loss[rows])
        taken |= set(owner[rows[best]].tolist())
        rows = rows[~best & ~np.isin(owner[rows], list(taken))]
    return sorted(taken)
