"""One search of the race: a method that asks and is told, and the table that answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from _race_score import Training
from _race_world import World
from numpy.typing import NDArray

from flopt.plan import Plan
from flopt.trace import Round, record

__all__ = ["Ask", "Method", "Searcher", "race"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ask:
    """What a method wants to have trained."""

    plan: Plan
    """A recorded plan, with the rounds proposed."""
    stops: Callable[[Sequence[Round]], str] = lambda _: ""
    """Why the run should end after the rounds done so far; empty where it should go on."""


class Searcher(Protocol):
    """One search of one method."""

    def ask(self) -> Ask:
        """What is trained next."""
        ...

    def tell(self, accuracy: Array, kg: Array, *, failed: bool, stopped: bool) -> None:
        """What came of it, after each round, shape (rounds,)."""
        ...


@dataclass(frozen=True)
class Method:
    """A way to search, by name."""

    name: str
    search: Callable[[World, int], Searcher]
    """Of a world and the search's seed."""
    prefixes: bool
    """Whether its front is of all rounds of each run, or of their last ones."""
    seeds: int = 1000
    """Searches that are enough of it: slow methods are given fewer, and shorter ones."""
    rounds: int = 10**9
    """Rounds that are enough of each."""


def race(world: World, searcher: Searcher, seed: int, rounds: int) -> list[Training]:
    """Search until `rounds` rounds are trained; every run is billed in full."""
    visits: dict[int, int] = {}
    done: list[Training] = []
    while sum(each.rounds for each in done) < rounds:
        ask = searcher.ask()
        row = world.row(ask.plan)
        column = world.column(seed, row, visits.get(row, 0))
        visits[row] = visits.get(row, 0) + 1
        planned = ask.plan.rounds
        told = world.rounds(row, column, planned)
        trace = record(told, seed=seed, participation="", stops=lambda so_far, ask=ask: _stops(ask, so_far))  # type: ignore[misc]
        failed = len(trace) == len(told) < planned
        stopped = trace.status == "stopped"
        searcher.tell(trace.accuracy, world.kg[row, : len(trace)], failed=failed, stopped=stopped)
        done.append(Training(row, column, len(trace) + failed, planned, stopped))
    return done


def _stops(ask: Ask, done: Sequence[Round]) -> str:
    return ask.stops(done) if len(done) < ask.plan.rounds else ""
