"""A trial: what its rounds default to, when it should stop, and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from flopt.asking.trial import Trial
from flopt.errors import FloptError
from flopt.oracles.analytic import analytic
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.problem import Problem
from flopt.search.proposer import Proposal
from flopt.search.samplers import propose
from flopt.search.stopping import NEVER, Policy
from flopt.study import study_of
from flopt.trace import Round, Trace

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
PLAN = Plan.of({"rounds": 4, "client_fraction": 0.5, "uplink": "quantize:8"})


@dataclass(frozen=True)
class After:
    """Stops after a number of rounds."""

    rounds: int

    def stops(self, done: Sequence[Round]) -> str:
        return f"{self.rounds} rounds are enough" if len(done) >= self.rounds else ""

    def settings(self) -> dict[str, Any]:
        return {"kind": "after", "rounds": self.rounds}


def trial(
    told: list[tuple[Trace, float | None]] | None = None, policy: Policy = NEVER, problem: Problem = PROBLEM
) -> Trial:
    place = propose("random", problem.space, ["maximize", "minimize"], [], [False, False], 0)
    found: list[tuple[Trace, float | None]] = [] if told is None else told
    return Trial(5, Proposal(place, PLAN, 3, policy), problem, lambda trace, cpu_s: found.append((trace, cpu_s)))


def test_what_is_not_reported_is_what_the_simulation_counts() -> None:
    one, two = trial(), trial()
    for done in analytic(PROBLEM.task)(PLAN, one.participation, 3):
        one.report(done.accuracy, done.loss, test_accuracy=done.test_accuracy)
        two.report(done)
    assert [repr(each) for each in one.rounds] == [repr(each) for each in two.rounds]
    assert len(one.rounds) == 4
    assert one.rounds[0].clients == len(one.clients[0])


def test_what_is_reported_is_kept() -> None:
    told: list[tuple[Trace, float | None]] = []
    one = trial(told)
    one.report(0.5, 1.5, clients=2, samples=7, download_bytes=11, upload_bytes=13, auc=0.6, worst_client_accuracy=0.1)
    for _ in range(3):
        one.report(0.6, 1.0)
    one.tell(cpu_s=2)
    ((trace, cpu_s),) = told
    assert (trace.status, trace.reason, trace.seed, cpu_s) == ("ok", "", 3, 2)
    assert trace.participation == PROBLEM.participation(PLAN, 3).fingerprint
    first = {name: column[0] for name, column in trace.columns.items()}
    assert {name: value for name, value in first.items() if not math.isnan(value)} == {
        "accuracy": 0.5, "loss": 1.5, "clients": 2, "samples": 7, "download_bytes": 11, "upload_bytes": 13,
        "auc": 0.6, "worst_client_accuracy": 0.1,
    }  # fmt: skip


def test_accuracy_is_smoothed_as_the_study_says() -> None:
    problem = replace(PROBLEM, source=replace(PROBLEM.source, smoothing="mean2"))
    one = trial(problem=problem)
    for accuracy in (0.2, 0.4, 0.8):
        one.report(accuracy, 1.0)
    assert [each.accuracy for each in one.rounds] == pytest.approx([0.2, 0.3, 0.6])


def test_it_should_stop_when_the_policy_says_so_or_all_is_done() -> None:
    told: list[tuple[Trace, float | None]] = []
    one = trial(told, After(2))
    verdicts = []
    while not one.should_stop():
        one.report(0.5, 1.0)
        verdicts.append((one.should_stop(), one.why()))
    assert verdicts == [(False, ""), (True, "2 rounds are enough")]
    one.tell()
    assert [(trace.status, trace.reason) for trace, _ in told] == [("stopped", "2 rounds are enough")]
    whole = trial()
    while not whole.should_stop():
        whole.report(0.5, 1.0)
    assert (len(whole.rounds), whole.why()) == (4, "")


def test_a_policys_verdict_on_the_last_round_changes_nothing() -> None:
    told: list[tuple[Trace, float | None]] = []
    one = trial(told, After(4))
    while not one.should_stop():
        one.report(0.5, 1.0)
    one.tell()
    assert told[0][0].status == "ok"


def test_a_trainers_own_early_end_is_a_stopped_run() -> None:
    told: list[tuple[Trace, float | None]] = []
    one = trial(told)
    one.report(0.5, 1.0)
    one.tell()
    assert (told[0][0].status, told[0][0].reason) == ("stopped", "ended by its trainer after 1 of 4 rounds")


def test_a_failed_run_keeps_its_rounds_and_its_reason() -> None:
    told: list[tuple[Trace, float | None]] = []
    one = trial(told)
    one.report(0.5, 1.0)
    one.fail("out of\n memory")
    ((trace, _),) = told
    assert (trace.status, trace.reason, len(trace)) == ("failed", "round 2: out of memory", 1)


WRONG: dict[str, tuple[Callable[[Trial], None], str]] = {
    "accuracy above 1": (lambda t: t.report(1.5, 1.0), "run 5, round 1: round: accuracy = 1.5: must be"),
    "accuracy NaN": (lambda t: t.report(math.nan, 1.0), "accuracy = nan: must be between 0 and 1"),
    "loss NaN": (lambda t: t.report(0.5, math.nan), "loss is NaN (the training diverged)"),
    "no loss": (lambda t: t.report(0.5), "run 5, round 1: loss is missing"),
    "negative": (lambda t: t.report(0.5, 1.0, samples=-1), "samples = -1: must not be negative"),
    "no number": (lambda t: t.report("high", 1.0), "run 5, round 1: "),  # type: ignore[arg-type]
    "too large": (lambda t: t.report(0.5, 1.0, samples=10**400), "run 5, round 1: "),
    "both": (lambda t: t.report(Round(0.5, 1, 1, 1, 1, 1), 1.0), "give a Round, or its values"),
    "nothing reported": (lambda t: t.tell(), "run 5: no round is reported; report one, or end it with fail()"),
    "no reason": (lambda t: t.fail(" "), "run 5: say in a few words why it failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_and_not_counted(name: str) -> None:
    call, line = WRONG[name]
    one = trial()
    with pytest.raises(FloptError) as caught:
        call(one)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
    assert one.rounds == []
    one.report(0.5, 1.0)  # and it goes on


def test_seconds_that_cannot_be_are_refused() -> None:
    one = trial()
    one.report(0.5, 1.0)
    for cpu_s in (-1.0, math.nan, math.inf):
        with pytest.raises(FloptError, match=r"cpu_s = .*: must be a number of seconds, at least 0"):
            one.tell(cpu_s)
    one.tell(0)


def test_a_run_has_an_end() -> None:
    one = trial()
    for _ in range(4):
        one.report(0.5, 1.0)
    with pytest.raises(FloptError, match="its plan has 4 rounds; round 5 is one too many"):
        one.report(0.5, 1.0)
    one.tell()
    late: list[Callable[[], None]] = [one.tell, lambda: one.fail("late"), lambda: one.report(0.5, 1.0)]
    for again in late:
        with pytest.raises(FloptError, match="run 5 is told already"):
            again()


def test_what_it_will_emit_is_known_before() -> None:
    one = trial()
    assert one.predicted.co2e_kg == PROBLEM.run(PLAN).co2e_kg > 0
    assert [len(each) for each in one.clients] == [int(used.sum()) for used in one.participation.used]
