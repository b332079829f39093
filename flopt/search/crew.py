"""The crew of a search: hands jobs to an executor, and gives back what came of each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool

from flopt.search.execution import Job, Outcome, train
from flopt.search.local import stop

__all__ = ["Crew"]


class Crew:
    """Workers behind any `concurrent.futures.Executor`; runs are known by their numbers."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._pending: dict[Future[Outcome], int] = {}

    def submit(self, number: int, job: Job) -> None:
        """Have run `number` trained."""
        self._pending[self._pool.submit(train, job)] = number

    def finished(self) -> Iterator[tuple[int, Outcome]]:
        """Wait until a run is done, and give those that are."""
        for future in wait(self._pending, return_when=FIRST_COMPLETED).done:
            yield self._pending.pop(future), future.result()

    def drain(self) -> Iterator[tuple[int, Outcome]]:
        """Cancel what has not begun, and keep what is being trained; stop it too at a second Ctrl-C."""
        running = {future: number for future, number in self._pending.items() if not future.cancel()}
        try:
            for future, number in running.items():
                yield number, future.result()
        except (KeyboardInterrupt, BrokenProcessPool):  # a Ctrl-C may also end a worker that is just starting
            stop(self._pool)

    def close(self) -> None:
        """End the workers."""
        self._pool.shutdown(cancel_futures=True)
