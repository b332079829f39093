"""The proposer: a function of what was told, which keeps to the known limits and to the rounds that are left."""

from __future__ import annotations

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
