"""Local workers: no worker outlives its driver or heeds Ctrl-C."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
from test_execution import HEADER, job

from flopt.search import local
from flopt.search.execution import Outcome, train
from flopt.search.local import executor, stop


def test_one_worker_is_this_process() -> None:
    with executor(1) as pool:
        assert pool.submit(os.getpid).result() == os.getpid()
        assert isinstance(pool.submit(math.sqrt, -1).exception(), ValueError)
        trained: Outcome = pool.submit(train, job("analytic")).result()
        assert len(trained.trace) == 4


def test_a_file_that_has_changed_since_the_last_search_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    for accuracy in (0.25, 0.375):
        body = f"def rounds(plan, participation, seed):\n    yield good({accuracy})"
        file.write_text(HEADER + body, encoding="utf-8")
        with executor(1) as pool:
            assert pool.submit(train, job(str(file))).result().trace.accuracy.tolist() == [accuracy]


def test_several_workers_are_other_processes_that_give_the_same_and_leave_ctrl_c_alone() -> None:
    with executor(2) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()
        assert pool.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN
        theirs: Outcome = pool.submit(train, job("analytic")).result()
    assert theirs.trace.to_json() == train(job("analytic")).trace.to_json()


def test_stopping_a_pool_ends_a_worker_in_the_middle_of_its_run() -> None:
    pool = executor(2)
    worker = psutil.Process(pool.submit(os.getpid).result())
    busy = pool.submit(time.sleep, 600)
    stop(pool)
    assert wait([busy], timeout=30).done
    assert isinstance(busy.exception(), BrokenProcessPool)
    pool.shutdown()
    assert not psutil.wait_procs([worker], timeout=30)[1]


def test_stopping_this_process_as_a_pool_does_nothing() -> None:
    stop(executor(1))


def test_a_process_is_known_by_its_number_and_its_birth() -> None:
    me = psutil.Process()
    assert local._alive(me.pid, me.create_time())
    assert not local._alive(me.pid, me.create_time() - 100)  # another process had the number before
    assert not local._alive(2**22 + 1, 0.0)


def test_a_killed_process_is_dead_before_its_parent_has_noticed() -> None:
    child = psutil.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    born = child.create_time()
    assert local._alive(child.pid, born)
    child.kill()
    deadline = time.monotonic() + 30
    while local._alive(child.pid, born):
        assert time.monotonic() < deadline
    child.communicate()
