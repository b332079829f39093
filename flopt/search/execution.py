"""Workers: processes that train one run at a time and never write to the study."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context

import psutil

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.oracle import Oracle
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import Task, TaskSource
from flopt.trace import Round, Trace, record

__all__ = ["Job", "Outcome", "executor", "stop", "train"]

_WATCH_EVERY_S = 0.5


@dataclass(frozen=True)
class Job:
    """One run to train: all that a worker is told."""

    oracle: str
    source: TaskSource
    task: Task
    plan: Plan
    participation: Participation
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What a worker gives back."""

    trace: Trace
    cpu_s: float
    """CPU seconds of the run on this machine, measured."""


def train(job: Job) -> Outcome:
    """Train one run to its end; whatever breaks in it is told in its trace."""
    started = time.process_time()
    fingerprint = job.participation.fingerprint
    trace = record(_rounds(job), seed=job.seed, participation=fingerprint)
    return Outcome(trace, time.process_time() - started)


def _rounds(job: Job) -> Iterator[Round]:
    """The oracle's rounds; one too many is its mistake, and an oracle that never ends is closed there."""
    rounds = None
    try:
        rounds = _oracle(job.oracle, job.source, job.task)(job.plan, job.participation, job.seed)
        for done, each in enumerate(rounds):
            if done == job.plan.rounds:
                raise FloptError(f"the oracle gives more rounds than the plan's {job.plan.rounds}")
            yield each
    except SystemExit as error:  # the user's code may end itself, but not the search
        raise FloptError(f"SystemExit: {error}") from error
    finally:
        close = getattr(rounds, "close", None)
        if close is not None:
            close()


@lru_cache(maxsize=1)
def _oracle(reference: str, source: TaskSource, task: Task) -> Oracle:
    """The oracle of this process: the data is loaded once."""
    return load_oracle(reference, source, task)


def executor(workers: int, oracle: str = "simulated") -> Executor:
    """Something to submit `train` to: this process for one worker, a process for each of several."""
    if workers == 1:
        _oracle.cache_clear()  # this process may have searched before, with files that have changed since
        return _Here()
    context = get_context("forkserver")
    # Loaded once, before the workers are forked; torch only where flopt knows that it is needed.
    context.set_forkserver_preload(["flopt.oracles.simulated" if oracle == "simulated" else __name__])
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
