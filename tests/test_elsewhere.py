"""Workers elsewhere: whatever the executor, a run is the same, and so is what becomes of a bad one."""

from __future__ import annotations

import math
import os
import time
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from test_execution import job

from flopt.errors import FloptError
from flopt.search.executors import elsewhere
from flopt.search.executors.elsewhere import Elsewhere, Hosted, hosted, versions
from flopt.search.executors.execution import train
from flopt.search.executors.local import preload
from flopt.search.executors.slot import NO_LIMITS, Limits, WorkerLostError

LIGHT = preload("analytic")


class Broken(Executor):
    """Answers as it is told: an exception is raised by the task, or already when it is submitted."""

    def __init__(self, answer: Any, *, at_once: bool = False) -> None:
        self.answer, self.at_once = answer, at_once

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ARG002
        if fn is versions:
            answer: Any = versions()
        elif self.at_once:
            raise self.answer
        else:
            answer = self.answer
        future: Future[Any] = Future()
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future


def test_a_run_is_trained_in_a_process_of_its_own_and_is_the_same() -> None:
    with ThreadPoolExecutor(2) as mine, Elsewhere(mine, 2, LIGHT, ours=False) as pool:
        worker = pool.submit(os.getpid).result()
        assert worker != os.getpid()
        outcome = pool.submit(train, job("analytic")).result()
    assert outcome.trace.to_json() == train(job("analytic")).trace.to_json()


def test_in_a_process_pool_a_lost_worker_costs_its_own_run_only() -> None:
    limits = Limits(minutes=0.01)
    with (
        ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as mine,
        Elsewhere(mine, 1, LIGHT, limits, ours=False) as pool,
    ):
        ended, slow = pool.submit(os._exit, 9).exception(), pool.submit(time.sleep, 600).exception()
        assert pool.submit(math.sqrt, 4).result() == 2.0
    assert isinstance(ended, WorkerLostError)
    assert isinstance(slow, WorkerLostError)
    assert (ended.reason, ended.again) == ("its worker process ended with exit code 9", True)
    assert (slow.reason, slow.again) == ("it took longer than run.minutes = 0.01", False)


def test_a_host_keeps_its_worker_for_the_next_run() -> None:
    first, second = (hosted(os.getpid, (), LIGHT, NO_LIMITS).result for _ in range(2))
    assert first == second != os.getpid()
    lost = hosted(os._exit, (9,), LIGHT, NO_LIMITS).lost
    assert lost is not None
    assert (lost[0], lost[3]) == ("its worker process ended with exit code 9", True)
    assert hosted(math.sqrt, (4,), LIGHT, NO_LIMITS) == Hosted(2.0)


def test_an_engine_that_loses_a_task_loses_a_worker() -> None:
    with Elsewhere(Broken(RuntimeError("node died\nlong story")), 1, LIGHT) as pool:
        error = pool.submit(math.sqrt, 4).exception()
    assert isinstance(error, WorkerLostError)
    assert (error.reason, error.again) == ("RuntimeError: node died", True)


@pytest.mark.parametrize(("answer", "at_once"), [(CancelledError(), False), (RuntimeError("no longer"), True)])
def test_an_engine_that_is_gone_ends_the_search(answer: BaseException, at_once: bool) -> None:
    with Elsewhere(Broken(answer, at_once=at_once), 1, LIGHT) as pool:
        error = pool.submit(math.sqrt, 4).exception()
    assert isinstance(error, FloptError)
    assert "it takes no run any more" in str(error)


def test_workers_with_other_versions_are_refused() -> None:
    class Older(Broken):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ARG002
            future: Future[Any] = Future()
            future.set_result({**versions(), "torch": "1.0"})
            return future

    with pytest.raises(FloptError, match=r"its workers have torch 1\.0, and this process has 2\."):
        Elsewhere(Older(None), 1, LIGHT)


def test_workers_that_cannot_run_flopt_and_none_at_all_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Without(Broken):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ARG002
            future: Future[Any] = Future()
            if self.answer is not None:
                future.set_exception(self.answer)
            return future

    with pytest.raises(FloptError, match=r"its workers cannot run flopt \(ModuleNotFoundError: no flopt\)"):
        Elsewhere(Without(ModuleNotFoundError("no flopt")), 1, LIGHT)
    monkeypatch.setattr(elsewhere, "ANSWER_WITHIN_S", 0.01)
    with pytest.raises(FloptError, match="no worker has answered within"):
        Elsewhere(Without(None), 1, LIGHT)


def test_stopping_waits_for_no_task() -> None:
    class Silent(Broken):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            return super().submit(fn, *args, **kwargs) if fn is versions else Future()

    pool = Elsewhere(Silent(None), 1, LIGHT)
    future = pool.submit(math.sqrt, 4)
    pool.stop()
    assert isinstance(future.exception(timeout=30), WorkerLostError)
    pool.shutdown()
