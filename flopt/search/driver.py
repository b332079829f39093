"""The driver: asks, hands out, stores and tells, so that the outcome depends on the seed alone.

The rule of a fixed lag: run n is proposed exactly when the runs 0 .. n - lag are told, by a sampler built anew from
(seed, n). Neither the number of workers, nor timing, nor a kill changes which runs are told at that moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.search.budget import Budget, Spent
from flopt.search.crew import Crew
from flopt.search.execution import Job, Outcome
from flopt.search.engine import Engine, pool_of
from flopt.search.interrupts import Interrupts
from flopt.search.problem import Limit, Problem
from flopt.search.proposer import Proposal, Proposer
from flopt.search.seen import Seen
from flopt.search.storage import Journal
from flopt.trace import Trace

__all__ = ["Driver", "Progress", "Search"]

Report = Callable[["Progress"], None]


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
    stopping: str = "none"
    replicates: int = 0
    """Fresh seeds with which the plans that own the front are run again."""
    engine: Engine = Engine()
    """Where runs are trained, and what each may take."""

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
        self._proposer = Proposer(problem, search.sampler, search.stopping, search.seed)
        self._proposals: list[Proposal] = []
        self._traces: dict[int, Trace] = {}
        self._seen: list[Seen] = []
        self._failed = 0
        self._cpu_s = 0.0
        self._started = time.monotonic()
        self._learned = [limit for limit, known in self._limits() if not known]
        self._load()

    def run(self) -> Progress:
        """Search until the budget is spent; Ctrl-C finishes the runs in progress, a second one stops at once."""
        engine = self.search.engine
        with Interrupts() as interrupts:
            crew = Crew(pool_of(engine, self.search.workers, self.problem.oracle), engine.retries, interrupts)
            try:
                return self._progress(self._search(crew))
            finally:
                crew.close()

    def _search(self, crew: Crew) -> str:
        """Go on until there is a reason to end, and give it."""
        ended = ""
        try:
            for number in range(len(self._proposals)):
                if number not in self._traces:
                    self._submit(crew, number)
            while not ended or len(self._seen) < len(self._proposals):
                ended = self._step(crew, ended)
        except KeyboardInterrupt:
            ended = "interrupted"
            for number, outcome in crew.drain():
                self._store(number, outcome)
        return ended

    def _step(self, crew: Crew, ended: str) -> str:
        """Do the one thing that is due: propose, or tell, or wait. Returns why the search ends, if it does."""
        if not ended and self._due():
            ended = self.search.budget.ended(self._spent()) or self._propose(crew)
        elif len(self._seen) in self._traces:
            self._tell(len(self._seen))
        else:
            for number, outcome in crew.finished():
                self._store(number, outcome)
        return ended

    def _due(self) -> bool:
        """Whether the next proposal is to be made now: a question of the results told, never of timing.

        The runs up to `lag` places back must be told; and while those still running may use up all the rounds that
        are left, it waits for more of them, because most are stopped long before.
        """
        told, next_run = len(self._seen), len(self._proposals)
        if told < next_run - self.search.lag + 1:
            return False
        left = self._rounds_left()
        return told == next_run or left is None or left > 0

    def _propose(self, crew: Crew) -> str:
        """Add the next run to the study, and hand it out; returns why none can be."""
        number, told = len(self._proposals), len(self._seen)
        running = [Seen(trial, None, np.empty((0, 0))) for trial in self._journal.trials()[told:]]
        proposal = self._proposer.next(number, self._seen, running, self._rounds_left())
        if proposal is None:
            return "no plan within the limits"
        self._journal.add(proposal.trial, {**proposal.attributes(), "told": told})
        self._proposals.append(proposal)
        self._submit(crew, number)
        return ""

    def _spent(self) -> Spent:
        rounds = sum(len(self._traces[number]) for number in range(len(self._seen)))
        minutes = (time.monotonic() - self._started) / 60
        return Spent(len(self._proposals), rounds, minutes, self._cpu_s * self.search.kg_per_cpu_s)

    def _rounds_left(self) -> int | None:
        """Rounds of the budget that neither a run told has used nor one that still runs may use."""
        if self.search.budget.rounds is None:
            return None
        told = len(self._seen)
        used = sum(len(self._traces[number]) for number in range(told))
        return self.search.budget.rounds - used - sum(each.plan.rounds for each in self._proposals[told:])

    def _submit(self, crew: Crew, number: int) -> None:
        problem, proposal = self.problem, self._proposals[number]
        participation = problem.participation(proposal.plan, proposal.seed)
        crew.submit(
            number,
            Job(
                problem.oracle,
                problem.source,
                problem.task,
                proposal.plan,
                participation,
                proposal.seed,
                proposal.policy,
            ),
        )

    def _store(self, number: int, outcome: Outcome) -> None:
        self._journal.record(number, outcome.trace, outcome.cpu_s, outcome.attributes())
        self._traces[number] = outcome.trace
        self._cpu_s += outcome.cpu_s

    def _tell(self, number: int) -> None:
        """End run `number` in the study, and show it to the next proposals."""
        seen = self._look(self._proposals[number], self._traces[number])
        if not self._journal.trials()[number].state.is_finished():
            values = None if seen.values is None else [float(value) for value in seen.values[-1]]
            self._journal.tell(number, values, stopped=self._traces[number].status == "stopped")
        self._seen.append(seen)
        self._failed += seen.failed
        self._report(self._progress())

    def _look(self, proposal: Proposal, trace: Trace) -> Seen:
        if trace.status == "failed":
            return Seen(proposal.trial, None, np.empty((0, 0)), failed=True)
        run = self.problem.run(proposal.plan, trace)
        values = np.column_stack([objective.along(run) for objective in self.problem.objectives])
        broken = [limit.violation(limit.objective.along(run)) for limit in self._learned]
        table = np.column_stack(broken) if broken else np.empty((len(values), 0))
        return Seen(proposal.trial, values, table, whole=proposal.plan.horizon_dependent)

    def _limits(self) -> list[tuple[Limit, bool]]:
        runs = self.problem.spread_runs()
        return [(limit, all(limit.objective.is_known(run) for run in runs)) for limit in self.problem.limits]

    def _load(self) -> None:
        """Take up the runs that the journal holds: told ones first, then those with a trace, then the rest."""
        trials = self._journal.trials()
        for number, trial in enumerate(trials):
            self._proposals.append(Proposal.of(trial))
            trace = self._journal.trace(number)
            if trace is not None:
                self._traces[number] = trace
                self._cpu_s += trial.user_attrs.get("cpu_s", 0.0)
        # As many as were told when the last run was proposed: the rest is told when it is due.
        told = max(0, len(trials) - self.search.lag)
        for number in range(trials[-1].user_attrs.get("told", told) if trials else 0):
            self._tell(number)

    def _progress(self, ended: str = "") -> Progress:
        rounds = sum(len(trace) for trace in self._traces.values())
        latest = self._seen[-1].allowed() if self._seen else np.empty((0, 0))
        return Progress(len(self._seen), self._failed, rounds, self._cpu_s, ended, latest=latest)
