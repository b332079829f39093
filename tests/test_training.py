"""The simulator on its own."""

from __future__ import annotations

from itertools import islice

import pytest

import flopt
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.execution import Job, train
from flopt.study import study_of
from flopt.task import TaskSource
from flopt.training import simulate


def test_rounds_come_one_by_one_and_again() -> None:
    first = list(islice(flopt.simulate(), 2))
    assert first == list(simulate(Plan(rounds=2)))
    assert first != list(simulate(Plan(rounds=2), seed=1))
    assert 0 < first[0].accuracy < 1


def test_they_are_those_of_a_search() -> None:
    problem = problem_of(study_of({"seed": 3}))
    plan = Plan(rounds=2)
    job = Job("simulated", problem.source, problem.task, plan, problem.participation(plan, 3), 3)
    rounds = list(simulate(plan, TaskSource(seed=3), 3))
    assert [r.accuracy for r in rounds] == train(job).trace.accuracy.tolist()


def test_another_task() -> None:
    task = TaskSource(partition="dirichlet", clients=6, alpha=0.3, model="logreg", metric="balanced_accuracy")
    (done,) = simulate(Plan(rounds=1, client_fraction=0.5), task)
    assert (done.clients, done.accuracy) == (3, done.balanced_accuracy)


def test_a_bad_task_or_seed_is_said_at_once() -> None:
    with pytest.raises(FloptError, match="no data set 'digit'"):
        simulate(task=TaskSource(data="digit"))
    with pytest.raises(FloptError, match="simulate: seed = -1: must be a whole number, at least 0"):
        simulate(seed=-1)
