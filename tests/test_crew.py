"""The crew: every job comes back once, under its own number; a lost worker's job is begun again."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any

import pytest
from test_execution import job
from threadpoolctl import threadpool_info, threadpool_limits

from flopt.errors import FloptError
from flopt.results import problem_of
from flopt.search.budget import Budget
from flopt.search.executors.crew import Crew, crew_of
from flopt.search.executors.engine import Engine
from flopt.search.executors.execution import Outcome, train
from flopt.search.executors.interrupts import Interrupts
from flopt.search.executors.local import Here, LocalPool, preload
from flopt.search.executors.slot import WorkerLostError
from flopt.search.strategy import Strategy
from flopt.study import study_of


class Scripted(Executor):
    """Trains at once; what stands in its script comes instead, one entry for each submission."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        entry = self.script.pop(0) if self.script else None
        if isinstance(entry, Exception):
            future.set_exception(entry)
        else:
            future.set_result(fn(*args, **kwargs) if entry is None else entry)
        return future


def all_of(crew: Crew, runs: int) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    while len(found) < runs:
        for number, outcome in crew.finished():
            assert number not in found
            found[number] = outcome
    return found


def lost(cpu_s: float = 1.5) -> WorkerLostError:
    return WorkerLostError("its worker process ended with exit code 9", cpu_s, "host:7")


@pytest.mark.parametrize("workers", [1, 2])
def test_every_run_comes_back_once(workers: int) -> None:
    crew = Crew(Here() if workers == 1 else LocalPool(workers, preload("analytic")), 0, Interrupts())
    for number in range(5):
        crew.submit(number, job("analytic", seed=number))
    found = all_of(crew, 5)
    crew.close()
    expected = {number: train(job("analytic", seed=number)).trace.to_json() for number in range(5)}
    assert {number: outcome.trace.to_json() for number, outcome in found.items()} == expected


def test_a_lost_run_is_begun_again_with_the_same_outcome_and_what_it_took_is_wasted() -> None:
    crew = Crew(Scripted(lost(), lost(0.5)), 2, Interrupts())
    crew.submit(0, job("analytic"))
    outcome = all_of(crew, 1)[0]
    assert outcome.trace.to_json() == train(job("analytic")).trace.to_json()
    assert outcome.attributes() == {"where": outcome.where, "attempts": 3, "wasted_cpu_s": 2.0}
    assert 2.0 <= outcome.cpu_s < 3.0


def test_a_run_that_is_lost_too_often_has_failed_with_its_reason() -> None:
    crew = Crew(Scripted(lost(), lost()), 1, Interrupts())
    crew.submit(0, job("analytic"))
    outcome = all_of(crew, 1)[0]
    assert outcome.trace.status == "failed"
    assert outcome.trace.reason == "its worker process ended with exit code 9 (2 attempts)"
    assert (len(outcome.trace), outcome.trace.seed) == (0, 3)
    assert outcome.trace.participation == job("analytic").participation.fingerprint
    assert (outcome.cpu_s, outcome.attributes()) == (3.0, {"where": "host:7", "attempts": 2, "wasted_cpu_s": 3.0})


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (WorkerLostError("it took longer than run.minutes = 1", again=False), "it took longer than run.minutes = 1"),
        (TypeError("cannot pickle"), "TypeError: cannot pickle"),
        ({"accuracy": 1.0}, "its worker gave dict, not the outcome of a run"),
    ],
)
def test_what_would_come_again_is_not_tried_again(entry: Any, reason: str) -> None:
    crew = Crew(Scripted(entry), 5, Interrupts())
    crew.submit(0, job("analytic"))
    outcome = all_of(crew, 1)[0]
    assert (outcome.trace.status, outcome.trace.reason, outcome.attempts) == ("failed", reason, 1)


def test_when_the_executor_is_gone_what_it_has_finished_comes_first() -> None:
    crew = Crew(Scripted(FloptError("executor: gone"), None), 5, Interrupts())
    crew.submit(0, job("analytic"))
    crew.submit(1, job("analytic"))
    found: list[int] = []
    with pytest.raises(FloptError, match="executor: gone"):
        found.extend(number for number, _ in crew.finished())
    assert found == [1]
    assert list(crew.drain()) == []


def test_what_is_being_trained_is_drained_and_what_has_not_begun_is_not() -> None:
    crew = Crew(Here(), 0, Interrupts())
    crew.submit(7, job("analytic"))
    assert list(crew.drain()) == []
    crew = Crew(Scripted(None, lost()), 0, Interrupts())
    crew.submit(7, job("analytic"))
    crew.submit(8, job("analytic"))
    assert [number for number, _ in crew.drain()] == [7]


def test_a_second_ctrl_c_ends_what_is_being_trained(tmp_path: Any) -> None:
    file = tmp_path / "mine.py"
    file.write_text("import time\ndef rounds(plan, participation, seed):\n    time.sleep(600)\n    yield", "utf-8")
    pool = LocalPool(1, preload("analytic"))
    with Interrupts() as interrupts:
        crew = Crew(pool, 0, interrupts)
        crew.submit(0, job(str(file)))
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            list(crew.finished())
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        assert list(crew.drain()) == []
        crew.close()


def test_the_crew_of_a_search_leaves_with_it_however_it_ends() -> None:
    problem = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
    strategy = Strategy("random", 0, 2, 2, Budget(runs=1), 0.0, engine=Engine(retries=3))
    before = signal.getsignal(signal.SIGTERM)
    with threadpool_limits(2), suppress(KeyboardInterrupt), crew_of(problem, strategy) as crew:  # of cores to spare
        assert {each["num_threads"] for each in threadpool_info()} == {1}
        assert signal.getsignal(signal.SIGTERM) != before
        crew.submit(0, job("analytic"))
        assert list(all_of(crew, 1)) == [0]
        raise KeyboardInterrupt
    assert signal.getsignal(signal.SIGTERM) == before
    with pytest.raises(RuntimeError, match="shutdown"):
        crew.submit(1, job("analytic"))


def test_a_crew_at_rest_hears_ctrl_c() -> None:
    with Interrupts() as interrupts:
        crew = Crew(Here(), 0, interrupts)
        crew.rest(0.0)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            crew.rest(600.0)
