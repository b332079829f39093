"""A plan whose rounds depend on how many follow counts as a whole only: in the front, and in a sampler's view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from optuna.trial import create_trial

from flopt.plan import Plan
from flopt.results import Results, problem_of
from flopt.search.executors.execution import Job, train
from flopt.search.samplers import _shown, distributions
from flopt.search.seen import Seen
from flopt.study import study_of


def results(plan: Plan, rounds: int) -> Results:
    """One run of the plan, of which so many rounds are done."""
    study = study_of({"oracle": "analytic", "space": "quick"})
    problem = problem_of(study)
    job = Job("analytic", problem.source, problem.task, plan, problem.participation(plan, 0), 0)
    return Results(study, problem, (plan,), (train(job).trace.until(rounds),), 0.0)


@pytest.mark.parametrize(("schedule", "points"), [("constant", {1, 2, 3, 4, 5, 6}), ("cosine", {6})])
def test_only_the_last_round_of_it_is_a_candidate(schedule: str, points: set[int]) -> None:
    (candidate,) = results(Plan(rounds=6, schedule=schedule), 6).candidates()
    assert set(np.flatnonzero(candidate.allowed) + 1) == points
    front = results(Plan(rounds=6, schedule=schedule), 6).front()
    assert {point.run.rounds for point in front.points} <= points


def test_stopped_early_it_is_none() -> None:
    (candidate,) = results(Plan(rounds=6, schedule="cosine"), 5).candidates()
    assert not candidate.allowed.any()


@pytest.mark.parametrize(("whole", "count"), [(False, 5), (True, 1)])
def test_a_sampler_sees_it_once(whole: bool, count: int) -> None:
    space = problem_of(study_of({"space": "quick"})).space
    space = replace(space, axes={"rounds": space.axes["rounds"]})
    trial = create_trial(values=[0.5, 1.0], params={"rounds": 40}, distributions=distributions(space))
    seen = Seen(trial, np.column_stack([np.linspace(0, 1, 40)] * 2), np.empty((40, 0)), whole=whole)
    shown = _shown(seen, space, [False, False], prefixes=True)
    assert len(shown) == count
    assert (shown[-1].params["rounds"], shown[-1].values) == (40, [1.0, 1.0])
