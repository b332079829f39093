"""One search of the race: a method that asks and is told, and the table that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from _race_score import Training
from numpy.typing import NDArray

from flopt.plan import Plan
from flopt.search.problem import Problem
from flopt.trace import Round, record

__all__ = ["Ask", "Course", "Method", "Searcher", "race"]

Array = NDArray[np.float64]


class Course(Protocol):
    """Where a race is run: recorded curves, or live training."""

    @property
    def problem(self) -> Problem:
        """Its space proposes what can be run here."""
        ...

    @property
    def longest(self) -> int:
        """Rounds of the longest run."""
        ...

    @property
    def kg(self) -> Array:
        """Deployment price of each row's plan after each round in kg CO2e, shape (rows, rounds)."""
        ...

    def row(self, plan: Plan) -> int:
        """The row of a plan, whatever its rounds."""
        ...

    def column(self, seed: int, row: int, visits: int) -> int:
        """The seed with which a search trains a plan that it has trained `visits` times before."""
        ...

    def rounds(self, row: int, column: int, rounds: int) -> Iterator[Round]:
        """What the search is told; it ends early, or raises FloptError, where the run fails."""
        ...


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
    search: Callable[[Course, int], Searcher]
    """Of a world and the search's seed."""
    prefixes: bool
    """Whether its front is of all rounds of each run, or of their last ones."""
    seeds: int = 1000
    """Searches that are enough of it: slow methods are given fewer, and shorter ones."""
    rounds: int = 10**9
    """Rounds that are enough of each."""


def race(course: Course, searcher: Searcher, seed: int, rounds: int) -> list[Training]:
    """Search until `rounds` rounds are trained; every run is billed in full."""
    visits: dict[int, int] = {}
    done: list[Training] = []
    while sum(each.rounds for each in done) < rounds:
        ask = searcher.ask()
        row = course.row(ask.plan)
        column = course.column(seed, row, visits.get(row, 0))
        visits[row] = visits.get(row, 0) + 1
        planned = ask.plan.rounds
        told = course.rounds(row, column, planned)
        trace = record(told, seed=seed, participation="", stops=partial(_stops, ask))
        stopped = trace.status == "stopped"
        failed = len(trace) < planned and not stopped
        searcher.tell(trace.accuracy, course.kg[row, : len(trace)], failed=failed, stopped=stopped)
        done.append(Training(row, column, len(trace) + failed, planned, stopped))
    return done


def _stops(ask: Ask, done: Sequence[Round]) -> str:
    return ask.stops(done) if len(done) < ask.plan.rounds else ""
