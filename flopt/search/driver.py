"""The driver: hands the runs that its books propose to workers, until the budget is spent."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool

from flopt.errors import FloptError
from flopt.search.books import Books, Progress, Report
from flopt.search.crew import Crew
from flopt.search.execution import Job
from flopt.search.local import executor
from flopt.search.problem import Problem
from flopt.search.storage import Journal
from flopt.search.strategy import Strategy

__all__ = ["Driver"]


class Driver:
    """One search on one journal, whose outcome depends on the seed alone."""

    def __init__(self, problem: Problem, strategy: Strategy, journal: Journal, report: Report | None = None) -> None:
        self.problem = problem
        self.strategy = strategy
        self._journal = journal
        self._books = Books(problem, strategy, journal, report)

    def run(self) -> Progress:
        """Search until the budget is spent; Ctrl-C finishes the runs in progress, a second one stops at once."""
        crew = Crew(executor(self.strategy.workers, self.problem.oracle))
        ended = ""
        try:
            for number in self._books.untrained():
                self._submit(crew, number)
            while not ended or not self._books.all_told():
                ended = self._step(crew, ended)
        except KeyboardInterrupt:
            ended = "interrupted"
            for number, outcome in crew.drain():
                self._books.store(number, outcome.trace, outcome.cpu_s)
        except BrokenProcessPool:
            raise FloptError(
                f"{self._journal.folder}: a worker process died (out of memory?); finished runs are kept, "
                "and the same command goes on from there"
            ) from None
        finally:
            crew.close()
        return self._books.progress(ended)

    def _step(self, crew: Crew, ended: str) -> str:
        """Do the one thing that is due: propose, or tell, or wait. Returns why the search ends, if it does."""
        if not ended and self._books.due():
            return self._books.ended() or self._propose(crew)
        if not self._books.tell_next():
            for number, outcome in crew.finished():
                self._books.store(number, outcome.trace, outcome.cpu_s)
        return ended

    def _propose(self, crew: Crew) -> str:
        """Hand out the next run; returns why none can be."""
        if self._books.propose() is None:
            return "no plan within the limits"
        self._submit(crew, len(self._books.proposals) - 1)
        return ""

    def _submit(self, crew: Crew, number: int) -> None:
        problem, proposal = self.problem, self._books.proposals[number]
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
