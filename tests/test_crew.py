"""The crew: every job that was handed out comes back once, under its own number."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any
from unittest.mock import patch

from test_execution import job

from flopt.search.crew import Crew
from flopt.search.execution import train
from flopt.search.local import executor


def test_every_run_comes_back_once() -> None:
    crew = Crew(executor(2))
    for number in range(5):
        crew.submit(number, job("analytic", seed=number))
    found: dict[int, dict[str, Any]] = {}
    while len(found) < 5:
        for number, outcome in crew.finished():
            assert number not in found
            found[number] = outcome.trace.to_json()
    crew.close()
    assert found == {number: train(job("analytic", seed=number)).trace.to_json() for number in range(5)}


def test_what_is_drained_is_kept() -> None:
    crew = Crew(executor(1))
    crew.submit(7, job("analytic"))
    assert [number for number, _ in crew.drain()] == [7]
    crew.close()


def test_ctrl_c_that_also_ends_a_starting_worker_is_still_an_interruption() -> None:
    pool = executor(1)
    crew = Crew(pool)
    broken: Future[Any] = Future()
    broken.set_running_or_notify_cancel()
    broken.set_exception(BrokenProcessPool())
    with patch.object(pool, "submit", return_value=broken):  # there is no way to hit this moment on purpose
        crew.submit(0, job("analytic"))
    assert not list(crew.drain())
