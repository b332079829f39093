"""Repeats: the plans that own the front, or are likely to, are run again with fresh seeds."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from flopt.fronts import LEAST
from flopt.plan import Plan
from flopt.search.budget import Left
from flopt.search.contenders import LIKELY, columns_read, contenders
from flopt.search.ensembles import same_plan
from flopt.search.problem import Problem
from flopt.search.seen import Seen

__all__ = ["SHARE", "Repeat", "Repeats"]

SHARE = 0.3
"""Most of a budget that goes into repeats."""
OPEN = 0.8
"""Probability below which a plan of the front gets up to as many seeds again: its neighbours overlap with it."""
LONG_ENOUGH = 0.8
"""Share of the rounds needed that a run must have to count as one: the last round on the front moves a little."""


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
        self._read = columns_read(problem) if replicates else ()

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
        busy: dict[Hashable, list[tuple[int, int]]] = {}
        for each in running:
            busy.setdefault(same_plan(each.plan), []).append((each.seed, each.plan.rounds))
        wishes = []
        for mine in contenders(self._problem, told, self._read):
            runs = [*mine.runs, *busy.get(same_plan(mine.plan), [])]
            enough = 1 + self._replicates * (2 if LIKELY <= mine.chance < OPEN else 1)
            have = len({seed for seed, last in runs if last >= LONG_ENOUGH * mine.rounds})
            fresh = (seed for seed in range(self._seed, self._seed + enough + len(runs)) if seed not in dict(runs))
            wishes += [
                (place, abs(mine.chance - LEAST), Repeat(mine.number, mine.needed, seed))
                for place, seed in zip(range(have, enough), fresh, strict=False)
            ]
        return [repeat for _, _, repeat in sorted(wishes, key=lambda wish: (wish[0], wish[1], wish[2].number))]
