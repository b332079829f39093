"""Curves: what the page keeps of every run, packed small: the rounds that can stand on a front under any price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.work import Work
from flopt.fronts import Candidate
from flopt.objectives import Objective
from flopt.pareto import losses, non_dominated
from flopt.report.formula import Formula, Watched, formula_of, watched
from flopt.run import Run
from flopt.search.problem import Limit, Problem

__all__ = ["Curves", "Goal", "curves_of", "ranked"]

Array = NDArray[np.float64]
Plain = dict[str, Any]

GROWING = ("co2e_kg", "energy_kwh", "duration_s")
"""Quantities that never fall from round to round, whatever the price."""


@dataclass(frozen=True, eq=False)
class Goal:
    """An objective or a limit as the page sees it."""

    objective: Objective
    formula: Formula | None
    """How it follows from a price; None where it reads no price, or cannot be written down."""
    priced: bool
    """Whether it reads the price."""

    @property
    def fixed(self) -> bool:
        """Whether it reads the price in a way that the page cannot follow."""
        return self.priced and self.formula is None


@dataclass(frozen=True, eq=False)
class Curves:
    """The runs of a study, ready to be written into the page."""

    goals: tuple[Goal, ...]
    """One for each objective."""
    bounds: tuple[tuple[Limit, Goal], ...]
    """The limits that read the price: the page checks them anew."""
    works: Work
    """The works that differ, arrays of shape (works,)."""
    runs: list[Plain]
    """A dict for each finished run: number, work, rounds kept, and the columns' values there."""
    columns: list[str]
    rounds: int
    """Rounds of all runs."""
    kept: int
    """Rounds that are in the page."""

    @property
    def fixed(self) -> list[str]:
        """Names of the objectives and limits that the page cannot re-price."""
        goals = [*self.goals, *(goal for _, goal in self.bounds)]
        return sorted({goal.objective.name for goal in goals if goal.fixed})


def curves_of(problem: Problem, candidates: Sequence[Candidate]) -> Curves:
    """Pack the candidates; every round that any re-pricing could put on the front is kept."""
    runs = [candidate.run for candidate in candidates]
    goals = tuple(_goal(objective, runs) for objective in problem.objectives)
    bounds = tuple((limit, _goal(limit.objective, runs)) for limit in problem.limits)
    priced = tuple((limit, goal) for limit, goal in bounds if goal.priced)
    works, place = _distinct(problem, runs)
    columns = _columns(goals, priced)
    packed = [_packed(candidate, row, goals, bounds, columns) for candidate, row in zip(candidates, place, strict=True)]
    kept = sum(len(run["rounds"]) for run in packed)
    return Curves(goals, priced, works, packed, columns, sum(run.length for run in runs), kept)


def _distinct(problem: Problem, runs: Sequence[Run]) -> tuple[Work, list[int]]:
    """The works that differ, and which of them each run does."""
    works = problem.works([run.whole_plan for run in runs])
    if not runs:
        return works, []
    different, place = works.distinct()
    return different, place.tolist()


def _goal(objective: Objective, runs: Sequence[Run]) -> Goal:
    watch = Watched()
    for run in runs:
        objective.along(watched(run, watch))
        if watch.read:
            break
    return Goal(objective, formula_of(objective, runs) if watch.read else None, watch.read)


def _columns(goals: Sequence[Goal], bounds: Sequence[tuple[Limit, Goal]]) -> list[str]:
    """Values that the page holds: objectives that it cannot compute, leaves of formulas, and the test accuracy."""
    every = [*goals, *(goal for _, goal in bounds)]
    own = [goal.objective.name for goal in every if goal.formula is None]
    leaves = [leaf for goal in every for leaf in ("accuracy", "loss") if leaf in _leaves(goal.formula)]
    return list(dict.fromkeys([*own, *(f"run.{leaf}" for leaf in leaves), "run.test_accuracy"]))


def _leaves(formula: Formula | None) -> set[str]:
    if isinstance(formula, list):
        return _leaves(formula[1]) | _leaves(formula[2])
    return {formula} if isinstance(formula, str) else set()


def _packed(
    candidate: Candidate, work: int, goals: Sequence[Goal], bounds: Sequence[tuple[Limit, Goal]], columns: Sequence[str]
) -> Plain:
    run = candidate.run
    along = {goal.objective.name: goal.objective.along(run) for goal in (*goals, *(goal for _, goal in bounds))}
    rounds = _kept(candidate, goals, bounds, along)
    values = [_column(name, run, along)[rounds] for name in columns]
    return {"number": candidate.number, "work": work, "rounds": rounds + 1, "values": values, "length": run.length}


def _column(name: str, run: Run, along: dict[str, Array]) -> Array:
    if name in along:
        return along[name]
    return run.trace.columns[name.removeprefix("run.")] if name == "run.test_accuracy" else _leaf(name, run)


def _leaf(name: str, run: Run) -> Array:
    return np.asarray(getattr(run.along(), name.removeprefix("run.")), dtype=np.float64)


def _kept(
    candidate: Candidate, goals: Sequence[Goal], bounds: Sequence[tuple[Limit, Goal]], along: dict[str, Array]
) -> NDArray[np.intp]:
    """Rounds, counted from 0, that no other allowed round of the run dominates under every price.

    A later round costs no less. So where all that is priced grows with the rounds and less of it is better, a round
    that learns nothing beyond an earlier one is never needed; elsewhere every allowed round is.
    """
    run = candidate.run
    allowed = np.ones(run.length, dtype=bool)
    for limit, goal in bounds:
        if not goal.priced:
            allowed &= limit.violation(along[goal.objective.name]) <= 0
    if run.whole_plan.horizon_dependent:
        allowed[: run.whole_plan.rounds - 1] = False
    rows = np.flatnonzero(allowed)
    priced = [goal for goal in goals if goal.priced]
    falls = any(goal.formula not in GROWING or goal.objective.direction != "minimize" for goal in priced)
    if falls or any(limit.at_least is not None for limit, goal in bounds if goal.priced):
        return rows
    learned = [goal for goal in goals if not goal.priced]
    table = [*(along[goal.objective.name][rows] for goal in learned), rows.astype(np.float64)]
    directions = [*(goal.objective.direction for goal in learned), "minimize"]
    return rows[non_dominated(losses(np.column_stack(table), directions))] if len(rows) else rows


def ranked(columns: Sequence[Array]) -> Plain:
    """One quantity of many runs as the place of each value in a sorted list: exact, and small where values repeat."""
    joined = np.concatenate([*columns, np.empty(0)])
    levels, places = np.unique(joined, return_inverse=True, equal_nan=True)
    ends = np.cumsum([len(each) for each in columns])
    rows = [each.tolist() for each in np.split(places, ends[:-1])] if len(columns) else []
    return {"levels": [None if np.isnan(level) else float(level) for level in levels], "rows": rows}
