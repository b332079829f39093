"""A slot: what a task does to its worker is told in words, and the next task has a new one."""

from __future__ import annotations

import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from flopt.errors import FloptError
from flopt.search.executors.slot import Limits, Slot, WorkerLostError

LIGHT = "flopt.errors"


def eat(megabytes: int) -> None:
    """Take memory for good, and use it."""
    kept = [bytearray(os.urandom(1)) * 1_000_000 for _ in range(megabytes)]
    time.sleep(600)
    del kept


def begin_another() -> int:
    """Start a process that nobody waits for."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid


@pytest.fixture
def slot() -> Iterator[Slot]:
    slot = Slot(LIGHT)
    yield slot
    slot.kill()


def lost(slot: Slot, function: Callable[..., Any], *arguments: Any) -> WorkerLostError:
    with pytest.raises(WorkerLostError) as caught:
        slot.call(function, arguments)
    return caught.value


def test_one_worker_does_all_tasks_and_errors_come_back(slot: Slot) -> None:
    assert slot.call(os.getpid, ()) == slot.call(os.getpid, ()) != os.getpid()
    with pytest.raises(ValueError, match="math domain error"):
        slot.call(math.sqrt, (-1,))


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        (os._exit, (9,), "its worker process ended with exit code 9"),
        (os._exit, (0,), "its worker process ended with exit code 0"),
        (signal.raise_signal, (signal.SIGKILL,), "its worker process was ended by SIGKILL (out of memory?)"),
        (signal.raise_signal, (signal.SIGTERM,), "its worker process was ended by SIGTERM"),
    ],
)
def test_a_worker_that_ends_is_told_and_replaced(
    slot: Slot, function: Callable[..., Any], arguments: tuple[Any, ...], reason: str
) -> None:
    before = slot.call(os.getpid, ())
    found = lost(slot, function, *arguments)
    assert (found.reason, found.again) == (reason, True)
    assert found.where.endswith(f":{before}")
    assert slot.call(math.sqrt, (4,)) == 2.0
    assert slot.call(os.getpid, ()) != before


def test_a_task_that_hangs_is_ended_with_what_it_took() -> None:
    slot = Slot(LIGHT, Limits(minutes=0.01))
    found = lost(slot, sum, range(10**15))
    assert (found.reason, found.again) == ("it took longer than run.minutes = 0.01", False)
    assert found.cpu_s > 0
    assert slot.call(math.sqrt, (4,)) == 2.0
    slot.kill()


@pytest.mark.parametrize("gb", [0.3, pytest.param(4.0, marks=pytest.mark.slow)])
def test_a_task_that_eats_memory_is_ended(gb: float) -> None:
    slot = Slot(LIGHT, Limits(memory_gb=gb))
    found = lost(slot, eat, round(1000 * gb) + 200)
    assert (found.reason, found.again) == (f"it took more memory than run.memory_gb = {gb:g}", False)
    slot.kill()


def test_what_a_task_has_started_ends_with_its_worker(slot: Slot) -> None:
    started = psutil.Process(slot.call(begin_another, ()))
    slot.kill()
    assert not psutil.wait_procs([started], timeout=30)[1]


def test_a_slot_that_is_killed_in_the_middle_takes_no_more_tasks(slot: Slot) -> None:
    slot.call(os.getpid, ())
    threading.Timer(0.2, slot.kill).start()
    assert lost(slot, time.sleep, 600).reason == "its worker process was ended by SIGKILL (out of memory?)"
    assert lost(slot, math.sqrt, 4).reason == "the search was stopped"


def test_a_task_that_nobody_wants_any_more_is_ended(slot: Slot) -> None:
    answers = iter([False, True])
    with pytest.raises(WorkerLostError, match="the search was stopped") as lost:
        slot.call(time.sleep, (600,), lambda: next(answers))
    assert not lost.value.again
    assert slot.call(math.sqrt, (4,), lambda: False) == 2.0


def test_a_lost_worker_travels() -> None:
    again = pickle.loads(pickle.dumps(WorkerLostError("gone", 1.5, "host:7", again=False)))
    assert (again.reason, again.cpu_s, again.where, again.again) == ("gone", 1.5, "host:7", False)


@pytest.mark.parametrize("limits", [{"minutes": 0}, {"memory_gb": -1}, {"minutes": math.nan}])
def test_a_limit_of_nothing_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(FloptError, match=r"run\.(minutes|memory_gb) = .*: must be above 0"):
        Limits(**limits)


def test_a_script_without_a_guard_is_told(tmp_path: Any) -> None:
    script = tmp_path / "mine.py"
    script.write_text(
        "from flopt.search.executors.slot import Slot\nSlot('flopt.errors').call(print, ())\n", encoding="utf-8"
    )
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert 'must stand behind `if __name__ == "__main__":`' in done.stderr
