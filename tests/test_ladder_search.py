"""A search on a ladder: cheap runs come first and are no answer, and the dear ones are the same whatever happens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState
from test_driver import (
    SLOW,
    Crash,
    Crashing,
    Setting,
    crashing,
    dump,
    eager,
    search,
    traces_in,
    until,
    with_oracle,
)

from flopt.reading.table import csv_text, front_rows
from flopt.results import Results, open_results, problem_of, results_of
from flopt.search.ensembles import same_plan
from flopt.search.problem import Problem
from flopt.search.stores.storage import Journal
from flopt.study import study_of
from flopt.tuning import tune

__all__ = ["crashing", "eager"]  # fixtures

Command = Callable[..., tuple[int, str, str]]

SETTING = Setting("random", runs=7, ladder_runs=6)
STUDY = study_of({"oracle": ["analytic", "recorded"], "space": "quick"})
WORSE = "each = replace(each, accuracy=0.5 * each.accuracy)"


def ladder(folder: Path, *below: str) -> Problem:
    """The dear oracle learns half of what the formula says."""
    folder.mkdir(exist_ok=True)
    problem = with_oracle(folder / "dear.py", WORSE)
    return replace(problem, cheaper=(*below, "analytic"))


def found(folder: Path, problem: Problem) -> Results:
    with Journal.read(folder) as journal:
        return results_of(STUDY, problem, journal)


def rows(folder: Path, problem: Problem) -> str:
    return csv_text(front_rows(found(folder, problem).front(), problem))


@pytest.mark.usefixtures("eager")
def test_cheap_runs_come_first_cost_nothing_of_the_budget_and_never_stand_on_the_front(tmp_path: Path) -> None:
    problem = ladder(tmp_path / "oracle")
    end = search(tmp_path / "study", SETTING, problem)
    assert (end.runs, end.predicted, end.ended) == (7, 6, "runs")
    assert [entry["user_attrs"]["oracle"] for entry in dump(tmp_path / "study")] == (
        ["analytic"] * 6 + [problem.oracle] * 7
    )
    results = found(tmp_path / "study", problem)
    assert list(results.predicted) == list(range(6))
    assert [trace is None for trace in results.traces] == [True] * 6 + [False] * 7
    assert end.rounds == sum(len(trace) for trace in results.traces if trace is not None)
    front = results.front()
    assert front.points
    for point in front.points:
        assert point.number >= 6
        assert point.values["accuracy"] <= 0.5
    assert max(trace.accuracy[-1] for trace in results.predicted.values()) > 0.5
    with Journal.read(tmp_path / "study") as journal:
        assert {trial.number for trial in journal.study.best_trials} <= set(range(6, 13))  # nor on Optuna's


@pytest.mark.usefixtures("eager")
def test_the_first_dear_runs_train_plans_of_the_predicted_front(tmp_path: Path) -> None:
    problem = ladder(tmp_path / "oracle")
    search(tmp_path / "study", SETTING, problem)
    plans = found(tmp_path / "study", problem).plans
    proposed = {same_plan(plan) for plan in plans[:6]}
    assert same_plan(plans[6]) in proposed
    confirmed = [same_plan(plan) for plan in plans[6:] if same_plan(plan) in proposed]
    assert len(confirmed) == len(set(confirmed))
    assert len(confirmed) < 7, "the search goes on where nothing is left to confirm"


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(("sampler", "stopping", "replicates"), [("trajectory", "trajectory", 2), ("tpe", "none", 0)])
def test_one_and_two_workers_find_the_same(tmp_path: Path, sampler: str, stopping: str, replicates: int) -> None:
    problem = ladder(tmp_path / "oracle", "recorded")
    problem = replace(problem, cheaper=("analytic", "recorded"))  # three rungs
    setting = Setting(sampler, runs=8, lag=3, stopping=stopping, replicates=replicates, ladder_runs=5)
    search(tmp_path / "1", setting, problem)
    search(tmp_path / "2", replace(setting, workers=2), problem)
    assert dump(tmp_path / "1") == dump(tmp_path / "2")
    assert rows(tmp_path / "1", problem) == rows(tmp_path / "2", problem)
    assert [entry["user_attrs"]["oracle"] for entry in dump(tmp_path / "1")] == (
        ["analytic"] * 5 + ["recorded"] * 5 + [problem.oracle] * 8
    )


@pytest.mark.usefixtures("eager")
def test_rounds_are_those_of_the_dear_oracle(tmp_path: Path) -> None:
    problem = ladder(tmp_path / "oracle")
    end = search(tmp_path / "study", replace(SETTING, runs=None, rounds=9), problem)
    assert (end.rounds, end.predicted, end.ended) == (9, 6, "rounds")


@pytest.mark.usefixtures("eager")
def test_a_crash_at_every_append_of_the_journal_changes_nothing(tmp_path: Path, crashing: type[Crashing]) -> None:
    problem, setting = ladder(tmp_path / "oracle"), replace(SETTING, runs=4, ladder_runs=4)
    search(tmp_path / "whole", setting, problem)
    whole, appends = dump(tmp_path / "whole"), crashing.appends
    assert appends == 2 + 3 * 8
    for at in range(1, appends + 1):
        folder = tmp_path / str(at)
        crashing.set(at, torn=at % 2 == 0)
        with pytest.raises(Crash):
            search(folder, setting, problem)
        crashing.set()
        assert search(folder, setting, problem).ended == "runs"
        assert dump(folder) == whole, f"crash at append {at} of {appends}"


def test_a_study_on_a_ladder_is_tuned_read_and_gone_on_with(tmp_path: Path) -> None:
    study: dict[str, Any] = {"oracle": ["analytic", "recorded"], "space": "quick", "workers": 1, "ladder": {"runs": 5}}
    tune({**study, "budget": {"runs": 2}}, out=tmp_path)
    results = tune({**study, "budget": {"runs": 5}}, out=tmp_path)
    assert results.study.oracles == ("analytic", "recorded")
    assert (results.problem.oracle, results.problem.cheaper) == ("recorded", ("analytic",))
    assert (len(results.plans), len(results.predicted)) == (10, 5)
    assert "predicted" not in (tmp_path / "front.csv").read_text(encoding="utf-8")
    assert {point.number for point in results.front().points} <= set(range(5, 10))
    assert open_results(tmp_path).search_kg == pytest.approx(results.search_kg)
    again = tune({**study, "budget": {"runs": 7}}, out=tmp_path / "at once")
    more = tune({**study, "budget": {"runs": 7}}, out=tmp_path)
    assert more.plans == again.plans


def test_another_number_of_predictions_is_another_study_but_not_without_a_ladder(command: Command) -> None:
    line = ("tune", "--set", "space=quick", "--set", "budget.runs=1", "--workers", 1, "--out")
    on_ladder = ("--set", 'oracle=["analytic","recorded"]', "--set")
    assert command(*line, "ladder", *on_ladder, "ladder.runs=2")[0] == 0
    code, _, err = command(*line, "ladder", *on_ladder, "ladder.runs=3")
    assert code == 2
    assert "holds another study: ladder.runs is 2 there and 3 here" in err
    for runs in (2, 3):
        assert command(*line, "one", "--set", "oracle=analytic", "--set", f"ladder.runs={runs}")[0] == 0


def test_the_commands_tell_predictions_from_runs(command: Command, tmp_path: Path) -> None:
    line = ("--set", 'oracle=["analytic","recorded"]', "--set", "ladder.runs=4", "--set", "space=quick")
    code, out, _ = command("tune", *line, "--dry-run")
    assert code == 0
    assert out.endswith("\nbefore them 4 runs each by analytic, not counted: they predict\n")
    code, out, err = command("tune", *line, "--set", "budget.runs=3", "--workers", 1, "--out", "study")
    assert (code, err) == (0, "")
    assert "\n3 runs, " in out
    assert "before them 4 runs were predicted by analytic: " in out
    assert "whose runs alone make the front" in out
    code, out, _ = command("runs", "study")
    assert code == 0
    assert [row.split()[:2] for row in out.splitlines()[1:8]] == (
        [[str(n), "analytic"] for n in range(4)] + [[str(n), "recorded"] for n in range(4, 7)]
    )
    with Journal.read(tmp_path / "study") as journal:
        states = [trial.state for trial in journal.trials()]
    assert states[:4] == [TrialState.PRUNED] * 4


def test_a_study_cut_short_while_it_predicts_says_that_nothing_is_confirmed(command: Command, tmp_path: Path) -> None:
    line = ("--set", 'oracle=["analytic","recorded"]', "--set", "ladder.runs=20", "--set", "space=quick")
    code, out, _ = command("tune", *line, "--set", "budget.search_kg=1e-12", "--workers", 1, "--out", "study")
    assert code == 1
    assert "budget.search_kg is spent" in out
    count = len(open_results(tmp_path / "study").predicted)
    assert 0 < count < 20
    said = f"nothing is confirmed yet: {count} runs predicted by analytic, none by recorded"
    assert said in out
    code, out, err = command("front", "study")
    assert (code, out) == (1, "")
    assert said in err
    code, out, _ = command("front", "study", "--json")
    assert (code, out.strip()) == (1, "[]")


def reached(folder: Path, runs: int) -> bool:
    return traces_in(folder) >= runs


@pytest.mark.slow
def test_kill_9_on_the_way_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    study = {"oracle": ["analytic", str(tmp_path / "slow.py")], "space": "quick", "ladder": {"runs": 6}, "workers": 2}
    script = tmp_path / "go.py"
    script.write_text(
        "import flopt\nif __name__ == '__main__':\n"
        f"    flopt.tune({ {**study, 'budget': {'runs': 8}}!r}, out={str(tmp_path / 'killed')!r})\n",
        encoding="utf-8",
    )
    for least in (3, 8):  # once while it predicts, once while it confirms
        process = subprocess.Popen([sys.executable, str(script)])
        until(partial(reached, tmp_path / "killed", least))
        process.kill()
        process.wait()
    assert traces_in(tmp_path / "killed") < 14
    one = {**study, "workers": 1, "budget": {"runs": 8}}
    killed, whole = tune(one, out=tmp_path / "killed"), tune(one, out=tmp_path / "whole")
    assert killed.plans == whole.plans
    assert (tmp_path / "killed" / "front.csv").read_bytes() == (tmp_path / "whole" / "front.csv").read_bytes()


def test_every_oracle_of_a_ladder_is_checked_before_the_search(command: Command) -> None:
    code, _, err = command("tune", "--set", 'oracle=["recorded","simulated"]', "--set", "task.alpha=0.2")
    assert code == 2
    assert err.count("\n") == 1
    for oracles, said in (("[]", "give at least one"), ('["analytic","analytic"]', "one stands twice")):
        code, _, err = command("tune", "--set", f"oracle={oracles}")
        assert (code, err.count("\n")) == (2, 1)
        assert said in err


def test_a_list_of_one_is_its_plain_name() -> None:
    assert study_of({"oracle": ["analytic"]}) == study_of({"oracle": "analytic"})
    assert problem_of(study_of({"oracle": ["analytic"]})).cheaper == ()


@pytest.mark.usefixtures("eager")
def test_a_cheap_oracle_of_ones_own_that_ends_its_process_is_a_failed_prediction(tmp_path: Path) -> None:
    text = "import os\n\ndef rounds(plan, participation, seed):\n    os._exit(9)\n    yield\n"
    (tmp_path / "leaves.py").write_text(text, encoding="utf-8")
    problem = problem_of(study_of({"oracle": [str(tmp_path / "leaves.py"), "recorded"], "space": "quick"}))
    end = search(tmp_path / "study", replace(SETTING, runs=2, ladder_runs=2), problem)
    assert (end.ended, end.predicted, end.runs, end.failed) == ("runs", 2, 2, 0)
