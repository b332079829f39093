"""The driver: asks, hands out, stores and tells, so that the outcome depends on the seed alone.

The rule of a fixed lag: run n is proposed exactly when the runs 0 .. n - lag are told, by a sampler built anew from
(seed, n). Neither the number of workers, nor timing, nor a kill changes which runs are told at that moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from flopt.errors import FloptError
from flopt.objectives import Objective
from flopt.plan import Plan
from flopt.run import Run
from flopt.search.execution import Job, Outcome, executor, stop, train
from flopt.search.problem import Limit, Problem
from flopt.search.samplers import Seen, propose
from flopt.search.storage import Journal
from flopt.seeds import stream_seed
from flopt.trace import Trace

__all__ = ["Budget", "Driver", "Progress", "Search"]

Report = Callable[["Progress"], None]

DRAW_AFTER = 20
"""Proposals in a row that break a known limit before plans are drawn at random: a sampler that is shown only plans
within the limits may look for the next one outside them for ever."""
MAX_REJECTED = 200
"""Proposals in a row that break a known limit before the search gives up on finding one that does not."""


@dataclass(frozen=True)
class Budget:
    """When the search ends: at whichever comes first; None is no bound."""

    runs: int | None = None
    rounds: int | None = None
    minutes: float | None = None
    search_kg: float | None = None

    def __post_init__(self) -> None:
        for name in ("runs", "rounds", "minutes", "search_kg"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise FloptError(f"budget.{name} = {value:g}: must be above 0")
        if self.runs is None and self.rounds is None and self.minutes is None and self.search_kg is None:
            raise FloptError("budget: give at least one of runs, rounds, minutes, search_kg")


@dataclass(frozen=True)
class Search:
    """How the search goes about its problem."""

    sampler: str
    seed: int
    lag: int
    workers: int
    budget: Budget
    kg_per_cpu_s: float
    """Estimated kg CO2e of one CPU second on this machine."""

    def __post_init__(self) -> None:
        for name in ("workers", "lag"):
            if getattr(self, name) < 1:
                raise FloptError(f"{name} = {getattr(self, name)}: must be at least 1")
        if self.workers > self.lag:
            raise FloptError(
                f"workers = {self.workers}: must not be above lag = {self.lag}; the others would never have work"
            )


@dataclass(frozen=True)
class Progress:
    """Where the search stands."""

    runs: int
    """Runs told."""
    failed: int
    rounds: int
    """Rounds trained in them."""
    cpu_s: float
    """CPU seconds spent in all, over restarts too."""
    ended: str = ""
    """Why the search ended; empty while it goes on."""
    repaired_bytes: int = 0
    """Bytes of a torn last line that were cut off the journal before the search went on."""
    latest: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    """Objectives of the run told last, after those of its rounds that are candidates, shape (rounds, objectives)."""


class Driver:
    """One search on one journal."""

    def __init__(self, problem: Problem, search: Search, journal: Journal, report: Report | None = None) -> None:
        self.problem = problem
        self.search = search
        self._journal = journal
        self._report: Report = report or (lambda _: None)
        self._plans: list[Plan] = []
        self._traces: dict[int, Trace] = {}
        self._seen: list[Seen] = []
        self._failed = 0
        self._cpu_s = 0.0
        self._started = time.monotonic()
        self._known = problem.known()
        self._learned = [limit for limit, known in self._limits() if not known]
        self._load()

    def run(self) -> Progress:
        """Search until the budget is spent; Ctrl-C finishes the runs in progress, a second one stops at once."""
        pool = executor(self.search.workers, self.problem.oracle)
        pending: dict[Future[Outcome], int] = {}
        ended = ""
        try:
            for number in range(len(self._plans)):
                if number not in self._traces:
                    self._submit(pool, pending, number)
            while not ended or len(self._seen) < len(self._plans):
                ended = self._step(pool, pending, ended)
        except KeyboardInterrupt:
            ended = "interrupted"
            self._drain(pool, pending)
        except BrokenProcessPool:
            raise FloptError(
                f"{self._journal.folder}: a worker process died (out of memory?); finished runs are kept, "
                "and the same command goes on from there"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)
        return self._progress(ended)

    def _step(self, pool: Executor, pending: dict[Future[Outcome], int], ended: str) -> str:
        """Do the one thing that is due: propose, or tell, or wait. Returns why the search ends, if it does."""
        told, next_run = len(self._seen), len(self._plans)
        if not ended and told == max(0, next_run - self.search.lag + 1):
            ended = self._over_budget() or self._propose(next_run)
            if not ended:
                self._submit(pool, pending, next_run)
        elif told in self._traces:
            self._tell(told)
        else:
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                self._store(pending.pop(future), future.result())
        return ended

    def _propose(self, number: int) -> str:
        """Add run `number` to the study; returns why none can be."""
        logged = self._logged()
        running = [Seen(trial, None, np.empty((0, 0))) for trial in self._journal.trials()[len(self._seen) :]]
        directions = [objective.direction for objective in self.problem.objectives]
        for attempt in range(MAX_REJECTED):
            seed = stream_seed(self.search.seed, "propose", number, attempt)
            sampler = self.search.sampler if attempt < DRAW_AFTER else "random"
            seen = [*self._seen, *running]
            proposal = propose(sampler, self.problem.space, directions, seen, logged, seed)
            plan = self.problem.within_known_limits(self.problem.space.plan(proposal.params, self.problem.base))
            if plan is not None:
                plan = self._within_rounds(plan)
                self._journal.add(proposal, {"plan": plan.settings(), "seed": self.search.seed})
                self._plans.append(plan)
                return ""
        return "no plan within the limits"

    def _within_rounds(self, plan: Plan) -> Plan:
        if self.search.budget.rounds is None:
            return plan
        return replace(plan, rounds=min(plan.rounds, self.search.budget.rounds - self._charged_rounds()))

    def _over_budget(self) -> str:
        budget, number = self.search.budget, len(self._plans)
        if budget.runs is not None and number >= budget.runs:
            return "runs"
        if budget.rounds is not None and self._charged_rounds() >= budget.rounds:
            return "rounds"
        if budget.minutes is not None and time.monotonic() - self._started >= 60 * budget.minutes:
            return "minutes"
        if budget.search_kg is not None and self._cpu_s * self.search.kg_per_cpu_s >= budget.search_kg:
            return "search_kg"
        return ""

    def _charged_rounds(self) -> int:
        """Rounds of the runs told, and the planned ones of those that may still run: the same for any timing."""
        told = len(self._seen)
        return sum(len(self._traces[n]) for n in range(told)) + sum(plan.rounds for plan in self._plans[told:])

    def _submit(self, pool: Executor, pending: dict[Future[Outcome], int], number: int) -> None:
        problem, plan, seed = self.problem, self._plans[number], self.search.seed
        job = Job(problem.oracle, problem.source, problem.task, plan, problem.participation(plan, seed), seed)
        pending[pool.submit(train, job)] = number

    def _store(self, number: int, outcome: Outcome) -> None:
        self._journal.record(number, outcome.trace, outcome.cpu_s)
        self._traces[number] = outcome.trace
        self._cpu_s += outcome.cpu_s

    def _tell(self, number: int) -> None:
        """End run `number` in the study, and show it to the next proposals."""
        trace, trial = self._traces[number], self._journal.trials()[number]
        seen = self._look(trial, self._plans[number], trace)
        if not trial.state.is_finished():
            self._journal.tell(number, None if seen.values is None else [float(v) for v in seen.values[-1]])
        self._seen.append(seen)
        self._failed += seen.failed
        self._report(self._progress())

    def _look(self, trial: FrozenTrial, plan: Plan, trace: Trace) -> Seen:
        if trace.status == "failed":
            return Seen(trial, None, np.empty((0, 0)), failed=True)
        run = self.problem.run(plan, trace)
        values = _columns(self.problem.objectives, run)
        broken = [limit.violation(limit.objective.along(run)) for limit in self._learned]
        table = np.column_stack(broken) if broken else np.empty((len(values), 0))
        return Seen(trial, values, table, whole=plan.horizon_dependent)

    def _logged(self) -> list[bool]:
        """Known objectives are shown on a log axis where all their values so far are above zero."""
        values = [run.values for run in self._seen if run.values is not None]
        if not values:
            return [False] * len(self._known)
        positive = np.concatenate(values).min(axis=0) > 0
        return [known and bool(above) for known, above in zip(self._known, positive, strict=True)]

    def _limits(self) -> list[tuple[Limit, bool]]:
        runs = self.problem.spread_runs()
        return [(limit, all(limit.objective.is_known(run) for run in runs)) for limit in self.problem.limits]

    def _load(self) -> None:
        """Take up the runs that the journal holds: told ones first, then those with a trace, then the rest."""
        for number, trial in enumerate(self._journal.trials()):
            self._plans.append(Plan.of(trial.user_attrs["plan"]))
            trace = self._journal.trace(number)
            if trace is not None:
                self._traces[number] = trace
                self._cpu_s += trial.user_attrs.get("cpu_s", 0.0)
        due = max(0, len(self._plans) - self.search.lag)
        for number in range(due):
            self._tell(number)

    def _drain(self, pool: Executor, pending: dict[Future[Outcome], int]) -> None:
        """Cancel what has not begun, and keep what is being trained; stop it too at a second Ctrl-C."""
        running = {future: number for future, number in pending.items() if not future.cancel()}
        try:
            for future, number in running.items():
                self._store(number, future.result())
        except (KeyboardInterrupt, BrokenProcessPool):  # a Ctrl-C may also end a worker that is just starting
            stop(pool)

    def _progress(self, ended: str = "") -> Progress:
        rounds = sum(len(trace) for trace in self._traces.values())
        latest = _allowed(self._seen[-1]) if self._seen else np.empty((0, 0))
        return Progress(len(self._seen), self._failed, rounds, self._cpu_s, ended, latest=latest)


def _allowed(seen: Seen) -> NDArray[np.float64]:
    """The rounds of a run that may stand on the front."""
    if seen.values is None:
        return np.empty((0, 0))
    allowed: NDArray[np.bool_] = np.asarray((seen.violations <= 0).all(axis=1))
    if seen.whole:
        allowed[:-1] = False
    return seen.values[allowed]


def _columns(objectives: tuple[Objective, ...], run: Run) -> NDArray[np.float64]:
    return np.column_stack([objective.along(run) for objective in objectives])
