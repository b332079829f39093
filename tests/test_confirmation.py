"""Confirmation: the predicted front's owners, best for their rounds first, and no longer than they are worth it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from optuna.trial import TrialState, create_trial

from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.confirmation import Confirmation
from flopt.search.seen import Seen
from flopt.study import study_of
from flopt.trace import COLUMNS, Trace

PROBLEM = problem_of(study_of({"oracle": "analytic"}))
TRIAL = create_trial(state=TrialState.RUNNING)
CHANCE = PROBLEM.task.majority_share
CHEAP, DEAR = Plan(rounds=3, local_epochs=1, client_fraction=0.1), Plan(rounds=30, local_epochs=5)


def seen(plan: Plan, accuracy: list[float]) -> Seen:
    columns = {name: np.ones(len(accuracy)) for name in COLUMNS} | {"accuracy": np.array(accuracy)}
    run = PROBLEM.run(plan, Trace(columns, 0, "someone"))
    values = np.column_stack([objective.along(run) for objective in PROBLEM.objectives])
    return Seen(TRIAL, values, np.empty((len(values), 0)), plan=plan, run=run)


def running(plan: Plan) -> Seen:
    return Seen(TRIAL, None, np.empty((0, 0)), plan=plan)


def learned(rounds: int, end: float) -> list[float]:
    return [float(each) for each in np.linspace(CHANCE, end, rounds + 1)[1:]]


DRAFTS = [seen(DEAR, learned(30, 0.95)), seen(CHEAP, learned(3, 0.8))]


def chosen(told: list[Seen], busy: list[Seen], drafts: list[Seen] = DRAFTS) -> Plan | None:
    found = Confirmation(PROBLEM).next(drafts, told, busy)
    return None if found is None else found.needed


def test_the_most_hypervolume_for_each_round_comes_first_and_each_plan_once() -> None:
    assert chosen([], []) == CHEAP  # most of the box for a tenth of the rounds
    assert chosen([], [running(CHEAP)]) == DEAR
    assert chosen([DRAFTS[1]], []) == DEAR
    assert chosen([DRAFTS[1]], [running(DEAR)]) is None
    assert chosen([seen(replace(CHEAP, rounds=2), [0.2, 0.3]), running(DEAR)], []) is None  # stopped: no second time
    assert chosen([], [], []) is None


def test_a_plan_that_adds_next_to_nothing_to_what_is_confirmed_is_left() -> None:
    better = seen(replace(CHEAP, rounds=30), learned(30, 0.96))  # all that DEAR is said to learn, and cheaper
    assert chosen([better], []) is None


def test_where_predictions_were_too_good_the_rest_is_expected_to_be_as_much_worse() -> None:
    rival = seen(replace(CHEAP, batch_size=50, rounds=30), learned(30, 0.93))
    honest, failed = seen(CHEAP, learned(3, 0.8)), seen(CHEAP, [CHANCE] * 3)
    assert chosen([honest, rival], []) == DEAR
    assert chosen([failed, rival], []) is None  # losses were 2.3 times what was said: DEAR may be no better


def test_it_is_a_function_of_what_is_told_whatever_it_was_asked_before() -> None:
    used = Confirmation(PROBLEM)
    used.next(DRAFTS[:1], [], [])
    for told in ([], [DRAFTS[1]], [DRAFTS[0]]):
        fresh, again = Confirmation(PROBLEM).next(DRAFTS, told, []), used.next(DRAFTS, told, [])
        assert fresh is not None
        assert again is not None
        assert (fresh.number, fresh.needed) == (again.number, again.needed)
