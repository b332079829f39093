"""Contenders: the plans that own the front, or are likely to, as expected over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flopt.fronts import Candidate, find_front
from flopt.objectives import Objective
from flopt.pareto import losses, non_dominated
from flopt.plan import Plan
from flopt.search.columns import column_of
from flopt.search.ensembles import EXPECTED, Ensemble, ensembles, expected_columns
from flopt.search.problem import Problem
from flopt.search.seen import Seen

__all__ = ["LIKELY", "RIVALS", "Contender", "columns_read", "contenders"]

Array = NDArray[np.float64]

LIKELY = 0.2
"""Probability of being non-dominated from which a plan contends although it may not be on the front."""
RIVALS = 150
"""Plans that are looked at where more were run: those nearest to the front."""


@dataclass(frozen=True, eq=False)
class Contender:
    """A plan with points that are likely enough on the front."""

    candidate: Candidate
    """Its run as expected over seeds."""
    plan: Plan
    runs: tuple[tuple[int, int], ...]
    """Seed and rounds of each of its runs."""
    rounds: int
    """The last of its rounds that is likely enough on the front."""
    chance: float
    """The best probability of these rounds."""

    @property
    def number(self) -> int:
        """Place of its longest run among those told."""
        return self.candidate.number

    @property
    def needed(self) -> Plan:
        """The plan, up to the last round that matters."""
        return self.plan if self.plan.horizon_dependent else replace(self.plan, rounds=self.rounds)


def columns_read(problem: Problem) -> Sequence[str]:
    """The learned columns that decide who is on the front; all, where an objective is none of them itself."""
    predicted = problem.spread_runs()
    judges = (*problem.objectives, *(limit.objective for limit in problem.limits))
    learned = [each for each in judges if not all(each.is_known(run) for run in predicted)]
    columns = {column_of(problem, each) for each in learned}
    return [name for name in EXPECTED if name in columns] if "" not in columns else EXPECTED


def contenders(problem: Problem, told: Sequence[Seen], read: Sequence[str] = EXPECTED) -> list[Contender]:
    """The contenders among the runs told, by their cheapest points on the front.

    `read` names the learned columns that decide who they are; the others are left as they were seen.
    """
    found = {each.number: each for each in _rivals(problem, told)}
    candidates = {each.number: each for each in _candidates(problem, list(found.values()), told, read)}
    front = find_front(candidates.values(), problem.objectives)
    owners: dict[int, tuple[int, float]] = {}
    for point in (*front.points, *front.doubtful):
        if point.probability >= LIKELY or point in front.points:
            rounds, chance = owners.get(point.number, (0, 0.0))
            owners[point.number] = max(rounds, point.run.rounds), max(chance, point.probability)
    return [
        Contender(
            candidates[number],
            found[number].plan,
            tuple((trace.seed, len(trace)) for trace in found[number].traces),
            rounds,
            chance,
        )
        for number, (rounds, chance) in owners.items()
    ]


def _candidates(
    problem: Problem, found: Sequence[Ensemble], told: Sequence[Seen], read: Sequence[str]
) -> list[Candidate]:
    """The plans as expected; what they emit was worked out when their longest runs were told."""
    candidates = []
    for each, about in zip(found, expected_columns(found, problem.task, read), strict=True):
        own = told[each.number].run
        assert own is not None
        run = replace(own, whole_trace=about.trace)
        candidates.append(Candidate(each.number, run, problem.allowed(run), each.lengths, about.spreads))
    return candidates


def _rivals(problem: Problem, told: Sequence[Seen]) -> list[Ensemble]:
    """The plans that were run; of very many those whose runs come nearest to the front."""
    runs = [each.run for each in told]
    found = ensembles([each.plan for each in told], [None if run is None else run.whole_trace for run in runs])
    if len(found) <= RIVALS:
        return found
    near = _nearest([told[each.number].allowed() for each in found], problem.objectives)
    return [found[place] for place in near]


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
