"""The proposer: a function of what was told, which keeps to the known limits and to the rounds that are left."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from flopt import Run, objective
from flopt.objectives import NotFiniteError
from flopt.results import problem_of
from flopt.search.proposer import Proposal, Proposer
from flopt.study import study_of

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))


def test_equal_arguments_give_equal_proposals() -> None:
    first, second = (Proposer(PROBLEM, "tpe", "none", seed=3).next(5, [], [], None) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.trial.params == second.trial.params
    assert first.attributes() == second.attributes()
    assert first.attributes() != getattr(Proposer(PROBLEM, "tpe", "none", seed=4).next(5, [], [], None), "plan", None)


def test_a_proposal_keeps_to_the_rounds_that_are_left() -> None:
    proposal = Proposer(PROBLEM, "random", "none", seed=0).next(0, [], [], 1)
    assert proposal is not None
    assert proposal.plan.rounds == 1


def test_a_proposal_is_read_back_from_its_trial() -> None:
    proposal = Proposer(PROBLEM, "random", "none", seed=0).next(0, [], [], None)
    assert proposal is not None
    for key, value in proposal.attributes().items():
        proposal.trial.user_attrs[key] = value
    assert Proposal.of(proposal.trial) == proposal
    del proposal.trial.user_attrs["policy"]  # a study of an older version
    assert Proposal.of(proposal.trial) == proposal


def test_an_objective_that_is_no_number_for_a_plan_counts_as_learned_there_and_is_known_elsewhere() -> None:
    """`HypervolumeStop` is made where all that is no column of a round is known beforehand."""

    @objective(direction="minimize", unit="kg")
    def odd(run: Run) -> float:
        return math.nan if run.plan.local_epochs == 2 and run.rounds > 1 else run.co2e_kg

    accuracy, _ = PROBLEM.objectives
    problem = replace(PROBLEM, objectives=(accuracy, odd), base=replace(PROBLEM.base, rounds=9))
    proposer = Proposer(problem, "random", "trajectory", seed=0)
    trial = proposer.next(0, [], [], None)
    assert trial is not None
    for epochs in (3, 2, 4):
        plan = replace(problem.base, local_epochs=epochs)
        kind = proposer.of(0, trial.trial, plan, [], None).policy.settings()["kind"]
        assert kind == ("none" if epochs == 2 else "trajectory")


def test_an_objective_that_breaks_as_a_learned_one_is_told() -> None:
    proposer = Proposer(PROBLEM, "random", "none", seed=0)
    with pytest.raises(NotFiniteError, match="gave nan"):
        proposer._without(NotFiniteError("objective 'other' gave nan", "other"))
