"""The crew of a search: hands jobs to an executor, and gives back what came of each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace

from flopt.errors import FloptError
from flopt.search.executors.engine import pool_of
from flopt.search.executors.execution import Job, Outcome, train
from flopt.search.executors.interrupts import Interrupts
from flopt.search.executors.local import Here, Pool
from flopt.search.executors.slot import WorkerLostError
from flopt.search.executors.threads import one_thread
from flopt.search.problem import Problem
from flopt.search.strategy import Strategy
from flopt.trace import Trace

__all__ = ["Crew", "crew_of"]


@dataclass(frozen=True)
class _Attempt:
    """A run that is being trained."""

    number: int
    job: Job
    count: int = 1
    wasted_cpu_s: float = 0.0
    """What the attempts before it took."""

    def after(self, lost: WorkerLostError) -> _Attempt:
        """The next one."""
        return replace(self, count=self.count + 1, wasted_cpu_s=self.wasted_cpu_s + lost.cpu_s)


class Crew:
    """Workers behind any `concurrent.futures.Executor`; runs are known by their numbers.

    A run whose worker is lost is trained again, `retries` times at most, whatever the executor: the same job, so the
    same outcome. What a user's model or data raises is the run's own fault, and final.
    """

    def __init__(self, pool: Executor, retries: int, interrupts: Interrupts) -> None:
        self._pool = pool
        self._retries = retries
        self._interrupts = interrupts
        self._pending: dict[Future[Outcome], _Attempt] = {}

    def submit(self, number: int, job: Job) -> None:
        """Have run `number` trained."""
        self._submit(_Attempt(number, job))

    def finished(self, within_s: float | None = None) -> Iterator[tuple[int, Outcome]]:
        """Wait until a run is done, and give those that are; none where a worker was lost and another tries again.

        None either where `within_s` seconds have passed.
        """
        if isinstance(self._pool, Here):
            with self._interrupts.waiting(until=2):
                self._pool.work()
        with self._interrupts.waiting():
            done = wait(self._pending, within_s, FIRST_COMPLETED).done
        gone: FloptError | None = None
        for future in done:
            attempt = self._pending.pop(future)
            try:
                outcome = _outcome(attempt, future)
            except WorkerLostError as lost:
                if lost.again and attempt.count <= self._retries:
                    self._submit(attempt.after(lost))
                    continue
                outcome = _failed(attempt, lost)
            except FloptError as error:  # the executor is gone: first what it has finished
                gone = error
                continue
            yield attempt.number, outcome
        if gone is not None:
            raise gone

    def drain(self) -> Iterator[tuple[int, Outcome]]:
        """Cancel what has not begun, and keep what is being trained; stop it too at a second Ctrl-C."""
        running = {future: attempt for future, attempt in self._pending.items() if not future.cancel()}
        try:
            for future, attempt in running.items():
                with self._interrupts.waiting(until=2):
                    wait([future])
                try:
                    yield attempt.number, _outcome(attempt, future)
                except (WorkerLostError, FloptError):
                    continue  # it is trained again when the search goes on
        except KeyboardInterrupt:
            if isinstance(self._pool, Pool):
                self._pool.stop()

    def rest(self, seconds: float) -> None:
        """Wait while no run is under way."""
        with self._interrupts.waiting():
            time.sleep(seconds)

    def close(self) -> None:
        """End the workers."""
        self._pool.shutdown(cancel_futures=True)

    def _submit(self, attempt: _Attempt) -> None:
        self._pending[self._pool.submit(train, attempt.job)] = attempt


@contextmanager
def crew_of(problem: Problem, strategy: Strategy) -> Iterator[Crew]:
    """The workers of a search, for as long as it goes on; meanwhile its own linear algebra takes one thread."""
    engine = strategy.engine
    with one_thread(), Interrupts() as interrupts:
        pool = pool_of(engine, strategy.workers, problem.oracle, problem.source, problem.cheaper)
        crew = Crew(pool, engine.retries, interrupts)
        try:
            yield crew
        finally:
            crew.close()


def _outcome(attempt: _Attempt, future: Future[Outcome]) -> Outcome:
    """What came of an attempt, with what those before it took."""
    try:
        outcome = future.result()
    except (WorkerLostError, FloptError):
        raise
    except Exception as error:  # such as a job that cannot be sent: the run's own fault
        raise WorkerLostError(f"{type(error).__name__}: {error}", again=False) from None
    if not isinstance(outcome, Outcome):
        raise WorkerLostError(f"its worker gave {type(outcome).__name__}, not the outcome of a run", again=False)
    wasted_cpu_s = attempt.wasted_cpu_s
    return replace(outcome, cpu_s=outcome.cpu_s + wasted_cpu_s, attempts=attempt.count, wasted_cpu_s=wasted_cpu_s)


def _failed(attempt: _Attempt, lost: WorkerLostError) -> Outcome:
    """A run whose workers were lost: it has no rounds, because how far they came is a matter of chance."""
    job = attempt.job
    tried = f" ({attempt.count} attempts)" if attempt.count > 1 else ""
    trace = Trace.of(
        [],
        seed=job.seed,
        participation=job.participation.fingerprint,
        status="failed",
        reason=lost.reason + tried,
    )
    wasted_cpu_s = attempt.wasted_cpu_s + lost.cpu_s
    return Outcome(trace, wasted_cpu_s, lost.where, attempt.count, wasted_cpu_s)
