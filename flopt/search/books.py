"""The books of a search: what was proposed, what came of it, and what is due next.

The rule of a fixed lag: run n is proposed exactly when the runs 0 .. n - lag are told, by a sampler built anew from
(seed, n). Neither the number of workers, nor timing, nor a kill changes which runs are told at that moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from flopt.run import Run
from flopt.search.budget import Spent
from flopt.search.confirmation import Confirmation
from flopt.search.finite import finite_part
from flopt.search.payoff import Payoff
from flopt.search.problem import Problem
from flopt.search.proposer import Proposal, Proposer
from flopt.search.repeats import Repeats
from flopt.search.rungs import Rungs
from flopt.search.seen import Seen
from flopt.search.stores.storage import Store, stored_trace
from flopt.search.strategy import Strategy
from flopt.trace import Trace

__all__ = ["Books", "Progress", "Report"]

Report = Callable[["Progress"], None]


@dataclass(frozen=True)
class Progress:
    """Where the search stands."""

    runs: int
    """Runs told; of a ladder, those of its last oracle."""
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
    predicted: int = 0
    """Runs told of the cheaper oracles of a ladder."""


class Books:
    """The books of one search, kept in its store.

    A run is proposed, then its trace is stored as soon as it is there, and told to the next proposals in its turn.
    """

    def __init__(self, problem: Problem, strategy: Strategy, store: Store, report: Report | None = None) -> None:
        self._problem = problem
        self._strategy = strategy
        self._store = store
        self._report: Report = report or (lambda _: None)
        self._proposer = Proposer(problem, strategy.sampler, strategy.stopping, strategy.seed)
        self._repeats = Repeats(problem, strategy.replicates, strategy.seed)
        self._rungs = Rungs.of(problem, strategy.ladder_runs)
        self._confirmation = Confirmation(problem) if problem.cheaper else None
        self._proposals: list[Proposal] = []
        self._traces: dict[int, Trace] = {}
        self._rounds = 0
        """In all traces that are no predictions."""
        self._seen: list[Seen] = []
        self._seen_rounds = 0
        self._new: list[Seen] = []
        """Those seen that repeat no other, of the rung of the last one."""
        self._ended: set[int] = set()
        """Runs that have their end in the store already."""
        self._failed = 0
        self._cpu_s = 0.0
        self._started = time.monotonic()
        self._before_s = 0.0
        self._payoff = None if strategy.budget.least_gain_per_kg is None else Payoff(problem)
        self._learned = problem.learned_limits()
        self._load()

    @property
    def proposals(self) -> Sequence[Proposal]:
        """Every run that was proposed, in the order of their numbers."""
        return self._proposals

    def untrained(self) -> list[int]:
        """Numbers of the runs that were proposed and have no trace yet."""
        return [number for number in range(len(self._proposals)) if number not in self._traces]

    def all_told(self) -> bool:
        """Whether every run that was proposed is told."""
        return len(self._seen) == len(self._proposals)

    def due(self) -> bool:
        """Whether the next proposal is to be made now: a question of the results told, never of timing.

        The runs up to `lag` places back must be told; and while those still running may use up all the rounds that
        are left, it waits for more of them, because most are stopped long before. A rung of a ladder begins when all
        of the one below is told.
        """
        told, next_run = len(self._seen), len(self._proposals)
        if told < max(next_run - self._strategy.lag + 1, self._rungs.first(next_run)):
            return False
        left = self._rounds_left()
        return told == next_run or left is None or left > 0

    def ended(self) -> str:
        """The bound of the budget that is reached, by name; empty while there is something left."""
        return self._strategy.budget.ended(self._spent())

    def propose(self) -> Proposal | None:
        """Add the next run to the study; None where no plan within the known limits is found."""
        number, told = len(self._proposals), len(self._seen)
        proposal = self._next(number, [self._running(each) for each in range(told, number)])
        if proposal is not None:
            self._store.add(proposal.trial, {**proposal.attributes(), "told": told})
            self._proposals.append(proposal)
        return proposal

    def _next(self, number: int, running: Sequence[Seen]) -> Proposal | None:
        """A plan to be run again, one to be confirmed, or a new one: the search for these does not look at repeats."""
        first, oracle = self._rungs.first(number), self._rungs.oracle(number)
        mine, rounds_left = self._seen[first:], None
        if first == self._rungs.predicted:  # what only predicts spends no budget of runs and rounds
            budget, spent = self._strategy.budget, self._spent()
            pending = sum(each.plan.rounds for each in running)
            again, kept = self._repeats.next(mine, running, budget.left(spent, pending), budget.whole(spent))
            if again is not None:
                old = first + again.number
                return Proposal(self._proposals[old].trial, again.plan, again.seed, repeats=old, oracle=oracle)
            rounds_left = self._rounds_left()
            rounds_left = None if rounds_left is None else rounds_left - kept
        told = self._new if mine else []
        open_ = [each for each in running if each.repeats is None]
        below = self._seen[self._rungs.below(number)]
        wanted = None if self._confirmation is None else self._confirmation.next(below, told, open_)
        if wanted is None:
            made = self._proposer.next(number, told, open_, rounds_left)
        else:
            made = self._proposer.of(number, below[wanted.number].trial, wanted.needed, told, rounds_left)
        return None if made is None else replace(made, oracle=oracle)

    def _running(self, number: int) -> Seen:
        proposal, nothing = self._proposals[number], np.empty((0, 0))
        return Seen(proposal.trial, None, nothing, plan=proposal.plan, seed=proposal.seed, repeats=proposal.repeats)

    def store(
        self, number: int, trace: Trace, cpu_s: float, attributes: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Keep what came of run `number`, the CPU seconds that it took, and what else is known: before it is told."""
        trace = finite_part(self._problem, self._proposals[number].plan, trace)
        elapsed_s = round(self._elapsed_s(), 3)  # so that a budget of minutes holds over restarts
        self._store.record(number, trace, cpu_s, {**attributes, "elapsed_s": elapsed_s})
        self._keep(number, trace, cpu_s)

    def catch_up(self) -> None:
        """Take up what other drivers of the same study have proposed and finished."""
        trials = self._store.trials()
        self._proposals += [Proposal.of(trial) for trial in trials[len(self._proposals) :]]
        for number in self.untrained():
            trace = stored_trace(trials[number])
            if trace is not None:
                self._take(number, trials[number], trace)

    def tell_next(self) -> bool:
        """Tell the run whose turn it is; False where its trace is not there yet."""
        number = len(self._seen)
        if number not in self._traces:
            return False
        self._tell(number)
        return True

    def progress(self, ended: str = "") -> Progress:
        """Where the search stands, and why it ended."""
        first, seen = self._rungs.predicted, len(self._seen)
        runs, predicted = max(0, seen - first), min(first, seen)
        latest = self._seen[-1].allowed() if runs else np.empty((0, 0))
        return Progress(runs, self._failed, self._rounds, self._cpu_s, ended, latest=latest, predicted=predicted)

    def _spent(self) -> Spent:
        runs = max(0, len(self._proposals) - self._rungs.predicted)
        kg = self._cpu_s * self._strategy.kg_per_cpu_s
        payoff = None if self._payoff is None else self._payoff.per_kg
        return Spent(runs, self._seen_rounds, self._elapsed_s() / 60, kg, payoff)

    def _elapsed_s(self) -> float:
        """Seconds that the search has taken, earlier sessions included."""
        return self._before_s + time.monotonic() - self._started

    def _rounds_left(self) -> int | None:
        """Rounds of the budget that neither a run told has used nor one that still runs may use."""
        if self._strategy.budget.rounds is None:
            return None
        open_ = self._proposals[max(self._rungs.predicted, len(self._seen)) :]
        return self._strategy.budget.rounds - self._seen_rounds - sum(each.plan.rounds for each in open_)

    def _tell(self, number: int) -> None:
        """End run `number` in the study, and show it to the next proposals."""
        self._show(number, *self._looks([number]))

    def _show(self, number: int, seen: Seen) -> None:
        if number not in self._ended:
            values = None if seen.values is None else [float(value) for value in seen.values[-1]]
            # To Optuna a prediction is a run that was cut short: it is none of its best trials.
            stopped = number < self._rungs.predicted or self._traces[number].status == "stopped"
            self._store.tell(number, values, stopped=stopped)
        self._seen.append(seen)
        if number == self._rungs.first(number):
            self._new = []  # a rung of its own
        if seen.repeats is None:
            self._new.append(seen)
        if number >= self._rungs.predicted:
            self._count(number, seen)
        self._report(self.progress())

    def _count(self, number: int, seen: Seen) -> None:
        """Take a run into the sums; predictions are in none."""
        self._seen_rounds += len(self._traces[number])
        if self._payoff is not None and seen.repeats is None:
            cpu_s = self._store.trials()[number].user_attrs.get("cpu_s", 0.0)
            self._payoff.add(seen.allowed(), cpu_s * self._strategy.kg_per_cpu_s)
        self._failed += seen.failed

    def _looks(self, numbers: Sequence[int]) -> Iterator[Seen]:
        """Runs as the next proposals see them; many are priced in one go."""
        done = [number for number in numbers if self._traces[number].status != "failed"]
        runs = self._problem.runs([self._proposals[n].plan for n in done], [self._traces[n] for n in done])
        of_number = dict(zip(done, runs, strict=True))
        for number in numbers:
            yield self._look(self._proposals[number], of_number.get(number))

    def _look(self, proposal: Proposal, run: Run | None) -> Seen:
        told: dict[str, Any] = {"plan": proposal.plan, "seed": proposal.seed, "repeats": proposal.repeats}
        if run is None:
            return Seen(proposal.trial, None, np.empty((0, 0)), failed=True, **told)
        values = np.column_stack([objective.along(run) for objective in self._problem.objectives])
        broken = [limit.violation(limit.objective.along(run)) for limit in self._learned]
        table = np.column_stack(broken) if broken else np.empty((len(values), 0))
        return Seen(proposal.trial, values, table, whole=proposal.plan.horizon_dependent, run=run, **told)

    def _take(self, number: int, trial: FrozenTrial, trace: Trace) -> None:
        """Keep what the store has of a run."""
        self._keep(number, trace, trial.user_attrs.get("cpu_s", 0.0))
        if trial.state.is_finished():
            self._ended.add(number)

    def _keep(self, number: int, trace: Trace, cpu_s: float) -> None:
        if number >= self._rungs.predicted:
            self._rounds += len(trace) - len(self._traces.get(number, ()))
        self._traces[number] = trace
        self._cpu_s += cpu_s

    def _load(self) -> None:
        """Take up the runs that the journal holds: told ones first, then those with a trace, then the rest."""
        trials = self._store.trials()  # to which another driver may add before the traces are read
        for number, (trial, trace) in enumerate(zip(trials, self._store.traces(), strict=False)):
            self._proposals.append(Proposal.of(trial))
            if trace is not None:
                self._take(number, trial, trace)
                self._before_s = max(self._before_s, trial.user_attrs.get("elapsed_s", 0.0))
        # As many as were told when the last run was proposed: the rest is told when it is due.
        told = max(0, len(trials) - self._strategy.lag)
        known = range(trials[-1].user_attrs.get("told", told) if trials else 0)
        for number, seen in zip(known, self._looks(known), strict=True):
            self._show(number, seen)
