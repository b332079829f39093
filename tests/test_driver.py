"""The driver: one outcome for a seed, whatever the workers, the timing, the crashes and the interruptions."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from optuna.trial import FrozenTrial

from flopt import Run, objective
from flopt.catalogue import load_objective
from flopt.errors import FloptError
from flopt.objectives import Direction
from flopt.oracles.analytic import analytic
from flopt.plan import Plan
from flopt.reading.table import write_csv
from flopt.results import Results, problem_of
from flopt.search import proposer, samplers, trajectory
from flopt.search.books import Progress
from flopt.search.budget import Budget
from flopt.search.driver import Driver
from flopt.search.executors.local import Here
from flopt.search.problem import Limit, Problem
from flopt.search.samplers import SAMPLERS, propose
from flopt.search.seen import Seen
from flopt.search.stores import storage
from flopt.search.stores.journal_file import JournalFile
from flopt.search.stores.packed import unpack
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.search.strategy import Strategy
from flopt.space import FloatAxis, IntAxis, Space
from flopt.study import study_of

SMALL = Space(
    "small",
    {
        "rounds": IntAxis(1, 6, log=True),
        "local_epochs": IntAxis(1, 3),
        "client_fraction": FloatAxis(0.1, 1.0, log=True),
    },
)
QUICK = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
PROBLEM = replace(QUICK, space=SMALL)
CO2E, ACCURACY, DURATION = (load_objective(name) for name in ("co2e", "accuracy", "duration"))

FAST = [sampler for sampler in SAMPLERS if sampler != "gp"]
"""Optuna's GP takes a second for each proposal."""

SLOW = '''
"""The analytic curve, slowly enough to be killed in the middle."""
import time
from flopt.oracles.analytic import analytic
from flopt.results import problem_of
from flopt.study import study_of

learn = analytic(problem_of(study_of({})).task)

def rounds(plan, participation, seed):
    for each in learn(plan, participation, seed):
        time.sleep(0.02)
        yield each
'''


HOW = ("cpu_s", "elapsed_s", "where", "attempts", "wasted_cpu_s")
"""What is kept of how a run was trained, which differs from search to search."""


@dataclass(frozen=True)
class Setting:
    """What a search of these tests is set to."""

    sampler: str = "tpe"
    runs: int | None = 14
    rounds: int | None = None
    workers: int = 1
    lag: int = 3
    seed: int = 0
    replicates: int = 0
    stopping: str = "none"
    ladder_runs: int = 0


def search(
    folder: Path, setting: Setting | None = None, problem: Problem = PROBLEM, reports: list[Progress] | None = None
) -> Progress:
    """Search, or go on with a search."""
    s = setting or Setting()
    directions = [each.direction for each in problem.objectives]
    budget = Budget(runs=s.runs, rounds=s.rounds)
    with Journal.create_or_open(folder, directions, {"sampler": s.sampler, "lag": s.lag, "seed": s.seed}) as journal:
        report = None if reports is None else reports.append
        strategy = Strategy(
            s.sampler, s.seed, s.lag, s.workers, budget, 0.0, s.stopping, s.replicates, ladder_runs=s.ladder_runs
        )
        return Driver(problem, strategy, journal, report).run()


def dump(folder: Path) -> list[dict[str, Any]]:
    """The whole study, but for dates and how it was trained."""
    with Journal.read(folder) as journal:
        return [
            {
                "number": trial.number,
                "id": trial._trial_id,
                "state": trial.state.name,
                "values": trial.values,
                "params": trial.params,
                "distributions": {name: str(each) for name, each in trial.distributions.items()},
                "system_attrs": trial.system_attrs,
                "user_attrs": {key: value for key, value in trial.user_attrs.items() if key not in HOW},
            }
            for trial in journal.trials()
        ]


def results(folder: Path, problem: Problem = PROBLEM) -> Results:
    with Journal.read(folder) as journal:
        trials = journal.trials()
        plans = tuple(Plan.of(trial.user_attrs["plan"]) for trial in trials)
        return Results(study_of({}), problem, plans, tuple(journal.trace(n) for n in range(len(trials))), 0.0)


def front_csv(folder: Path, problem: Problem = PROBLEM) -> bytes:
    write_csv(results(folder, problem).front(), problem, folder / "front.csv")
    return (folder / "front.csv").read_bytes()


def with_oracle(file: Path, body: str, problem: Problem = PROBLEM) -> Problem:
    """The problem with a user's oracle that does `body` before every analytic round; it knows plan and index."""
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    file.write_text(
        "import math, os, sys\nfrom pathlib import Path\nfrom dataclasses import replace\n"
        "from flopt import Round\nfrom flopt.oracles.analytic import analytic\nfrom flopt.results import problem_of\n"
        "from flopt.study import study_of\n\nlearn = analytic(problem_of(study_of({})).task)\ncalls = 0\n"
        "MARK = Path(__file__).with_suffix('.mark')\n\n"
        "def rounds(plan, participation, seed):\n    global calls\n    calls += 1\n"
        f"    for index, each in enumerate(learn(plan, participation, seed)):\n{lines}        yield each\n",
        encoding="utf-8",
    )
    return replace(problem, oracle=str(file))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samplers that begin to learn after a few runs, so that short studies try them; and no waiting for disks."""
    monkeypatch.setattr(samplers, "STARTUP_RUNS", 3)
    monkeypatch.setattr(samplers, "POPULATION", 3)
    monkeypatch.setattr(trajectory, "START", 3)
    monkeypatch.setattr(os, "fsync", lambda _: None)


# -- the rule of a fixed lag -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stopping", "replicates"), [("trajectory", 0), ("none", 2)])
@pytest.mark.parametrize("sampler", [*FAST, pytest.param("gp", marks=pytest.mark.slow)])
def test_one_and_two_workers_find_the_same(tmp_path: Path, sampler: str, stopping: str, replicates: int) -> None:
    setting = Setting(sampler, runs=18, lag=4, replicates=replicates, stopping=stopping)
    search(tmp_path / "1", setting, QUICK)
    search(tmp_path / "2", replace(setting, workers=2), QUICK)
    assert dump(tmp_path / "1") == dump(tmp_path / "2")
    assert front_csv(tmp_path / "1", QUICK) == front_csv(tmp_path / "2", QUICK)
    assert len(front_csv(tmp_path / "1", QUICK).splitlines()) > 6


def test_another_seed_finds_something_else(tmp_path: Path) -> None:
    for seed in (0, 1):
        search(tmp_path / str(seed), Setting(seed=seed))
    assert front_csv(tmp_path / "0") != front_csv(tmp_path / "1")


@pytest.mark.parametrize("lag", [1, 3, 50])
def test_a_run_is_proposed_when_exactly_the_runs_lag_places_back_are_told(
    tmp_path: Path, lag: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def spy(
        name: str,
        space: Space,
        directions: Sequence[Direction],
        seen: Sequence[Seen],
        logged: Sequence[bool],
        seed: int,
    ) -> FrozenTrial:
        told = [run for run in seen if run.values is not None]
        asked.append((len(told), len(seen)))
        return propose(name, space, directions, seen, logged, seed)

    monkeypatch.setattr(proposer, "propose", spy)
    search(tmp_path, Setting(lag=lag))
    assert asked == [(max(0, number - lag + 1), number) for number in range(14)]


def test_the_lag_is_part_of_what_is_found(tmp_path: Path) -> None:
    for lag in (1, 8):
        search(tmp_path / str(lag), Setting(lag=lag, runs=20))
    assert dump(tmp_path / "1") != dump(tmp_path / "8")


def test_progress_is_reported_run_by_run(tmp_path: Path) -> None:
    reports: list[Progress] = []
    end = search(tmp_path, reports=reports)
    assert [report.runs for report in reports] == list(range(1, 15))
    assert (end.runs, end.failed, end.ended) == (14, 0, "runs")
    assert end.rounds == sum(len(trace) for trace in results(tmp_path).traces if trace)


def test_stored_values_are_the_objectives_at_the_end_of_each_run(tmp_path: Path) -> None:
    search(tmp_path)
    found = results(tmp_path)
    for entry, plan, trace in zip(dump(tmp_path), found.plans, found.traces, strict=True):
        assert entry["values"] == [each(PROBLEM.run(plan, trace)) for each in PROBLEM.objectives]
        assert entry["user_attrs"]["trace"]["participation"] == PROBLEM.participation(plan, 0).fingerprint
        assert Plan.of(entry["user_attrs"]["plan"]) == SMALL.plan(entry["params"], PROBLEM.base)


# -- crashes ---------------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process has died here."""


class Crashing(JournalFile):
    """A journal whose process dies at one of its writes: in the middle of it, or just after it."""

    at: int | None = None
    torn = False
    appends = 0

    def _write(self, content: bytes, *, durable: bool) -> None:
        cls = Crashing
        cls.appends += bool(content)
        if cls.at is None or cls.appends < cls.at:
            super()._write(content, durable=durable)
            return
        if cls.appends == cls.at:
            super()._write(content[: max(1, len(content) // 2)] if cls.torn else content, durable=durable)
        raise Crash

    @classmethod
    def set(cls, at: int | None = None, *, torn: bool = False) -> None:
        cls.at, cls.torn, cls.appends = at, torn, 0


@pytest.fixture
def crashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Crashing]]:
    monkeypatch.setattr(storage, "JournalFile", Crashing)
    Crashing.set()
    yield Crashing
    Crashing.set()


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("sampler", "runs", "replicates"),
    [
        ("tpe", 7, 0),
        ("nsga2", 7, 0),
        ("random", 9, 2),
        ("trajectory", 6, 0),
        pytest.param("gp", 6, 0, marks=pytest.mark.slow),
        pytest.param("trajectory", 14, 2, marks=pytest.mark.slow),
        pytest.param("tpe", 16, 2, marks=pytest.mark.slow),
        pytest.param("nsga2", 16, 0, marks=pytest.mark.slow),
    ],
)
def test_a_crash_at_every_append_of_the_journal_changes_nothing(
    tmp_path: Path, crashing: type[Crashing], sampler: str, runs: int, replicates: int
) -> None:
    stopping = "trajectory" if sampler == "trajectory" else "none"
    setting = Setting(sampler, runs=runs, replicates=replicates, stopping=stopping)
    search(tmp_path / "whole", setting)
    whole, appends = dump(tmp_path / "whole"), crashing.appends
    assert appends == 2 + 3 * runs
    assert any("repeats" in entry["user_attrs"] for entry in whole) == (replicates > 0)
    for at in range(1, appends + 1):
        for torn in (False, True):
            folder = tmp_path / f"{at}{'torn' if torn else ''}"
            crashing.set(at, torn=torn)
            with pytest.raises(Crash):
                search(folder, setting)
            crashing.set()
            assert search(folder, setting).ended == "runs"
            assert dump(folder) == whole, f"crash at append {at} of {appends}, {'torn' if torn else 'after'}"


@pytest.mark.usefixtures("eager")
def test_a_crash_while_going_on_after_a_crash_changes_nothing(tmp_path: Path, crashing: type[Crashing]) -> None:
    search(tmp_path / "whole", Setting(runs=9))
    for step in (3, 5):
        folder, crashes = tmp_path / str(step), 0
        while True:
            crashing.set(step, torn=crashes % 2 == 1)
            try:
                search(folder, Setting(runs=9))
                break
            except Crash:
                crashes += 1
                # A torn line is no progress: half of the crashes come just after a write.
                assert crashes < 200
        assert crashes > 5
        crashing.set()
        assert dump(folder) == dump(tmp_path / "whole")


def traces_in(folder: Path) -> int:
    """Finished runs in a journal that another process writes."""
    journal = folder / JOURNAL
    return journal.read_bytes().count(b'"trace":') if journal.is_file() else 0


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, f"the process ended: {process.communicate()}"
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def start(script: Path, folder: Path, oracle: str, setting: Setting) -> subprocess.Popen[str]:
    """The search of this file in a process group of its own, as from another terminal."""
    script.write_text(
        "import sys\nfrom dataclasses import replace\nfrom pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_driver import PROBLEM, Setting, search\n\n"
        "if __name__ == '__main__':\n"
        f"    end = search(Path({str(folder)!r}), {setting!r}, replace(PROBLEM, oracle={oracle!r}))\n"
        "    print(end.ended)\n",
        encoding="utf-8",
    )
    return subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize(
    ("before", "after", "real"),
    [(2, 1, False), (1, 2, False), pytest.param(2, 1, True, marks=pytest.mark.slow)],
)
def test_kill_9_in_the_middle_and_another_number_of_workers_give_the_same_bytes(
    tmp_path: Path, before: int, after: int, real: bool
) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text(SLOW, encoding="utf-8")
    oracle = "simulated" if real else str(slow)
    setting, problem = Setting(runs=16, lag=4), replace(PROBLEM, oracle=oracle)
    process = start(tmp_path / "go.py", tmp_path / "killed", oracle, replace(setting, workers=before))
    until(lambda: traces_in(tmp_path / "killed") >= 5, process)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 2  # also of one worker, because the oracle is the user's own code
    process.kill()
    process.communicate()
    assert traces_in(tmp_path / "killed") < 16
    assert not psutil.wait_procs(family, timeout=30)[1], "a worker outlived its driver"
    assert search(tmp_path / "killed", replace(setting, workers=after), problem).ended == "runs"
    search(tmp_path / "whole", setting, problem if real else PROBLEM)
    assert dump(tmp_path / "killed") == dump(tmp_path / "whole")
    # The oracle's name stands in its rows, so both are read as one oracle's.
    assert front_csv(tmp_path / "killed") == front_csv(tmp_path / "whole")


LEAVES = """
import os
from flopt.oracles.analytic import analytic
from flopt.results import problem_of
from flopt.study import study_of

learn = analytic(problem_of(study_of({})).task)

def rounds(plan, participation, seed):
    if plan.local_epochs == 1:
        os._exit(9)
    yield from learn(plan, participation, seed)
"""


def test_a_run_that_ends_its_process_is_one_failed_run_of_one_worker_too(tmp_path: Path) -> None:
    oracle = tmp_path / "leaves.py"
    oracle.write_text(LEAVES, encoding="utf-8")
    end = search(tmp_path / "study", Setting("random", runs=12), replace(PROBLEM, oracle=str(oracle)))
    trials = dump(tmp_path / "study")
    left = [each["user_attrs"] for each in trials if each["user_attrs"]["plan"]["local_epochs"] == 1]
    assert (end.ended, end.runs, end.failed) == ("runs", 12, len(left))
    assert 0 < len(left) < 12
    assert {each["trace"]["reason"] for each in left} == {"its worker process ended with exit code 9 (2 attempts)"}


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_is_done_and_the_search_goes_on(tmp_path: Path, workers: int) -> None:
    oracle = tmp_path / "slow.py"
    oracle.write_text(SLOW, encoding="utf-8")
    setting, problem = Setting(runs=16, lag=4, workers=workers), replace(PROBLEM, oracle=str(oracle))
    process = start(tmp_path / "go.py", tmp_path / "stopped", str(oracle), setting)
    until(lambda: traces_in(tmp_path / "stopped") >= 4, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    output, errors = process.communicate(timeout=90)
    assert (process.returncode, output.strip(), errors) == (0, "interrupted", "")
    kept = traces_in(tmp_path / "stopped")
    assert 4 <= kept < 16
    search(tmp_path / "stopped", replace(setting, workers=1), problem)
    assert traces_in(tmp_path / "stopped") == 16, "a run that was kept has been trained again"
    search(tmp_path / "whole", setting)
    assert dump(tmp_path / "stopped") == dump(tmp_path / "whole")


@pytest.mark.parametrize("call", [1, 2, 5, 9])
def test_ctrl_c_inside_a_run_of_this_process_keeps_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    monkeypatch.setattr("flopt.search.executors.crew.pool_of", lambda *_: Here())  # as for an oracle of flopt's own
    problem = with_oracle(tmp_path / "mine.py", f"if MARK.exists() and calls == {call}: raise KeyboardInterrupt")
    (tmp_path / "mine.mark").touch()
    end = search(tmp_path / "stopped", Setting(runs=9), problem)
    assert end.ended == "interrupted"
    assert traces_in(tmp_path / "stopped") == call - 1
    (tmp_path / "mine.mark").unlink()
    assert search(tmp_path / "stopped", Setting(runs=9), problem).ended == "runs"
    search(tmp_path / "whole", Setting(runs=9))
    assert dump(tmp_path / "stopped") == dump(tmp_path / "whole")


def test_a_worker_that_dies_once_is_replaced_and_nothing_else_changes(tmp_path: Path) -> None:
    die = "if plan.local_epochs == 3 and not (MARK / str(plan.rounds)).exists():\n"
    die += "    (MARK / str(plan.rounds)).touch()\n    os._exit(9)"
    problem = with_oracle(tmp_path / "mine.py", die)
    (tmp_path / "mine.mark").mkdir()
    setting = Setting(runs=12, workers=2)
    assert search(tmp_path / "died", setting, problem).failed == 0
    search(tmp_path / "whole", setting)
    assert dump(tmp_path / "died") == dump(tmp_path / "whole")
    with Journal.read(tmp_path / "died") as journal:
        attempts = [trial.user_attrs.get("attempts", 1) for trial in journal.trials()]
    assert attempts.count(2) == len(list((tmp_path / "mine.mark").iterdir())) > 0
    assert max(attempts) == 2


# -- budgets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_longer_budget_goes_on_and_equals_the_longer_study(tmp_path: Path, sampler: str) -> None:
    for runs in (1, 3, 4, 13, 13, 20):
        assert search(tmp_path / "grown", Setting(sampler, runs=runs)).runs == runs
    search(tmp_path / "whole", Setting(sampler, runs=20))
    assert dump(tmp_path / "grown") == dump(tmp_path / "whole")


def test_a_search_that_is_over_trains_nothing_anew(tmp_path: Path) -> None:
    search(tmp_path)
    content = (tmp_path / JOURNAL).read_bytes()
    for runs in (14, 5):
        end = search(tmp_path, Setting(runs=runs))
        assert (end.runs, end.ended) == (14, "runs")
    assert (tmp_path / JOURNAL).read_bytes() == content


@pytest.mark.parametrize(("workers", "replicates"), [(1, 0), (2, 0), (2, 2)])
def test_a_budget_of_rounds_is_spent_exactly(tmp_path: Path, workers: int, replicates: int) -> None:
    end = search(tmp_path, Setting(runs=None, rounds=50, workers=workers, replicates=replicates))
    assert (end.rounds, end.ended) == (50, "rounds")
    assert search(tmp_path, Setting(runs=None, rounds=50, replicates=replicates)).rounds == 50


def test_whichever_budget_ends_first(tmp_path: Path) -> None:
    assert search(tmp_path / "a", Setting(runs=3, rounds=1000)).ended == "runs"
    assert search(tmp_path / "b", Setting(runs=1000, rounds=10)).ended == "rounds"


def test_a_longer_budget_of_rounds_goes_on_after_the_plan_that_the_first_one_cut(tmp_path: Path) -> None:
    first = search(tmp_path / "grown", Setting(runs=None, rounds=30))
    search(tmp_path / "grown", Setting(runs=None, rounds=60))
    search(tmp_path / "whole", Setting(runs=None, rounds=60))
    grown, whole = dump(tmp_path / "grown"), dump(tmp_path / "whole")
    uncut = first.runs - 1
    assert grown[:uncut] == whole[:uncut]
    assert grown[uncut]["params"] == whole[uncut]["params"]
    assert sum(len(unpack(entry["user_attrs"]["trace"])) for entry in grown) == 60


def test_failed_runs_are_charged_with_the_rounds_they_trained(tmp_path: Path) -> None:
    problem = with_oracle(tmp_path / "mine.py", "if index == 1: raise ValueError")
    end = search(tmp_path / "study", Setting(runs=None, rounds=20), problem)
    assert end.ended == "rounds"
    assert 20 - 6 * 3 <= end.rounds <= 20
    assert end.failed > 3


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({}, "give at least one of runs, rounds, minutes, search_kg"),
        ({"runs": 0}, "budget.runs = 0: must be above 0"),
        ({"rounds": -5}, "budget.rounds = -5: must be above 0"),
        ({"minutes": float("nan")}, "budget.minutes = nan: must be above 0"),
        ({"search_kg": 0.0}, "budget.search_kg = 0: must be above 0"),
    ],
)
def test_an_empty_budget_is_refused(budget: dict[str, Any], message: str) -> None:
    with pytest.raises(FloptError, match=message):
        Budget(**budget)


def test_budgets_in_minutes_and_in_kg_end_a_search(tmp_path: Path) -> None:
    for name, budget, price in (
        ("minutes", Budget(runs=500, minutes=1e-9), 0.0), ("search_kg", Budget(runs=500, search_kg=1e-9), 1.0),
    ):  # fmt: skip
        with Journal.create_or_open(tmp_path / name, ["maximize", "minimize"], {}) as journal:
            end = Driver(PROBLEM, Strategy("random", 0, 3, 1, budget, price), journal).run()
        assert end.ended == name
        assert end.runs < 500


# -- runs that fail --------------------------------------------------------------------------------------------------

FAILURES = {
    "if plan.local_epochs == 2: raise ValueError('two epochs')": "round 1: ValueError: two epochs",
    "if plan.local_epochs == 2 and index == 1: each = 7": "the oracle gave 7; it must give flopt.Round values",
    "if plan.local_epochs == 2: each = replace(each, loss=math.nan)": "round: loss is NaN (the training diverged)",
    "if plan.local_epochs == 2: each = replace(each, samples=math.inf)": "samples = inf: must be a whole number",
    "if plan.local_epochs == 2: sys.exit(1)": "SystemExit: 1",
    "while plan.local_epochs == 2: yield each": "the oracle gives more rounds than the plan's",
}


@pytest.mark.parametrize("body", FAILURES)
def test_a_plan_that_breaks_the_oracle_fails_with_its_reason_and_the_search_goes_on(tmp_path: Path, body: str) -> None:
    problem = with_oracle(tmp_path / "mine.py", body)
    end = search(tmp_path / "study", Setting("random", runs=18), problem)
    found = results(tmp_path / "study", problem)
    broken = [n for n, plan in enumerate(found.plans) if plan.local_epochs == 2 and n in found.failed]
    assert (end.runs, end.failed) == (18, len(broken))
    assert sorted(found.failed) == broken != []
    assert all(FAILURES[body] in reason for reason in found.failed.values())
    states = [entry["state"] for entry in dump(tmp_path / "study")]
    assert [n for n, state in enumerate(states) if state == "FAIL"] == broken
    assert found.front().points
    assert not {point.number for point in found.front().points} & set(broken)


def test_failures_are_the_same_for_one_and_two_workers_and_after_a_pause(tmp_path: Path) -> None:
    problem = with_oracle(tmp_path / "mine.py", "if plan.local_epochs == 2: raise ValueError('two\\nlines')")
    search(tmp_path / "1", Setting(runs=16), problem)
    search(tmp_path / "2", Setting(runs=7, workers=2), problem)
    search(tmp_path / "2", Setting(runs=16, workers=2), problem)
    assert dump(tmp_path / "1") == dump(tmp_path / "2")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_search_in_which_everything_fails_ends_with_an_empty_front(tmp_path: Path, sampler: str) -> None:
    problem = with_oracle(tmp_path / "mine.py", "raise ValueError('always')")
    end = search(tmp_path / "study", Setting(sampler, runs=16), problem)
    assert (end.runs, end.failed, end.ended, end.rounds) == (16, 16, "runs", 0)
    assert len(results(tmp_path / "study", problem).front()) == 0


def test_an_objective_that_breaks_stops_the_search_and_what_is_trained_is_kept(tmp_path: Path) -> None:
    @objective(direction="minimize", unit="")
    def fragile(run: Run) -> float:
        return 1 / (run.plan.local_epochs - 2) if run.accuracy >= 0 else 0.0

    problem = replace(PROBLEM, objectives=(fragile, CO2E))
    with pytest.raises(FloptError, match=r"objective 'fragile' .* failed on run at round"):
        search(tmp_path, problem=problem)
    kept = traces_in(tmp_path)
    assert kept > 0
    mended = replace(fragile, measure=lambda run: run.accuracy)
    assert search(tmp_path, problem=replace(problem, objectives=(mended, CO2E))).runs == 14
    assert traces_in(tmp_path) == 14


# -- limits ----------------------------------------------------------------------------------------------------------


def proposed(folder: Path, problem: Problem) -> list[tuple[Plan, Plan]]:
    """Each plan as the sampler proposed it, and as it was run."""
    return [
        (problem.space.plan(entry["params"], problem.base), Plan.of(entry["user_attrs"]["plan"]))
        for entry in dump(folder)
    ]


def test_a_limit_on_something_known_caps_the_rounds_of_every_plan(tmp_path: Path) -> None:
    limit = Limit(CO2E, at_most=PROBLEM.run(Plan(rounds=3)).co2e_kg)
    problem = replace(PROBLEM, limits=(limit,))
    search(tmp_path, Setting(runs=20), problem)
    plans = proposed(tmp_path, problem)
    assert all(problem.run(plan).co2e_kg <= limit.at_most for _, plan in plans if limit.at_most)
    capped = [(asked, plan) for asked, plan in plans if asked != plan]
    assert capped
    for asked, plan in capped:
        assert plan == replace(asked, rounds=plan.rounds)
        assert PROBLEM.run(asked).until(plan.rounds + 1).co2e_kg > (limit.at_most or 0)


def test_a_limit_that_the_first_round_breaks_rejects_the_plan(tmp_path: Path) -> None:
    one_epoch = PROBLEM.run(Plan(rounds=1, local_epochs=1, client_fraction=0.2)).duration_s
    problem = replace(PROBLEM, limits=(Limit(DURATION, at_most=one_epoch),))
    assert search(tmp_path, problem=problem).runs == 14
    assert {plan.local_epochs for _, plan in proposed(tmp_path, problem)} == {1}


@pytest.mark.parametrize("sampler", FAST)
def test_no_plan_within_the_limits_ends_the_search(tmp_path: Path, sampler: str) -> None:
    problem = replace(PROBLEM, limits=(Limit(CO2E, at_most=1e-12),))
    for _ in range(2):
        end = search(tmp_path, Setting(sampler), problem)
        assert (end.runs, end.ended) == (0, "no plan within the limits")


def test_limits_do_not_depend_on_the_workers(tmp_path: Path) -> None:
    limits = (Limit(CO2E, at_most=PROBLEM.run(Plan(rounds=3)).co2e_kg), Limit(ACCURACY, at_least=0.5))
    problem = replace(PROBLEM, limits=limits)
    for workers in (1, 2):
        search(tmp_path / str(workers), Setting(workers=workers, runs=20), problem)
    assert dump(tmp_path / "1") == dump(tmp_path / "2")


def test_limits_on_learned_objectives_reach_the_sampler_as_constraints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[Seen]] = []

    def spy(
        name: str,
        space: Space,
        directions: Sequence[Direction],
        seen: Sequence[Seen],
        logged: Sequence[bool],
        seed: int,
    ) -> FrozenTrial:
        asked.append(seen)
        return propose(name, space, directions, seen, logged, seed)

    monkeypatch.setattr(proposer, "propose", spy)
    known, learned = Limit(CO2E, at_most=1.0), Limit(ACCURACY, at_least=0.8)
    search(tmp_path, problem=replace(PROBLEM, limits=(known, learned)))
    last = [run for run in asked[-1] if run.values is not None]
    assert len(last) == 11
    for run in last:
        assert run.values is not None
        np.testing.assert_allclose(run.violations, 0.8 - run.values[:, :1])


def test_known_objectives_are_shown_on_a_log_axis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs: list[Sequence[bool]] = []

    def spy(
        name: str,
        space: Space,
        directions: Sequence[Direction],
        seen: Sequence[Seen],
        logged: Sequence[bool],
        seed: int,
    ) -> FrozenTrial:
        logs.append(logged)
        return propose(name, space, directions, seen, logged, seed)

    monkeypatch.setattr(proposer, "propose", spy)
    below_zero = objective(direction="minimize", unit="")(lambda run: -run.co2e_kg)
    search(tmp_path, problem=replace(PROBLEM, objectives=(ACCURACY, CO2E, below_zero)))
    assert logs[0] == [False, False, False]
    assert logs[-1] == [False, True, False]


# -- objectives of other numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("objectives", [(CO2E,), (ACCURACY,), (ACCURACY, CO2E, DURATION)])
@pytest.mark.parametrize("sampler", [*FAST, pytest.param("gp", marks=pytest.mark.slow)])
def test_one_or_three_objectives_are_searched_too(tmp_path: Path, objectives: tuple[Any, ...], sampler: str) -> None:
    problem = replace(PROBLEM, objectives=objectives)
    search(tmp_path / "a", Setting(sampler, runs=16), problem)
    search(tmp_path / "b", Setting(sampler, runs=9), problem)
    search(tmp_path / "b", Setting(sampler, runs=16), problem)
    assert dump(tmp_path / "a") == dump(tmp_path / "b")
    front = results(tmp_path / "a", problem).front()
    assert len(front) == 1 if len(objectives) == 1 else len(front) > 1


# -- real training ---------------------------------------------------------------------------------------------------


def test_really_trained_runs_are_the_same_for_two_workers_and_after_a_pause(tmp_path: Path) -> None:
    tables = {"oracle": "simulated", "task": {"model": "logreg"}}
    problem = replace(problem_of(study_of(tables)), space=replace(SMALL, axes={**SMALL.axes, "rounds": IntAxis(1, 3)}))
    search(tmp_path / "1", Setting(runs=6), problem)
    search(tmp_path / "2", Setting(runs=3, workers=2), problem)
    search(tmp_path / "2", Setting(runs=6, workers=2), problem)
    assert dump(tmp_path / "1") == dump(tmp_path / "2")
    assert front_csv(tmp_path / "1", problem) == front_csv(tmp_path / "2", problem)
    rows = list(csv.DictReader(front_csv(tmp_path / "1", problem).decode().splitlines()))
    assert max(float(row["accuracy"]) for row in rows) > 0.3


def test_the_front_of_a_search_is_that_of_all_its_rounds(tmp_path: Path) -> None:
    search(tmp_path)
    found = results(tmp_path)
    points = {
        (number, r): (-trace.accuracy[r - 1], PROBLEM.run(plan).until(r).co2e_kg)
        for number, (plan, trace) in enumerate(zip(found.plans, found.traces, strict=True))
        if trace is not None
        for r in range(1, len(trace) + 1)
    }
    best = {
        place
        for place, (a, b) in points.items()
        if not any(x <= a and y <= b and (x, y) != (a, b) for x, y in points.values())
    }
    assert {(point.number, point.run.rounds) for point in found.front().points} <= best
    assert {points[p.number, p.run.rounds] for p in found.front().points} == {points[place] for place in best}


def test_a_run_of_the_study_is_what_its_plan_and_seed_give_by_themselves(tmp_path: Path) -> None:
    search(tmp_path, Setting(runs=5, seed=7))
    found = results(tmp_path)
    for plan, trace in zip(found.plans, found.traces, strict=True):
        assert trace is not None
        again = list(analytic(PROBLEM.task)(plan, PROBLEM.participation(plan, 7), 7))
        assert [each.accuracy for each in again] == trace.accuracy.tolist()
