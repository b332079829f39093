"""Foresight: a study as the trajectory search sees it, with every candidate's costs known before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState, create_trial

from flopt.emissions.accrual import Accrual
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.run import Run
from flopt.search.columns import column_of
from flopt.search.features import Point
from flopt.search.problem import Limit, Problem
from flopt.search.samplers import distributions
from flopt.search.seen import Seen
from flopt.search.trajectory import Told, Trajectory
from flopt.search.volume import Box, box_of

__all__ = ["Foresight"]

Array = NDArray[np.float64]

POWERS = {"local_epochs": 1.0, "local_steps": 1.0, "client_lr": 1.0, "server_lr": 1.0, "batch_size": -1.0}
"""A round leads as far as the steps that a client takes in it are many and long: what plain SGD would do."""
TRIED = 40
"""Candidates, from the best on, that are tried against the known limits."""


class Foresight:
    """Proposes by the trajectory search for one problem; a function of what is told, which it remembers."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._space = distributions(problem.space)
        known = problem.known()
        self._known = [at for at, is_known in enumerate(known) if is_known]
        self._learned = [at for at, is_known in enumerate(known) if not is_known]
        # What a limit on a learned objective excludes adds nothing, yet its curves still teach: the box has all of it.
        asked = [limit for limit in problem.limits if limit.objective.name in self._names()]
        self._box = box_of(replace(problem, limits=tuple(limit for limit in problem.limits if limit not in asked)))
        self._masks = [at for at, limit in enumerate(problem.learned_limits()) if limit not in asked]
        self._unscaled = [at for at in self._learned if not column_of(problem, problem.objectives[at])]
        self._longest = problem.space.max_rounds or problem.base.rounds
        self._search = Trajectory(self._space, self._price, "rounds", POWERS, self._counts(asked))
        self._taken: dict[int, tuple[Seen, Told]] = {}

    def propose(self, told: Sequence[Seen], running: Sequence[Seen], seed: int) -> FrozenTrial:
        """The next proposal: the best candidate that keeps to the known limits."""
        finished = self._scaled([run for run in told if run.values is not None and len(run.values)])
        nothing = np.empty((0, 0))
        under_way = [
            Told(each.trial.params, nothing, nothing, float(self._problem.clients_at(each.trial.params)))
            for each in running
        ]
        points = self._search.ranked(finished, under_way, self._longest, np.random.default_rng(seed))
        point = next((each for each in points[:TRIED] if self._possible(each)), points[0])
        return create_trial(state=TrialState.RUNNING, params=dict(point), distributions=self._space)

    def _names(self) -> list[str]:
        """Of the learned objectives that are a column of each round."""
        objectives = [self._problem.objectives[at] for at in self._learned]
        return [each.name for each in objectives if column_of(self._problem, each)]

    def _counts(self, asked: Sequence[Limit]) -> list[float]:
        """The loss of each learned objective that the limits on it still allow."""
        counts = np.ones(len(self._learned))
        for place, at in enumerate(self._learned):
            objective = self._problem.objectives[at]
            for limit in asked:
                bound = limit.at_least if objective.direction == "maximize" else limit.at_most
                if limit.objective.name == objective.name and bound is not None:
                    counts[place] = min(counts[place], float(self._box.column(at, np.array([bound]))[0]))
        return [float(each) for each in counts]

    def _possible(self, point: Point) -> bool:
        return self._problem.within_known_limits(self._plan(point)) is not None

    def _plan(self, point: Point, rounds: int | None = None) -> Plan:
        plan = self._problem.space.plan(point, self._problem.base)
        return plan if rounds is None else replace(plan, rounds=rounds)

    def _scaled(self, seen: Sequence[Seen]) -> list[Told]:
        """Runs as the model sees them; what was made of a run is kept, unless the box changes with each one told."""
        box = self._box if not self._unscaled else _stretched(self._box, self._unscaled, seen)
        new = [run for run in seen if self._unscaled or self._kept(run) is None]
        for run, told in zip(new, self._made(new, box), strict=True):
            self._taken[id(run)] = (run, told)
        return [self._taken[id(run)][1] for run in seen]

    def _kept(self, run: Seen) -> Told | None:
        kept = self._taken.get(id(run))
        return kept[1] if kept is not None and kept[0] is run else None

    def _made(self, runs: Sequence[Seen], box: Box) -> list[Told]:
        if not runs:
            return []
        losses = box.scaled(np.concatenate([run.values for run in runs if run.values is not None]))
        broken = np.concatenate([run.violations[:, self._masks] for run in runs]) > 0
        learned = losses[:, self._learned]
        learned = np.where(np.asarray(broken.any(axis=1))[:, None], np.maximum(learned, 1.0), learned)
        known, end, told = losses[:, self._known], 0, []
        for run in runs:
            begin, end = end, end + run.rounds
            clients = float(self._problem.clients_at(run.trial.params))
            told.append(Told(run.trial.params, learned[begin:end], known[begin:end], clients, run.whole))
        return told

    def _price(self, points: Sequence[Point], rounds: Sequence[int]) -> Array:
        """Known losses of plans after some rounds, shape (points, rounds, known); what cannot be run costs all."""
        table = np.ones((len(points), len(rounds), len(self._known)))
        if not self._known:
            return table
        at_rounds = np.array(rounds) - 1
        for row, run in enumerate(self._runs([self._plan(point, rounds[-1]) for point in points])):
            if run is not None:
                for column, at in enumerate(self._known):
                    values = self._problem.objectives[at].along(run)[at_rounds]
                    table[row, :, column] = self._box.column(at, values)
        return table

    def _runs(self, plans: Sequence[Plan]) -> list[Run | None]:
        problem = self._problem
        if problem.pricing.start is not None:  # each has hours of its own
            return [_or_none(problem, plan) for plan in plans]
        works = problem.works(plans)
        each, once = problem.pricer.per_round(works), problem.pricer.once(works)
        accruals = Accrual.steady(each, once, range(len(plans)), [plan.rounds for plan in plans])
        return [
            Run.of(plan, problem.task, accrual, clients=int(clients))
            for plan, accrual, clients in zip(plans, accruals, works.clients, strict=True)
        ]


def _or_none(problem: Problem, plan: Plan) -> Run | None:
    try:
        return problem.run(plan)
    except FloptError:
        return None


def _stretched(box: Box, columns: Sequence[int], seen: Sequence[Seen]) -> Box:
    """The box with the range told of objectives whose range nobody knows beforehand."""
    worst, best = box.worst.copy(), box.best.copy()
    for at in columns:
        values = np.concatenate([run.values[:, at] for run in seen if run.values is not None] or [np.array([0.0, 1.0])])
        low, high = float(values.min()), max(float(values.max()), float(values.min()) + 1e-9)
        worst[at], best[at] = (high, low) if box.objectives[at].direction == "minimize" else (low, high)
    return replace(box, worst=worst, best=best)
