"""Foresight: costs are known before training, for any number of objectives, and limits are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from flopt import objective
from flopt.catalogue import load_objective
from flopt.objectives import Objective
from flopt.oracles.analytic import analytic
from flopt.results import problem_of
from flopt.search.foresight import Foresight
from flopt.search.problem import Limit, Problem
from flopt.search.seen import Seen
from flopt.search.trajectory import START
from flopt.study import study_of
from flopt.trace import record

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
ACCURACY, CO2E, DURATION, ENERGY, TRAFFIC = (
    load_objective(name) for name in ("accuracy", "co2e", "duration", "energy", "traffic")
)


def searched(problem: Problem, runs: int, foresight: Foresight | None = None) -> list[Seen]:
    """Runs as the search proposes them, each told at once."""
    search, told = foresight or Foresight(problem), list[Seen]()
    for number in range(runs):
        trial = search.propose(told, [], number)
        plan = problem.space.plan(trial.params, problem.base)
        trace = record(analytic(problem.task)(plan, problem.participation(plan, 0), 0), seed=0, participation="")
        run = problem.run(plan, trace)
        values = np.column_stack([each.along(run) for each in problem.objectives])
        told.append(Seen(trial, values, np.empty((len(values), 0))))
    return told


def test_prices_are_those_of_the_pricer() -> None:
    foresight = Foresight(PROBLEM)
    points = [each.trial.params for each in searched(PROBLEM, 3)]
    rounds = [1, 5, 60]
    table = foresight._price(points, rounds)
    for row, point in enumerate(points):
        run = PROBLEM.run(replace(PROBLEM.space.plan(point, PROBLEM.base), rounds=60))
        kg = CO2E.along(run)[np.array(rounds) - 1]
        assert table[row, :, 0] == pytest.approx(foresight._box.column(1, kg))


def test_a_proposal_depends_on_what_is_told_alone() -> None:
    told = searched(PROBLEM, START + 4)
    used, fresh = Foresight(PROBLEM), Foresight(PROBLEM)
    used.propose(told[:3], [], 1)
    used.propose(told[: START + 1], [], 1)
    again = [Seen(each.trial, each.values, each.violations) for each in told]  # the same study, read from disk
    assert used.propose(told, told[:1], 9).params == fresh.propose(again, told[:1], 9).params


@pytest.mark.parametrize(
    "objectives",
    [(ACCURACY,), (CO2E,), (ACCURACY, CO2E, DURATION), (ACCURACY, CO2E, DURATION, ENERGY, TRAFFIC)],
    ids=["accuracy", "known alone", "three", "five"],
)
def test_other_numbers_of_objectives_are_searched(objectives: Sequence[Objective]) -> None:
    told = searched(replace(PROBLEM, objectives=tuple(objectives)), START + 3)
    assert len(told) == START + 3


def test_a_learned_objective_of_the_user_is_scaled_by_what_was_seen() -> None:
    error = objective(direction="minimize", unit="%")(lambda run: 100 * (1 - run.accuracy))
    told = searched(replace(PROBLEM, objectives=(error, CO2E)), START + 3)
    assert len({tuple(each.trial.params.values()) for each in told}) == START + 3


def test_what_breaks_a_known_limit_is_passed_over() -> None:
    cheap = PROBLEM.run(replace(next(PROBLEM.spread_plans()), rounds=1)).co2e_kg * 1.5
    problem = replace(PROBLEM, limits=(Limit(CO2E, at_most=cheap),))
    for each in searched(problem, 3):
        assert problem.within_known_limits(problem.space.plan(each.trial.params, problem.base)) is not None


def test_a_limit_on_what_is_learned_bounds_the_gain_and_hides_no_curve() -> None:
    limit = Limit(ACCURACY, at_least=0.8)
    free, asked = Foresight(PROBLEM), Foresight(replace(PROBLEM, limits=(limit,)))
    told = searched(PROBLEM, START + 2)
    kept = [replace(each, violations=limit.violation(each.values[:, :1])) for each in told if each.values is not None]
    assert any((each.violations > 0).all() for each in kept)
    for without, under in zip(free._scaled(told), asked._scaled(kept), strict=True):
        np.testing.assert_array_equal(under.learned, without.learned)
    assert list(free._search._counts) == [1.0]
    assert list(asked._search._counts) == pytest.approx([(1 - 0.8) / (1 - PROBLEM.task.majority_share)])
