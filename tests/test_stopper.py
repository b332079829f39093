"""The stopper: policies are a function of what is told, follow the study's question, and keep their quota."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from optuna.trial import TrialState, create_trial

from flopt import objective
from flopt.catalogue import load_objective
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search import stopper
from flopt.search.problem import Limit, Problem
from flopt.search.samplers import distributions
from flopt.search.seen import Seen
from flopt.search.stopper import Stopper
from flopt.search.stopping import NEVER, HypervolumeStop
from flopt.study import study_of

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
PLAN = Plan(rounds=12, local_epochs=2, client_fraction=0.5)


def seen(problem: Problem = PROBLEM, runs: int = 4, seed: int = 0) -> list[Seen]:
    rng = np.random.default_rng(seed)
    told = []
    for _ in range(runs):
        params = {"rounds": 10, "local_epochs": 2, "client_fraction": 0.5, "uplink.kind": "none", "uplink.level": 0.5}
        accuracy = np.sort(rng.uniform(0.2, 0.95, 10))
        kg = load_objective("co2e").along(problem.run(PLAN))[:10] * rng.uniform(0.3, 1)
        trial = create_trial(state=TrialState.RUNNING, params=params, distributions=distributions(problem.space))
        told.append(Seen(trial, np.column_stack([accuracy, kg]), np.empty((10, 0))))
    return told


def policy(problem: Problem = PROBLEM, told: list[Seen] | None = None, number: int = 0) -> HypervolumeStop:
    made = Stopper(problem, "trajectory", 0).policy(number, PLAN, seen() if told is None else told)
    assert isinstance(made, HypervolumeStop)
    return made


def test_a_policy_depends_on_what_is_told_and_not_on_how_it_was_taken_up() -> None:
    told = seen(runs=6)
    step = Stopper(PROBLEM, "trajectory", 0)
    for length in range(6):
        step.policy(3, PLAN, told[:length])
    assert step.policy(3, PLAN, told) == policy(told=told, number=3)
    assert step.policy(3, PLAN, told[:2]) == policy(told=told[:2], number=3)  # a history taken back
    other = seen(runs=6, seed=1)
    assert step.policy(3, PLAN, other) == policy(told=other, number=3)


def test_costs_are_known_after_every_round_and_the_front_is_told() -> None:
    made = policy()
    accuracy, kg = made.objectives
    assert isinstance(kg, tuple)
    assert len(kg) == PLAN.rounds
    assert list(kg) == sorted(kg)
    assert 1 <= len(made.front) <= stopper.POINTS
    assert made.front == tuple(sorted(made.front))
    assert not policy(told=[]).front
    assert accuracy.column == "accuracy"  # type: ignore[union-attr]


def test_a_long_front_travels_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = policy(told=seen(runs=30)).front
    monkeypatch.setattr(stopper, "POINTS", 5)
    thin = policy(told=seen(runs=30)).front
    assert len(thin) == 5 < len(whole)
    assert set(thin) <= set(whole)


def test_a_limit_on_what_is_learned_widens_the_bound() -> None:
    limits = (Limit(load_objective("accuracy"), at_least=0.8),)
    asked = policy(replace(PROBLEM, limits=limits))
    assert asked.width > policy().width
    assert asked.first > policy().first
    assert asked.objectives[0].worst == 0.8  # type: ignore[union-attr]
    alone = replace(PROBLEM, objectives=PROBLEM.objectives[:1])
    assert policy(alone, told=[]).width == asked.width
    known = replace(PROBLEM, limits=(Limit(load_objective("co2e"), at_most=1.0),))
    assert policy(known).width == policy().width


def test_a_twentieth_of_the_runs_is_never_stopped() -> None:
    make = Stopper(PROBLEM, "power-law", 0)
    quota = [make.policy(number, PLAN, []).quota for number in range(600)]  # type: ignore[attr-defined]
    assert 15 <= sum(quota) <= 45
    assert quota != [Stopper(PROBLEM, "power-law", 1).policy(n, PLAN, []).quota for n in range(600)]  # type: ignore[attr-defined]


def test_the_shapes_of_long_curves_are_learnt_by_the_trajectory_rule_alone() -> None:
    learnt, alone = (Stopper(PROBLEM, kind, 0).policy(0, PLAN, seen()) for kind in ("trajectory", "power-law"))
    assert isinstance(learnt, HypervolumeStop)
    assert isinstance(alone, HypervolumeStop)
    assert len(set(alone.objectives[0].prior)) == 1  # type: ignore[union-attr]
    assert len(set(learnt.objectives[0].prior)) > 1  # type: ignore[union-attr]


def test_where_nothing_can_be_stopped_it_is_said_in_one_line() -> None:
    error = objective(direction="minimize", unit="")(lambda run: 1 - run.accuracy)
    blind = Stopper(replace(PROBLEM, objectives=(error, PROBLEM.objectives[1])), "trajectory", 0)
    assert "no run is stopped: objective '<lambda>' is learned" in blind.silence
    assert blind.policy(0, PLAN, []) == NEVER
    assert not Stopper(PROBLEM, "trajectory", 0).silence
    assert Stopper(PROBLEM, "none", 0).policy(0, PLAN, []) == NEVER
    cosine = replace(PLAN, schedule="cosine")
    assert cosine.horizon_dependent
    assert Stopper(PROBLEM, "trajectory", 0).policy(0, cosine, []) == NEVER
