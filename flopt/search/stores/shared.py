"""One of several drivers of a study: trains what is due or abandoned while the others do the same."""

from __future__ import annotations

from flopt.search.books import Books, Progress, Report
from flopt.search.budget import NO_PLAN
from flopt.search.driver import job_of
from flopt.search.executors.checkpoints import Checkpoints
from flopt.search.executors.crew import Crew, crew_of
from flopt.search.problem import Problem
from flopt.search.stores.postgres import Postgres
from flopt.search.strategy import Strategy

__all__ = ["SharedDriver"]

LOOK_EVERY_S = 0.5
"""How often a driver looks at what the others have done, while it waits."""


class SharedDriver:
    """A driver beside others: it takes a run when one of its workers is free, so that all have work."""

    def __init__(self, problem: Problem, strategy: Strategy, store: Postgres, report: Report | None = None) -> None:
        self.problem = problem
        self.strategy = strategy
        self._store = store
        self._checkpoints = Checkpoints(store.folder, strategy.engine.checkpoint_s)
        self._books = Books(problem, strategy, store, report)
        self._training: set[int] = set()

    def run(self) -> Progress:
        """Search until the budget of all drivers is spent and every run is told; Ctrl-C ends this driver only."""
        with crew_of(self.problem, self.strategy) as crew:
            return self._books.progress(self._search(crew))

    def _search(self, crew: Crew) -> str:
        ended = ""
        try:
            while not ended or not self._books.all_told():
                ended = self._take(crew) or ended
                if self._training:
                    for number, outcome in crew.finished(LOOK_EVERY_S):
                        self._books.store(number, outcome.trace, outcome.cpu_s, outcome.attributes())
                        self._checkpoints.drop(number)
                        self._training.discard(number)
                else:
                    crew.rest(LOOK_EVERY_S)
                self._catch_up()
        except KeyboardInterrupt:
            ended = "interrupted"
            for number, outcome in crew.drain():
                self._books.store(number, outcome.trace, outcome.cpu_s, outcome.attributes())
        return ended

    def _take(self, crew: Crew) -> str:
        """Give every free worker a run: an abandoned one, or the next; returns why there is none any more."""
        if len(self._training) >= self.strategy.workers:
            return ""
        with self._store.alone():
            self._catch_up()
            for number in self._store.abandoned()[: self.strategy.workers - len(self._training)]:
                self._store.claim(number)
                self._submit(crew, number)
            while len(self._training) < self.strategy.workers and self._books.due():
                if ended := self._books.ended():
                    return ended
                if self._books.propose() is None:
                    return NO_PLAN
                self._submit(crew, len(self._books.proposals) - 1)
        return ""

    def _catch_up(self) -> None:
        """Learn what the others have done, and tell what can be told."""
        self._books.catch_up()
        while self._books.tell_next():
            pass

    def _submit(self, crew: Crew, number: int) -> None:
        crew.submit(number, job_of(self.problem, self._books.proposals[number], self._checkpoints.of(number)))
        self._training.add(number)
