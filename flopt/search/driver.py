"""The driver: hands the runs that its books propose to workers, until the budget is spent."""

from __future__ import annotations

from flopt.search.books import Books, Progress, Report
from flopt.search.budget import NO_PLAN
from flopt.search.executors.checkpoints import Checkpoint, Checkpoints
from flopt.search.executors.crew import Crew, crew_of
from flopt.search.executors.execution import Job, Outcome
from flopt.search.problem import Problem
from flopt.search.proposer import Proposal
from flopt.search.stores.storage import Journal
from flopt.search.strategy import Strategy

__all__ = ["Driver", "job_of"]


def job_of(problem: Problem, proposal: Proposal, checkpoint: Checkpoint) -> Job:
    """What a worker is told of a proposal; who takes part follows from its plan and seed."""
    participation = problem.participation(proposal.plan, proposal.seed)
    plan, seed, policy = proposal.plan, proposal.seed, proposal.policy
    return Job(
        proposal.oracle or problem.oracle, problem.source, problem.task, plan, participation, seed, policy, checkpoint
    )


class Driver:
    """One search on one journal, whose outcome depends on the seed alone."""

    def __init__(self, problem: Problem, strategy: Strategy, journal: Journal, report: Report | None = None) -> None:
        self.problem = problem
        self.strategy = strategy
        self._checkpoints = Checkpoints(journal.folder, strategy.engine.checkpoint_s)
        self._books = Books(problem, strategy, journal, report)

    def run(self) -> Progress:
        """Search until the budget is spent; Ctrl-C finishes the runs in progress, a second one stops at once."""
        with crew_of(self.problem, self.strategy) as crew:
            return self._books.progress(self._search(crew))

    def _search(self, crew: Crew) -> str:
        """Go on until there is a reason to end, and give it."""
        ended = ""
        try:
            for number in self._books.untrained():
                self._submit(crew, number)
            while not ended or not self._books.all_told():
                ended = self._step(crew, ended)
        except KeyboardInterrupt:
            ended = "interrupted"
            for number, outcome in crew.drain():
                self._store(number, outcome)
        return ended

    def _step(self, crew: Crew, ended: str) -> str:
        """Do the one thing that is due: propose, or tell, or wait. Returns why the search ends, if it does."""
        if not ended and self._books.due():
            return self._books.ended() or self._propose(crew)
        if not self._books.tell_next():
            for number, outcome in crew.finished():
                self._store(number, outcome)
        return ended

    def _propose(self, crew: Crew) -> str:
        """Hand out the next run; returns why none can be."""
        if self._books.propose() is None:
            return NO_PLAN
        self._submit(crew, len(self._books.proposals) - 1)
        return ""

    def _submit(self, crew: Crew, number: int) -> None:
        crew.submit(number, job_of(self.problem, self._books.proposals[number], self._checkpoints.of(number)))

    def _store(self, number: int, outcome: Outcome) -> None:
        self._books.store(number, outcome.trace, outcome.cpu_s, outcome.attributes())
        self._checkpoints.drop(number)
