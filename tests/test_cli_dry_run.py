"""`flopt tune --dry-run`: what a study will cost, and nothing trained into its folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.cli.dry_run import PLANS, sample_plans
from flopt.results import problem_of
from flopt.study import study_of

Command = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("oracle", ["analytic", "simulated"])
def test_it_prints_ranges_and_an_estimate_and_leaves_no_folder(command: Command, tmp_path: Path, oracle: str) -> None:
    code, out, err = command("tune", "--dry-run", "--set", f"oracle={oracle}", "--set", "space=quick", "--out", "s")
    assert (code, err) == (0, "")
    assert out.startswith("task digits/natural/mlp, 14 clients; fleet phones_europe\n")
    assert f"(predicted, {PLANS} random plans)" in out
    assert [line.split()[0] for line in out.splitlines()[2:6]] == ["CO2e", "energy", "duration", "traffic"]
    assert re.search(r"\nhere: about 100 runs, \d+ rounds, \S+ \S+ with 2 workers, \S+ \S+ CO2e \(estimated from", out)
    assert not (tmp_path / "s").exists()
    assert not (tmp_path / "studies").exists()


def test_a_started_study_is_left_as_it_is(command: Command, tmp_path: Path) -> None:
    line = ("tune", "--set", "oracle=analytic", "--set", "budget.runs=2", "--workers", 1, "--out", "s")
    assert command(*line)[0] == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "s").iterdir()}
    assert command(*line, "--dry-run")[0] == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "s").iterdir()} == before


def test_a_budget_of_rounds_bounds_the_runs(command: Command) -> None:
    code, out, _ = command("tune", "--dry-run", "--set", "oracle=analytic", "--set", "budget.rounds=100")
    assert code == 0
    assert re.search(r"here: about \d runs, 100 rounds", out)


def test_limits_that_no_plan_keeps_are_said(command: Command) -> None:
    line = ("tune", "--dry-run", "--set", "oracle=analytic", "--set", "limits.co2e.at_most=1e-30")
    code, out, err = command(*line)
    assert (code, err) == (0, "")
    assert f"none of {PLANS} random plans keeps to the limits" in out


def test_the_plans_keep_to_the_limits_and_follow_the_seed() -> None:
    tables = {"oracle": "analytic", "limits": {"co2e": {"at_most": 2e-7}}}
    problem = problem_of(study_of(tables))
    plans = sample_plans(problem, seed=0, count=16)
    assert plans
    assert all(problem.run(plan).co2e_kg <= 2e-7 for plan in plans)
    assert sample_plans(problem, seed=0, count=16) == plans
    assert sample_plans(problem, seed=1, count=16) != plans
