"""Contenders: who owns the front as it is expected, or is likely to, and how far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from optuna.trial import TrialState, create_trial

from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.contenders import LIKELY, RIVALS, contenders
from flopt.search.seen import Seen
from flopt.study import study_of
from flopt.trace import COLUMNS, Trace

PROBLEM = problem_of(study_of({"oracle": "analytic"}))
TRIAL = create_trial(state=TrialState.RUNNING)


def seen(plan: Plan, accuracy: list[float], seed: int = 0) -> Seen:
    columns = {name: np.ones(len(accuracy)) for name in COLUMNS} | {"accuracy": np.array(accuracy)}
    run = PROBLEM.run(plan, Trace(columns, seed, "someone"))
    values = np.column_stack([objective.along(run) for objective in PROBLEM.objectives])
    return Seen(TRIAL, values, np.empty((len(values), 0)), plan=plan, seed=seed, run=run)


CHEAP, MIDDLE, DEAR = (Plan(rounds=3, local_epochs=epochs) for epochs in (1, 3, 6))


def test_each_owner_is_needed_up_to_its_last_round_on_the_front() -> None:
    # By hand: the rounds of MIDDLE beat the first two of DEAR; CHEAP's last round adds nothing to its second.
    told = [seen(DEAR, [0.2, 0.3, 0.9]), seen(MIDDLE, [0.35, 0.6, 0.7]), seen(CHEAP, [0.3, 0.4, 0.4])]
    found = {each.number: each for each in contenders(PROBLEM, told)}
    assert {number: each.rounds for number, each in found.items()} == {0: 3, 1: 3, 2: 2}
    assert found[2].needed == replace(CHEAP, rounds=2)
    assert found[2].runs == ((0, 3),)
    assert all(each.chance >= LIKELY for each in found.values())


def test_a_dominated_plan_is_none_and_nothing_told_is_no_error() -> None:
    told = [seen(MIDDLE, [0.5, 0.6, 0.7]), seen(DEAR, [0.2, 0.3, 0.4])]
    assert [each.number for each in contenders(PROBLEM, told)] == [0]
    assert contenders(PROBLEM, []) == []


def test_runs_of_one_plan_contend_together() -> None:
    told = [seen(CHEAP, [0.3, 0.4, 0.5], seed=0), seen(replace(CHEAP, rounds=2), [0.5, 0.6], seed=1)]
    (only,) = contenders(PROBLEM, told)
    assert (only.number, only.runs) == (0, ((0, 3), (1, 2)))


def test_of_very_many_plans_those_near_the_front_are_looked_at() -> None:
    good = [seen(Plan(rounds=2, local_epochs=n), [0.5 + n / 40, 0.5 + n / 39]) for n in range(1, 11)]
    bad = [seen(Plan(rounds=2, local_epochs=20 + n), [0.1, 0.1]) for n in range(2 * RIVALS)]
    found = contenders(PROBLEM, [*bad, *good])
    assert {each.number for each in found} == set(range(len(bad), len(bad) + len(good)))
