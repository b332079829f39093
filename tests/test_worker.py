"""A worker: it answers whatever a task does, leaves Ctrl-C to its owner, and dies with it."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

import psutil
import pytest

from flopt.search.executors import worker
from flopt.search.executors.worker import READY, is_alive, serve


@pytest.fixture
def tasks() -> Iterator[Connection]:
    """The pipe of a worker of this process, which has nothing to do for at most 20 seconds."""
    context, me = get_context("forkserver"), psutil.Process()
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, me.pid, me.create_time(), 20.0))
    process.start()
    theirs.close()
    yield ours
    ours.close()
    process.join(30)
    assert process.exitcode == 0, "it ends when nobody can give it tasks any more"


def interrupt() -> None:
    raise KeyboardInterrupt("mine")


def test_it_does_one_task_after_the_other(tasks: Connection) -> None:
    def done(function: object, *arguments: object) -> tuple[object, Exception | None]:
        tasks.send((function, arguments))
        answer: tuple[object, Exception | None] = tasks.recv()
        return answer

    assert tasks.recv() == READY
    assert done(math.sqrt, 4) == (2.0, None)
    assert isinstance(done(math.sqrt, -1)[1], ValueError)
    assert "cannot pickle" in str(done(open, os.devnull)[1])
    assert str(done(interrupt)[1]) == "KeyboardInterrupt: mine"
    assert done(signal.getsignal, signal.SIGINT) == (signal.SIG_IGN, None)
    assert done(os.getpgrp) == done(os.getpid), "it leads a group of its own"


def test_a_process_is_known_by_its_number_and_its_birth() -> None:
    me = psutil.Process()
    assert is_alive(me.pid, me.create_time())
    assert not is_alive(me.pid, me.create_time() - 100)  # another process had the number before
    assert not is_alive(2**22 + 1, 0.0)


def test_a_killed_process_is_dead_before_its_parent_has_noticed() -> None:
    child = psutil.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    born = child.create_time()
    assert is_alive(child.pid, born)
    child.kill()
    deadline = time.monotonic() + 30
    while is_alive(child.pid, born):
        assert time.monotonic() < deadline
    child.communicate()


def test_a_worker_whose_owner_is_gone_ends_with_all_that_it_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = []
    monkeypatch.setattr(os, "killpg", lambda group, number: killed.append((group, number)))
    worker._watch(2**22 + 1, 0.0)
    assert killed == [(os.getpgrp(), signal.SIGKILL)]
