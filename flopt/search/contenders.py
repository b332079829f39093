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
from flopt.search.ensembles import Ensemble, ensembles, expected_runs
from flopt.search.problem import Problem
from flopt.search.seen import Seen

__all__ = ["LIKELY", "RIVALS", "Contender", "contenders"]

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


def contenders(problem: Problem, told: Sequence[Seen]) -> list[Contender]:
    """The contenders among the runs told, by their cheapest points on the front."""
    found = {each.number: each for each in _rivals(problem, told)}
    candidates = {each.number: each for each in _candidates(problem, list(found.values()))}
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


def _candidates(problem: Problem, found: Sequence[Ensemble]) -> list[Candidate]:
    expected = expected_runs(found, problem.task)
    runs = problem.runs([each.plan for each in found], [each.trace for each in expected])
    return [
        Candidate(each.number, run, problem.allowed(run), each.lengths, about.spreads)
        for each, run, about in zip(found, runs, expected, strict=True)
    ]


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
