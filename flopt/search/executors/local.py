"""Local workers: processes of this machine, each of which trains one run at a time and never writes to the study."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from flopt.search.executors.execution import forget_oracle
from flopt.search.executors.slot import NO_LIMITS, Limits, Slot

__all__ = ["Here", "LocalPool", "Pool", "preload"]


class Pool(ThreadPoolExecutor):
    """An executor of which each thread waits for one task that is done elsewhere."""

    def stop(self) -> None:
        """End the tasks in the middle."""
        raise NotImplementedError


class LocalPool(Pool):
    """A process for each of several workers; a lost one costs its own task only, as a `WorkerLostError`."""

    def __init__(self, workers: int, preload: str, limits: Limits = NO_LIMITS) -> None:
        super().__init__(workers)
        self._idle = [Slot(preload, limits) for _ in range(workers)]
        self._slots = tuple(self._idle)
        self._lock = threading.Lock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a worker do `fn(*args)`."""
        if kwargs:
            raise TypeError("arguments by place only")
        return super().submit(self._call, fn, args)

    def stop(self) -> None:
        """Kill the workers in the middle of their tasks."""
        for slot in self._slots:
            slot.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what is being done, and end the workers."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            self.stop()

    def _call(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        with self._lock:
            slot = self._idle.pop()
        try:
            return slot.call(function, arguments)
        finally:
            with self._lock:
                self._idle.append(slot)


class Here(Executor):
    """Does tasks in this process, one after the other, when it is told to."""

    def __init__(self) -> None:
        forget_oracle()  # this process may have searched before, with files that have changed since
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Keep it for `work`."""
        future: Future[Any] = Future()
        self._waiting.append((future, partial(fn, *args, **kwargs)))
        return future

    def work(self) -> None:
        """Do the task that has waited longest; a KeyboardInterrupt in it goes through."""
        future, task = self._waiting.popleft()
        try:
            future.set_result(task())
        except Exception as error:  # handed to whoever asks the future, as an executor does
            future.set_exception(error)


_SHARED = {"simulated": "flopt.oracles.simulated", "flower": "flopt.flower.preloaded"}


def preload(oracle: str) -> str:
    """The module that workers for this oracle share: torch only where flopt knows that it is needed."""
    return _SHARED.get(oracle, "flopt.search.executors.execution")
