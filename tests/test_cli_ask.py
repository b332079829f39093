"""`flopt ask`: one JSON object on one line, exit 1 where there is no run to train now."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flopt.plan import Plan
from flopt.results import open_results, problem_of
from flopt.study import study_of

Command = Callable[..., tuple[int, str, str]]

QUICK = tuple(f"--set={key}" for key in ("space=quick", "stopping=none", "lag=2", "budget.runs=3"))


def asked(said: tuple[int, str, str], code: int = 0) -> dict[str, Any]:
    assert (said[0], said[2]) == (code, ""), said
    assert said[1].count("\n") == 1
    found: dict[str, Any] = json.loads(said[1])
    return found


def test_a_run_comes_with_all_that_its_training_needs_and_with_its_price(command: Command, tmp_path: Path) -> None:
    run = asked(command("ask", "mine", *QUICK))
    problem, plan = problem_of(study_of({"space": "quick"})), Plan.of(run["plan"])
    participation = problem.participation(plan, run["seed"])
    assert (run["number"], run["seed"], run["rounds"], run["untold"]) == (0, 0, plan.rounds, [0])
    assert run["drawn"] == participation.selected.tolist()
    assert run["clients"] == [participation.users(index).tolist() for index in range(plan.rounds)]
    predicted = problem.run(plan)
    assert run["expected_co2e_kg_so_far"][-1] == predicted.co2e_kg
    assert run["expected_energy_kwh_so_far"][-1] == predicted.energy_kwh
    assert len(run["expected_co2e_kg_so_far"]) == len(run["expected_energy_kwh_so_far"]) == plan.rounds
    assert open_results(tmp_path / "mine").plans == (plan,)


def test_an_untold_run_is_asked_again_and_another_on_demand(command: Command) -> None:
    first = asked(command("ask", "mine", *QUICK))
    assert asked(command("ask", "mine")) == first
    another = asked(command("ask", "mine", "--another"))
    assert (another["number"], another["untold"]) == (1, [0, 1])
    waits = asked(command("ask", "mine", "--another"), 1)
    assert waits == {
        "number": None,
        "untold": [0, 1],
        "why": "asked and not told: 0, 1; the next proposal waits for run 0 (lag = 2)",
    }


def test_no_plan_within_the_limits_is_exit_1(command: Command) -> None:
    limits = ("--set", "limits.co2e.at_most=1e-15")
    end = asked(command("ask", "mine", *QUICK, *limits), 1)
    assert (end["number"], end["untold"]) == (None, [])
    assert end["why"].startswith("no plan found keeps to co2e at most 1e-15 kg; the nearest has co2e ")


def test_the_study_is_that_of_the_file_then_of_the_folder(command: Command, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('space = "quick"\nseed = 4\n[budget]\nruns = 7\n', encoding="utf-8")
    run = asked(command("ask", "mine", "my.toml", "--objective", "co2e"))
    assert run["seed"] == 4
    assert asked(command("ask", "mine"))["plan"] == run["plan"]
    study = open_results(tmp_path / "mine").study
    assert (study.objectives, study.oracle, study.budget.runs) == (("co2e",), "told", 7)
    asked(command("ask", "mine", "--set", "budget.runs=9"))  # a budget may grow
    assert open_results(tmp_path / "mine").study.budget.runs == 9


WRONG = {
    "another study": (("mine", "--set", "seed=9"), "mine holds another study: seed is 0 there and 9 here"),
    "no file": (("mine", "nowhere.toml"), "nowhere.toml"),
    "a bad key": (("mine", "--set", "budgte.runs=3"), "did you mean 'budget'"),
    "minutes": (("mine", "--set", "budget.minutes=3"), "budget.minutes: no clock runs between one flopt ask and"),
    "a file": (("my.txt",), "my.txt: "),
    "a tuned folder": (("tuned",), "oracle is 'analytic' there and 'told' here"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_misuse_is_one_line_and_changes_nothing(command: Command, tmp_path: Path, name: str) -> None:
    arguments, line = WRONG[name]
    asked(command("ask", "mine", *QUICK))
    (tmp_path / "my.txt").touch()
    if name == "a tuned folder":
        tuned = ("--set", "space=quick", "--set", "oracle=analytic", "--set", "budget.runs=1", "--workers", "1")
        assert command("tune", "--out", "tuned", *tuned)[0] == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "queue.lock"}
    code, out, err = command("ask", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert line in err
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "queue.lock"}
    assert after == before
