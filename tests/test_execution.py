"""Training a run: whatever an oracle does ends as a trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.executors.execution import Job, train
from flopt.study import study_of
from flopt.trace import Round, Trace

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
PLAN = Plan(rounds=4)
HEADER = """
import itertools, math, sys
from flopt import FloptError, Round

def good(accuracy=0.5, loss=1.0, clients=2, samples=3, download_bytes=4, upload_bytes=5):
    return Round(accuracy, loss, clients, samples, download_bytes, upload_bytes)

"""


def job(oracle: str, seed: int = 3) -> Job:
    return Job(oracle, PROBLEM.source, PROBLEM.task, PLAN, PROBLEM.participation(PLAN, seed), seed)


@pytest.fixture
def outcome(tmp_path: Path) -> Callable[[str], Trace]:
    """`outcome(body)` trains with a user's oracle of that body and gives its trace."""

    def run(body: str) -> Trace:
        file = tmp_path / "mine.py"
        file.write_text(HEADER + "def rounds(plan, participation, seed):\n    " + body, encoding="utf-8")
        return train(job(str(file))).trace

    return run


def test_training_is_a_function_of_the_job() -> None:
    first, second = train(job("analytic")), train(job("analytic"))
    assert first.trace.to_json() == second.trace.to_json()
    assert (first.trace.status, len(first.trace), first.trace.seed) == ("ok", 4, 3)
    assert first.trace.participation == PROBLEM.participation(PLAN, 3).fingerprint
    assert first.cpu_s >= 0


BROKEN = {
    # body of the oracle: rounds that are kept, and the reason
    "raise ValueError('at once')": (0, "round 1: ValueError: at once"),
    "raise FloptError('a known thing')": (0, "round 1: a known thing"),
    "return None": (0, "round 1: TypeError: 'NoneType' object is not iterable"),
    "return 7": (0, "round 1: TypeError: 'int' object is not iterable"),
    "return []": (0, "the oracle gave no round"),
    "yield from ()": (0, "the oracle gave no round"),
    "yield 'half'": (0, "round 1: the oracle gave 'half'; it must give flopt.Round values"),
    "yield good(); yield 0.7": (1, "round 2: the oracle gave 0.7; it must give flopt.Round values"),
    "yield good(); raise KeyError('x')": (1, "round 2: KeyError: 'x'"),
    "yield good(); raise StopIteration": (1, "round 2: RuntimeError: generator raised StopIteration"),
    "yield good(); yield good(); sys.exit(3)": (2, "round 3: SystemExit: 3"),
    "sys.exit('bye')": (0, "round 1: SystemExit: bye"),
    "yield good(loss=math.nan)": (0, "round 1: round: loss is NaN (the training diverged)"),
    "yield good(); yield good(loss=math.inf)": (1, "round 2: round: loss is inf (the training diverged)"),
    "yield good(accuracy=1.5)": (0, "round 1: round: accuracy = 1.5: must be between 0 and 1"),
    "yield good(accuracy=math.nan)": (0, "round 1: round: accuracy = nan: must be between 0 and 1"),
    "yield good(accuracy='0.5')": (0, "round 1: TypeError: "),
    "yield good(accuracy=None)": (0, "round 1: TypeError: "),
    "yield good(samples=math.inf)": (0, "round 1: round: samples = inf: must be a whole number"),
    "yield good(samples=math.nan)": (0, "round 1: round: samples = nan: must be a whole number"),
    "yield good(clients=1.5)": (0, "round 1: round: clients = 1.5: must be a whole number"),
    "yield good(upload_bytes=-1)": (0, "round 1: round: upload_bytes = -1: must not be negative"),
    "yield good(samples=None)": (0, "round 1: TypeError: "),
    "for _ in range(5): yield good()": (4, "round 5: the oracle gives more rounds than the plan's 4"),
    "for _ in itertools.count(): yield good()": (4, "round 5: the oracle gives more rounds than the plan's 4"),
    "return itertools.repeat(good())": (4, "round 5: the oracle gives more rounds than the plan's 4"),
    "return [good()] * 9": (4, "round 5: the oracle gives more rounds than the plan's 4"),
    "return rounds(plan, participation, seed)": (0, "round 1: RecursionError: "),
}


@pytest.mark.parametrize("body", BROKEN)
def test_an_oracle_that_breaks_gives_a_failed_run_with_its_reason(body: str, outcome: Callable[[str], Trace]) -> None:
    kept, reason = BROKEN[body]
    trace = outcome(body)
    assert trace.status == "failed"
    assert trace.reason.startswith(reason)
    assert len(trace) == kept
    assert Trace.from_json(trace.to_json()).to_json() == trace.to_json()


@pytest.mark.parametrize("body", ["yield good(); yield good()", "return [good()]", "return iter([good()] * 4)"])
def test_an_oracle_may_end_early_and_may_be_any_iterable(body: str, outcome: Callable[[str], Trace]) -> None:
    assert outcome(body).status == "ok"


def test_an_oracle_that_gives_too_much_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        HEADER
        + "from pathlib import Path\n"
        + "def rounds(plan, participation, seed):\n"
        + "    try:\n        while True: yield good()\n"
        + "    finally: Path(__file__).with_suffix('.closed').touch()\n",
        encoding="utf-8",
    )
    train(job(str(file)))
    assert file.with_suffix(".closed").exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("def rounds(plan):\n    yield 1", "TypeError: rounds() takes 1 positional argument but 3 were given"),
        ("import nowhere_at_all", "does not import: ModuleNotFoundError"),
        ("import sys; sys.exit(2)", "does not import: SystemExit: 2"),
        ("x = 1", "no function 'rounds'"),
    ],
)
def test_an_oracle_that_does_not_load_gives_a_failed_run(tmp_path: Path, text: str, shown: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    trace = train(job(str(file))).trace
    assert trace.status == "failed"
    assert shown in trace.reason


def test_ctrl_c_in_an_oracle_is_no_failure_of_the_run(outcome: Callable[[str], Trace]) -> None:
    with pytest.raises(KeyboardInterrupt):
        outcome("raise KeyboardInterrupt")


@dataclass(frozen=True)
class After:
    """A policy for tests: stops after so many rounds."""

    rounds: int

    def stops(self, done: Sequence[Round]) -> str:
        return f"after {self.rounds}" if len(done) >= self.rounds else ""

    def settings(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(("rounds", "status", "length"), [(1, "stopped", 1), (3, "stopped", 3), (4, "ok", 4)])
def test_a_policy_ends_a_run_and_its_oracle(tmp_path: Path, rounds: int, status: str, length: int) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        HEADER
        + "from pathlib import Path\n"
        + "def rounds(plan, participation, seed):\n"
        + "    try:\n        for _ in range(plan.rounds): yield good()\n"
        + "    finally: Path(__file__).with_suffix('.closed').touch()\n",
        encoding="utf-8",
    )
    trace = train(replace(job(str(file)), policy=After(rounds))).trace
    assert (trace.status, len(trace)) == (status, length)
    assert trace.reason == ("" if status == "ok" else f"after {rounds}")
    assert file.with_suffix(".closed").exists()
    assert Trace.from_json(trace.to_json()).to_json() == trace.to_json()
