"""The simulator on its own."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

import flopt
from flopt.errors import FloptError
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.executors.execution import Job, train
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


def test_who_drops_out_on_the_fleet_or_is_one_too_many_is_missing_in_the_training() -> None:
    """phones_world draws three in ten more than it needs, and eight in a hundred drop out."""
    task = {"partition": "iid", "clients": 60, "model": "logreg"}
    problem = problem_of(study_of({"fleet": {"use": "phones_world"}, "task": task}))
    plan = Plan(rounds=12, client_fraction=0.2)
    who = problem.participation(plan, 5)
    job = Job("simulated", problem.source, problem.task, plan, who, 5)
    trace, again = train(job).trace, train(job).trace
    drawn, used = who.selected.shape[1], who.used.sum(axis=1)
    assert drawn == 16  # 12 are wanted
    assert not who.reports.all()
    assert trace.columns["clients"].tolist() == used.tolist()
    assert trace.columns["upload_bytes"].tolist() == (used * plan.upload_bytes(problem.task.tensors)).tolist()
    assert set(trace.columns["download_bytes"]) == {drawn * plan.download_bytes(problem.task.tensors)}
    sizes = np.array(problem.task.client_samples)
    samples = [2 * int(sizes[who.users(index)].sum()) for index in range(12)]
    assert trace.columns["samples"].tolist() == samples
    # The same clients are those whose energy is wasted.
    realised = problem.realised(plan, 5)
    assert (realised.energy_kwh.wasted > 0).tolist() == (used < drawn).tolist()
    assert (again.accuracy.tolist(), again.participation) == (trace.accuracy.tolist(), who.fingerprint)
    everyone = Participation.complete(who.selected, who.group_of)
    assert trace.accuracy.tolist() != train(replace(job, participation=everyone)).trace.accuracy.tolist()
