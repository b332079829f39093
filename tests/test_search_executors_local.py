"""Local workers: a process for each, and a lost one costs its own task only."""

from __future__ import annotations

import math
import os
import time
from concurrent.futures import wait
from pathlib import Path

import psutil
import pytest
from test_execution import HEADER, job

from flopt.search.executors.execution import Outcome, train
from flopt.search.executors.local import Here, LocalPool, preload
from flopt.search.executors.slot import WorkerLostError

LIGHT = preload("analytic")


def test_here_is_this_process_one_task_at_a_time() -> None:
    pool = Here()
    first, second = pool.submit(os.getpid), pool.submit(math.sqrt, -1)
    assert not first.done()
    pool.work()
    assert (first.result(), second.done()) == (os.getpid(), False)
    pool.work()
    assert isinstance(second.exception(), ValueError)


def test_a_file_that_has_changed_since_the_last_search_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    for accuracy in (0.25, 0.375):
        body = f"def rounds(plan, participation, seed):\n    yield good({accuracy})"
        file.write_text(HEADER + body, encoding="utf-8")
        pool = Here()
        future = pool.submit(train, job(str(file)))
        pool.work()
        assert future.result().trace.accuracy.tolist() == [accuracy]


def test_workers_are_other_processes_that_give_the_same_and_end_with_the_pool() -> None:
    with LocalPool(2, LIGHT) as pool:
        worker = psutil.Process(pool.submit(os.getpid).result())
        assert worker.pid != os.getpid()
        theirs: Outcome = pool.submit(train, job("analytic")).result()
        assert theirs.where.endswith(f":{worker.pid}")
    assert theirs.trace.to_json() == train(job("analytic")).trace.to_json()
    assert not psutil.wait_procs([worker], timeout=30)[1]


def test_a_lost_worker_costs_its_own_task_only() -> None:
    with LocalPool(2, LIGHT) as pool:
        futures = [pool.submit(os._exit, 9) if n % 3 == 0 else pool.submit(math.sqrt, n) for n in range(9)]
        for n, future in enumerate(futures):
            if n % 3 == 0:
                assert isinstance(future.exception(), WorkerLostError)
            else:
                assert future.result() == math.sqrt(n)


def test_stopping_ends_a_worker_in_the_middle_of_its_task() -> None:
    pool = LocalPool(2, LIGHT)
    worker = psutil.Process(pool.submit(os.getpid).result())
    busy = pool.submit(time.sleep, 600)
    pool.stop()
    assert wait([busy], timeout=30).done
    assert isinstance(busy.exception(), WorkerLostError)
    pool.shutdown()
    assert not psutil.wait_procs([worker], timeout=30)[1]


def test_arguments_go_by_place() -> None:
    with LocalPool(1, LIGHT) as pool, pytest.raises(TypeError, match="by place only"):
        pool.submit(int, "10", base=2)


def test_torch_is_shared_only_where_it_is_needed() -> None:
    assert (preload("simulated"), preload("analytic")) == (
        "flopt.oracles.simulated",
        "flopt.search.executors.execution",
    )
    assert preload("flower") == "flopt.flower.preloaded"
