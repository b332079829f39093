"""The methods of the search race: what each one proposes, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import optuna
from _race_peers import BoTorch, Moasha, Pymoo
from _race_score import REGION
from _race_search import Ask, Course, Method, Searcher
from numpy.typing import NDArray
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler

from flopt.search.problem import Limit
from flopt.search.proposer import Proposal, Proposer
from flopt.search.samplers import distributions
from flopt.search.seen import Seen

__all__ = ["METHODS"]

Array = NDArray[np.float64]


class FloptSearch:
    """flopt's own: its proposer with a sampler and a stopping rule, as the driver asks it."""

    def __init__(
        self, course: Course, seed: int, sampler: str, stopping: str, lag: int, at_least: float | None
    ) -> None:
        problem = course.problem
        if at_least is not None:
            accuracy = next(each for each in problem.objectives if each.name == "accuracy")
            problem = replace(problem, limits=(Limit(accuracy, at_least=at_least),))
        self._limits = problem.limits
        self._proposer = Proposer(problem, sampler, stopping, seed)
        self._lag = lag
        self._proposals: list[Proposal] = []
        self._told: list[Seen] = []

    def ask(self) -> Ask:
        """Proposal n, made when the runs 0 .. n - lag are told."""
        number = len(self._proposals)
        known = max(0, number - self._lag + 1)
        running = [Seen(each.trial, None, np.empty((0, 0))) for each in self._proposals[known:]]
        proposal = self._proposer.next(number, self._told[:known], running, None)
        assert proposal is not None, "the race has no limits"
        self._proposals.append(proposal)
        return Ask(proposal.plan, proposal.policy.stops)

    def tell(self, accuracy: Array, kg: Array, *, failed: bool, stopped: bool) -> None:  # noqa: ARG002
        """As the driver looks at a trace: both objectives after every round."""
        trial = self._proposals[-1].trial
        values = None if failed else np.column_stack([accuracy, kg])
        broken = [limit.violation(accuracy) for limit in self._limits]
        table = np.column_stack(broken) if broken else np.empty((len(accuracy), 0))
        self._told.append(Seen(trial, values, table, failed=failed))


class OptunaSearch:
    """One of Optuna's samplers as its manual shows it: rounds are an axis, and the last value is told."""

    def __init__(self, course: Course, sampler: BaseSampler) -> None:
        self._space, self._base = course.problem.space, course.problem.base
        self._axes = distributions(self._space)
        self._study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)

    def ask(self) -> Ask:
        """The plan of a new trial."""
        self._trial = self._study.ask(self._axes)
        return Ask(self._space.plan(self._trial.params, self._base))

    def tell(self, accuracy: Array, kg: Array, *, failed: bool, stopped: bool) -> None:  # noqa: ARG002
        """Accuracy and log kg after the last round."""
        if failed:
            self._study.tell(self._trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(self._trial, [float(accuracy[-1]), float(np.log10(kg[-1]))])


def _flopt(
    sampler: str, stopping: str = "none", lag: int = 1, at_least: float | None = None
) -> Callable[[Course, int], Searcher]:
    return lambda course, seed: FloptSearch(course, seed, sampler, stopping, lag, at_least)


def _trajectory(lag: int = 1, at_least: float | None = None) -> Callable[[Course, int], Searcher]:
    return _flopt("trajectory", "trajectory", lag, at_least)


_SAMPLERS: Mapping[str, Callable[[int], BaseSampler]] = {
    "random": lambda seed: RandomSampler(seed=seed),
    "tpe": lambda seed: TPESampler(seed=seed),
    "nsga2": lambda seed: NSGAIISampler(seed=seed),
    "nsga2 of 12": lambda seed: NSGAIISampler(seed=seed, population_size=12),
}
"""Optuna's, each with its documented defaults; a population of 12 is what studies of tens of runs have room for."""


def _optuna(name: str) -> Callable[[Course, int], Searcher]:
    return lambda course, seed: OptunaSearch(course, _SAMPLERS[name](seed))


def _gp(course: Course, seed: int) -> Searcher:
    return OptunaSearch(course, GPSampler(seed=seed))


_OWN = (
    ("trajectory", "none"),
    ("tpe", "none"),
    ("tpe", "power-law"),
    ("tpe", "trajectory"),
    ("nsga2", "trajectory"),
    ("random", "trajectory"),
)
"""Pairs of a sampler and a stopping rule of flopt: another one is one line."""

METHODS: dict[str, Method] = {
    each.name: each
    for each in (
        Method("trajectory", _trajectory(), prefixes=True),
        Method("trajectory, lag 8", _trajectory(lag=8), prefixes=True),
        Method("trajectory, limit 0.8", _trajectory(at_least=REGION), prefixes=True),
        *(Method(f"flopt {own[0]}/{own[1]}", _flopt(*own), prefixes=True) for own in _OWN),
        *(Method(name, _optuna(name), prefixes=False) for name in _SAMPLERS),
        Method("gp", _gp, prefixes=False, seeds=10, rounds=1000),
        Method("pymoo nsga2", Pymoo, prefixes=False),
        Method("moasha", Moasha, prefixes=True, rounds=1500),
        Method("qlognehvi", BoTorch, prefixes=False, seeds=10, rounds=300),
    )
}
"""All that race, by name. The limit is how a user of flopt names a region; it was added after a first look."""
