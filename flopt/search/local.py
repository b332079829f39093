"""Local workers: processes of this machine that train one run at a time and never write to the study."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context

import psutil

from flopt.search.execution import forget_oracle

__all__ = ["executor", "stop"]

_WATCH_EVERY_S = 0.5


def executor(workers: int, oracle: str = "simulated") -> Executor:
    """Something to submit `train` to: this process for one worker, a process for each of several."""
    if workers == 1:
        forget_oracle()  # this process may have searched before, with files that have changed since
        return _Here()
    context = get_context("forkserver")
    # Loaded once, before the workers are forked; torch only where flopt knows that it is needed.
    context.set_forkserver_preload(["flopt.oracles.simulated" if oracle == "simulated" else "flopt.search.execution"])
    me = psutil.Process()
    return ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(me.pid, me.create_time())
    )


def stop(pool: Executor) -> None:
    """End a pool's workers in the middle of their runs."""
    # Python 3.14 has `terminate_workers`; before, the processes are reached only through this attribute.
    for worker in (getattr(pool, "_processes", None) or {}).values():
        worker.terminate()


class _Here(Executor):
    """Runs every task at once, in this process."""

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]  # the signature is Executor's
        future: Future[object] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # handed to whoever asks the future, as an executor does
            future.set_exception(error)
        return future


def _start_worker(driver: int, born: float) -> None:
    """Leave Ctrl-C to the driver, and die with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(driver, born), daemon=True).start()


def _watch(driver: int, born: float) -> None:
    # A worker's parent is the fork server, which outlives a killed driver: so the driver itself is watched.
    while _alive(driver, born):
        time.sleep(_WATCH_EVERY_S)
    os._exit(3)


def _alive(process: int, born: float) -> bool:
    try:
        found = psutil.Process(process)
        return bool(found.create_time() == born and found.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
