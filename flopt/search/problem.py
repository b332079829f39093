"""The problem: what is searched, on which task and fleet, and what counts as better."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.accrual import Accrual
from flopt.emissions.fleet import Fleet
from flopt.emissions.footprint import Footprint
from flopt.emissions.pricer import Pricer
from flopt.emissions.pricing import Pricing, ValueOf, central
from flopt.emissions.realised import realised_footprint
from flopt.emissions.selection import draw_participation
from flopt.emissions.work import Work, expected_work
from flopt.errors import FloptError
from flopt.objectives import Objective
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.run import Run
from flopt.space import ChoiceAxis, Space
from flopt.task import Task, TaskSource
from flopt.trace import Trace

__all__ = ["Limit", "Problem"]

_REMEMBERED = 1024
"""Plans whose price is remembered: more than are under way at a time."""


@dataclass(frozen=True)
class Limit:
    """A bound on an objective: points outside it are not wanted."""

    objective: Objective
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        place, goal = f"limits.{self.objective.name}", self.objective
        if self.at_least is None and self.at_most is None:
            raise FloptError(f"{place}: give at_least or at_most")
        for name in ("at_least", "at_most"):
            bound = getattr(self, name)
            if bound is not None and not goal.least <= bound <= goal.most:
                raise FloptError(f"{place}.{name} = {bound:g}: must be {goal.possible}, as {goal.name} always is")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise FloptError(f"{place}: at_least {self.at_least:g} is above at_most {self.at_most:g}")

    def violation(self, values: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """How far values lie outside, in the objective's unit; 0 or less is inside."""
        worst = np.full(np.shape(values), -np.inf)
        if self.at_least is not None:
            worst = np.maximum(worst, self.at_least - np.asarray(values))
        if self.at_most is not None:
            worst = np.maximum(worst, np.asarray(values) - self.at_most)
        return worst

    def __str__(self) -> str:
        parts = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        parts += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        unit = f" {self.objective.unit}" if self.objective.unit else ""
        return f"{self.objective.name} {' and '.join(parts)}{unit}"


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything that a proposal, a price and a front need; nothing about how the search goes."""

    space: Space
    base: Plan
    """What the space does not search."""
    source: TaskSource
    task: Task
    oracle: str
    """Whose curves are the answer."""
    fleet: Fleet
    pricing: Pricing
    population: float | None
    """Size of the population that is priced; None: the task's own clients."""
    objectives: tuple[Objective, ...]
    limits: tuple[Limit, ...] = ()
    value_of: ValueOf = central
    """What stands in for every coefficient of the price."""
    cheaper: tuple[str, ...] = ()
    """Oracles that predict before it, from cheap to dear."""

    @cached_property
    def pricer(self) -> Pricer:
        """The fleet and its pricing, ready to price any plan."""
        return Pricer(self.fleet, self.pricing, self.value_of)

    def work(self, plan: Plan) -> Work:
        """What one round of the plan makes the priced population do; arrays of shape ()."""
        return self.works([plan])[0]

    def works(self, plans: Sequence[Plan]) -> Work:
        """The same for many plans; arrays of shape (plans,)."""
        work = expected_work(plans, self.task)
        return work if self.population is None else work.scaled_to(self.population)

    def clients_at(self, point: Mapping[str, Any]) -> int:
        """Clients of a round at a point of the space: of all that a plan is, what most is asked for by itself."""
        return self.task.clients_per_round(point.get("client_fraction", self.base.client_fraction))

    def can_run(self, plan: Plan) -> bool:
        """Whether the fleet can run a round of it: enough clients at every hour, and a deadline that some meet.

        Both the population that is priced and the task's own clients, who learn, must be enough.
        """
        try:
            self._work(plan)
            if self.population is not None:
                self.pricer.check(expected_work([plan], self.task)[0])
        except FloptError:
            return False
        return True

    def run(self, plan: Plan, trace: Trace | None = None) -> Run:
        """The plan as a run: predicted, or with what happened."""
        rounds = plan.rounds if trace is None else max(1, len(trace))
        if self.pricing.start is None and not self.pricer.rates.draws:
            work, each, once = self._steady(plan)
            accrual = Accrual.steady(each, once, [0], [rounds])[0]
            return Run.of(plan, self.task, accrual, trace, clients=int(work.clients[0]))
        work = self.work(plan)
        return Run.of(plan, self.task, self.pricer.along(work, rounds), trace, clients=int(work.clients))

    def runs(self, plans: Sequence[Plan], traces: Sequence[Trace]) -> list[Run]:
        """Many plans with what happened, priced in one go; plans of equal work get equal prices."""
        if self.pricing.start is not None or len(plans) < 2:  # each has hours of its own; a single one is remembered
            return [self.run(plan, trace) for plan, trace in zip(plans, traces, strict=True)]
        works, place = self.works(plans).distinct()
        self._check_all(works)
        each, once = self.pricer.per_round(works), self.pricer.once(works)
        accruals = Accrual.steady(each, once, place.tolist(), [max(1, len(trace)) for trace in traces])
        return [
            Run.of(plan, self.task, accrual, trace, clients=clients)
            for plan, accrual, trace, clients in zip(
                plans, accruals, traces, works.clients[place].astype(int).tolist(), strict=True
            )
        ]

    def participation(self, plan: Plan, seed: int) -> Participation:
        """Who takes part in each round: the task's own clients, whatever population is priced."""
        return draw_participation(plan, self.task, self.pricer, seed)

    def realised(self, plan: Plan, seed: int) -> Footprint:
        """What the clients that took part would have emitted, each round by itself; the task's own clients."""
        return realised_footprint(plan, self.task, self.participation(plan, seed), self.pricer.rates)

    @cached_property
    def _work(self) -> Callable[[Plan], Work]:
        """Checked work of one round of a plan, shape (1,), remembered: a search asks for it half a dozen times."""

        def work(plan: Plan) -> Work:
            found = self.works([plan])
            self.pricer.check(found[0])
            return found

        return lru_cache(maxsize=_REMEMBERED)(work)

    @cached_property
    def _steady(self) -> Callable[[Plan], tuple[Work, Footprint, Footprint]]:
        """The same with what each round emits and what is emitted once, at annual means."""

        def steady(plan: Plan) -> tuple[Work, Footprint, Footprint]:
            work = self._work(plan)
            return work, self.pricer.per_round(work), self.pricer.once(work)

        return lru_cache(maxsize=_REMEMBERED)(steady)

    def _check_all(self, works: Work) -> None:
        """Without a deadline, whether a round can be run is a question of its clients alone."""
        rows = np.arange(len(works))
        if self.fleet.deadline_s is None:
            rows = np.unique(works.clients, return_index=True)[1]
        for row in rows:
            self.pricer.check(works[int(row)])

    def allowed(self, run: Run) -> NDArray[np.bool_]:
        """The rounds of a run that may stand on the front: they meet the limits, and are what a shorter plan does."""
        allowed = np.ones(run.length, dtype=bool)
        for limit in self.limits:
            allowed &= limit.violation(limit.objective.along(run)) <= 0
        if run.whole_plan.horizon_dependent:
            allowed[: run.whole_plan.rounds - 1] = False
        return allowed

    def within_known_limits(self, plan: Plan) -> Plan | None:
        """The plan with its rounds cut to what the known limits allow; None where not even one round is."""
        if not self.can_run(plan):
            return None
        predicted = self.run(plan)
        allowed = np.ones(plan.rounds, dtype=bool)
        for limit in self.limits:
            values = limit.objective.foreseen(predicted)
            if values is not None:
                allowed &= limit.violation(values) <= 0
        last = np.flatnonzero(allowed)
        return replace(plan, rounds=int(last[-1]) + 1) if len(last) else None

    def known(self) -> tuple[bool, ...]:
        """Which objectives are known before training: they succeed on three spread plans of the space."""
        predicted = self.spread_runs()
        return tuple(all(objective.is_known(run) for run in predicted) for objective in self.objectives)

    def learned_limits(self) -> list[Limit]:
        """The limits that are known only from training; violations are kept in their order."""
        predicted = self.spread_runs()
        return [limit for limit in self.limits if not all(limit.objective.is_known(run) for run in predicted)]

    def spread_runs(self) -> list[Run]:
        """Predicted runs of those of three spread plans that the fleet can run; an error where it can run none."""
        plans = list(self.spread_plans())
        return [self.run(plan) for plan in plans if self.can_run(plan)] or [self.run(plan) for plan in plans[:1]]

    def spread_plans(self) -> Iterator[Plan]:
        """The plans at the low end, the middle and the high end of every axis."""
        for share in (0.0, 0.5, 1.0):
            values: dict[str, object] = {}
            for name, axis in self.space.axes.items():
                if isinstance(axis, ChoiceAxis):
                    values[name] = axis.choices[round(share * (len(axis.choices) - 1))]
                else:
                    middle = axis.low + share * (axis.high - axis.low)
                    values[name] = round(middle) if isinstance(axis.low, int) else middle
            yield self.space.plan(values, self.base)
