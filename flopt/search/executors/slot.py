"""A slot: one worker process seen from its owner, which watches it, bounds it, and replaces it when it is lost."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Any

import psutil

from flopt.errors import FloptError
from flopt.search.executors.worker import READY, serve

__all__ = ["NO_LIMITS", "Limits", "Slot", "WorkerLostError"]

LOOK_EVERY_S = 0.1
"""How often a worker's time, memory and CPU seconds are looked at."""
START_WITHIN_S = 300.0
IDLE_S = 600.0
"""A worker that has had nothing to do for so long ends by itself."""
BYTES_PER_GB = 1e9

_STOPPED = "the search was stopped"

# How a process has ended can be read only once, and whoever starts another one looks at all that there are.
_PROCESSES = threading.RLock()


@dataclass(frozen=True)
class Limits:
    """What one run may take; None is no bound."""

    minutes: float | None = None
    """Wall-clock minutes."""
    memory_gb: float | None = None
    """Resident memory of the worker in GB (1e9 bytes), the libraries it has loaded included."""

    def __post_init__(self) -> None:
        for name in ("minutes", "memory_gb"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise FloptError(f"run.{name} = {value:g}: must be above 0")


NO_LIMITS = Limits()


class WorkerLostError(Exception):
    """A task has no result because its worker was lost, or had to be ended."""

    def __init__(self, reason: str, cpu_s: float = 0.0, where: str = "", *, again: bool = True) -> None:
        super().__init__(reason, cpu_s, where, again)
        self.reason = reason
        self.cpu_s = cpu_s
        """CPU seconds that the attempt took, as far as they were seen."""
        self.where = where
        self.again = again
        """Whether another attempt may go better: a limit that is reached once is reached again."""

    def __reduce__(self) -> tuple[Callable[..., WorkerLostError], tuple[str, float, str, bool]]:
        return _lost, (self.reason, self.cpu_s, self.where, self.again)


def _lost(reason: str, cpu_s: float, where: str, again: bool) -> WorkerLostError:
    return WorkerLostError(reason, cpu_s, where, again=again)


class Slot:
    """Room for one worker process, started when the first task comes, and anew after it was lost."""

    def __init__(self, preload: str, limits: Limits = NO_LIMITS) -> None:
        self._preload = preload
        self._limits = limits
        self._process: ForkServerProcess | None = None
        self._tasks: Connection | None = None
        self._used = 0.0
        self._closed = False

    def call(
        self, function: Callable[..., Any], arguments: Sequence[Any], unwanted: Callable[[], bool] = lambda: False
    ) -> Any:
        """Have the worker do a task; raises what the task raised, or `WorkerLostError`, also once it is `unwanted`."""
        process, tasks = self._ready()
        try:
            with suppress(OSError):  # it has just been lost, which is told below
                tasks.send((function, arguments))
            result, error = self._answer(process, tasks, unwanted)
        finally:
            self._used = time.monotonic()
        if error is not None:
            raise error
        return result

    def kill(self) -> None:
        """Kill the worker in the middle of its task, from another thread; the slot takes no task any more."""
        self._closed = True
        if self._process is not None:
            _kill(self._process)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _kill(process)
            with _PROCESSES:
                process.join()
        if self._tasks is not None:
            self._tasks.close()

    def _ready(self) -> tuple[ForkServerProcess, Connection]:
        """The worker, started anew if need be."""
        with _PROCESSES:
            alive = self._process is not None and self._process.is_alive()
        if not alive or time.monotonic() - self._used > IDLE_S / 2:  # it might end by itself just now
            self._end()
            self._process, self._tasks = self._start()
            self._used = time.monotonic()
        if self._closed:  # perhaps since a moment ago
            self._end()
            raise WorkerLostError(_STOPPED, again=False)
        assert self._process is not None
        assert self._tasks is not None
        return self._process, self._tasks

    def _start(self) -> tuple[ForkServerProcess, Connection]:
        context = get_context("forkserver")
        # Loaded once, before the workers are forked.
        context.set_forkserver_preload([self._preload])
        if current_process().daemon:  # such as a Dask worker: only then may it have processes of its own
            current_process().daemon = False
        ours, theirs = context.Pipe()
        me = psutil.Process()
        process = context.Process(target=serve, args=(theirs, me.pid, me.create_time(), IDLE_S), daemon=True)
        with _PROCESSES:
            process.start()
        theirs.close()
        if ours.poll(START_WITHIN_S) and _receive(ours) == READY:
            return process, ours
        reason = _ending(process)
        process.kill()
        raise FloptError(
            f"a worker process did not start: it {reason}; in a script of yours, flopt.tune must stand behind "
            '`if __name__ == "__main__":`'
        )

    def _answer(
        self, process: ForkServerProcess, tasks: Connection, unwanted: Callable[[], bool]
    ) -> tuple[Any, Exception | None]:
        """What the worker answers; it is ended where it takes more than it may."""
        began, spent = time.monotonic(), _Spent(process.pid or 0)
        where = f"{socket.gethostname()}:{process.pid}"
        while not wait([tasks, process.sentinel], timeout=LOOK_EVERY_S):
            spent.look()
            reason = _STOPPED if unwanted() else self._beyond(time.monotonic() - began, spent.rss_bytes)
            if reason:
                self._end()
                raise WorkerLostError(reason, spent.cpu_s, where, again=False)
        answer = _receive(tasks)
        if isinstance(answer, tuple) and len(answer) == 2:
            return answer
        reason = _ending(process)
        self._end()
        raise WorkerLostError(f"its worker process {reason}", spent.cpu_s, where)

    def _beyond(self, seconds: float, rss_bytes: int) -> str:
        """Why a task must end, if it must."""
        minutes, memory_gb = self._limits.minutes, self._limits.memory_gb
        if minutes is not None and seconds > 60 * minutes:
            return f"it took longer than run.minutes = {minutes:g}"
        if memory_gb is not None and rss_bytes > memory_gb * BYTES_PER_GB:
            return f"it took more memory than run.memory_gb = {memory_gb:g}"
        return ""


class _Spent:
    """What a task has taken of its worker so far."""

    def __init__(self, pid: int) -> None:
        self.cpu_s = 0.0
        self.rss_bytes = 0
        self._before_s = 0.0
        with suppress(psutil.Error):
            self._process = psutil.Process(pid)
            self._before_s = self._cpu_s()

    def look(self) -> None:
        with suppress(psutil.Error, AttributeError):  # it has just gone
            self.cpu_s = self._cpu_s() - self._before_s
            self.rss_bytes = self._process.memory_info().rss

    def _cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def _kill(process: ForkServerProcess) -> None:
    """Kill a worker and what it has started."""
    if process.pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()  # one that is just starting leads no group yet


def _receive(tasks: Connection) -> Any:
    """What has come from a worker; None where it is gone, or has written something else into its pipe."""
    try:
        return tasks.recv() if tasks.poll() else None
    except (EOFError, OSError, pickle.UnpicklingError, AttributeError, ImportError, IndexError, ValueError, TypeError):
        return None


def _ending(process: ForkServerProcess) -> str:
    """How a worker ended, in words."""
    with _PROCESSES:
        process.join(timeout=1.0)
        code = process.exitcode
    if code is None:
        return "gave no answer"
    if code >= 0:
        return f"ended with exit code {code}"
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"was ended by {signal.Signals(-code).name}{hint}"
