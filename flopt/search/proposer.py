"""The proposer: which plan is trained next, with which seed, and when it should stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial

from flopt.objectives import NotFiniteError, Objective
from flopt.plan import Plan
from flopt.search.foresight import Foresight
from flopt.search.problem import Problem
from flopt.search.samplers import propose
from flopt.search.seen import Seen
from flopt.search.stopper import Stopper
from flopt.search.stopping import NEVER, Policy, policy_of
from flopt.seeds import stream_seed

__all__ = ["Proposal", "Proposer"]

DRAW_AFTER = 20
"""Proposals in a row that break a known limit before plans are drawn at random: a sampler that is shown only plans
within the limits may look for the next one outside them for ever."""
BLIND = ("random", "trajectory")
"""Samplers that are not one of Optuna's which look at values."""
MAX_REJECTED = 200
"""Proposals in a row that break a known limit before the search gives up on finding one that does not."""


@dataclass(frozen=True)
class Proposal:
    """A run to be trained: all that decides what it will do."""

    trial: FrozenTrial
    """Its place in the space, as Optuna has it."""
    plan: Plan
    seed: int
    policy: Policy = NEVER
    repeats: int | None = None
    """The number of the run whose plan it runs again; None for a new plan."""
    oracle: str = ""
    """Which oracle of a ladder trains it; empty where there is one only."""

    def attributes(self) -> dict[str, Any]:
        """What the journal keeps of it beside its place in the space."""
        own = {"plan": self.plan.settings(), "seed": self.seed, "policy": self.policy.settings()}
        repeats = {} if self.repeats is None else {"repeats": self.repeats}
        return {**own, **repeats, **({"oracle": self.oracle} if self.oracle else {})}

    @classmethod
    def of(cls, trial: FrozenTrial) -> Proposal:
        """Read back from a stored trial; studies of versions that had no stopping have no policy."""
        stored = trial.user_attrs
        policy = policy_of(stored.get("policy", {"kind": "none"}))
        plan, repeats, oracle = Plan.of(stored["plan"]), stored.get("repeats"), stored.get("oracle", "")
        return cls(trial, plan, stored["seed"], policy, repeats, oracle)


class Proposer:
    """Makes proposal `number` of a search: a function of its arguments alone."""

    def __init__(self, problem: Problem, sampler: str, stopping: str, seed: int) -> None:
        self._problem = problem
        self._sampler, self._stopping = sampler, stopping
        self._stopper = Stopper(problem, stopping, seed)
        self._seed = seed
        self._known = problem.known()
        self._foresight = Foresight(problem) if sampler == "trajectory" else None
        self._careful: dict[str, Proposer] = {}

    def next(
        self, number: int, told: Sequence[Seen], running: Sequence[Seen], rounds_left: int | None
    ) -> Proposal | None:
        """The next run, of at most `rounds_left` rounds; None where no plan within the known limits is found."""
        try:
            return self._next(number, told, running, rounds_left)
        except NotFiniteError as error:
            return self._without(error).next(number, told, running, rounds_left)

    def _next(
        self, number: int, told: Sequence[Seen], running: Sequence[Seen], rounds_left: int | None
    ) -> Proposal | None:
        logged = self._logged(told) if self._sampler not in BLIND else []
        directions = [objective.direction for objective in self._problem.objectives]
        for attempt in range(MAX_REJECTED):
            seed = stream_seed(self._seed, "propose", number, attempt)
            if self._foresight is not None and attempt < DRAW_AFTER:
                trial = self._foresight.propose(told, running, seed)
            else:
                sampler = self._sampler if attempt < DRAW_AFTER and self._foresight is None else "random"
                trial = propose(sampler, self._problem.space, directions, [*told, *running], logged, seed)
            plan = self._problem.within_known_limits(self._problem.space.plan(trial.params, self._problem.base))
            if plan is not None:
                return self.of(number, trial, plan, told, rounds_left)
        return None

    def of(
        self, number: int, trial: FrozenTrial, plan: Plan, told: Sequence[Seen], rounds_left: int | None
    ) -> Proposal:
        """A plan as run `number`, with at most `rounds_left` of its rounds."""
        if rounds_left is not None:
            plan = replace(plan, rounds=min(plan.rounds, rounds_left))
        try:
            policy = self._stopper.policy(number, plan, told)
        except NotFiniteError as error:
            return self._without(error).of(number, trial, plan, told, rounds_left)
        return Proposal(trial, plan, self._seed, policy)

    def _without(self, error: NotFiniteError) -> Proposer:
        """The same where an objective counts as learned that was taken for known, and is no number for some plan.

        It is asked for this one proposal, so that none depends on what was looked at for another.
        """
        problem, name = self._problem, error.objective
        if not any(each.name == name and each.known is not False for each in _judges(problem)):
            raise error
        if name not in self._careful:
            objectives = tuple(_learned(each, name) for each in problem.objectives)
            limits = tuple(replace(each, objective=_learned(each.objective, name)) for each in problem.limits)
            problem = replace(problem, objectives=objectives, limits=limits)
            self._careful[name] = Proposer(problem, self._sampler, self._stopping, self._seed)
        return self._careful[name]

    def _logged(self, told: Sequence[Seen]) -> list[bool]:
        """Known objectives are shown on a log axis where all their values so far are above zero."""
        above = [run.above_zero for run in told if run.values is not None]
        if not above:
            return [False] * len(self._known)
        positive = np.logical_and.reduce(above).tolist()
        return [known and each for known, each in zip(self._known, positive, strict=True)]


def _judges(problem: Problem) -> list[Objective]:
    return [*problem.objectives, *(limit.objective for limit in problem.limits)]


def _learned(objective: Objective, name: str) -> Objective:
    return replace(objective, known=False) if objective.name == name else objective
