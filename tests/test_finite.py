"""The finite part of a run: what turns NaN counts up to there, and says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flopt import Objective, Run, objective
from flopt.catalogue import load_objective
from flopt.errors import FloptError
from flopt.oracles.analytic import analytic
from flopt.plan import Plan
from flopt.results import open_results, problem_of
from flopt.search.finite import finite_part
from flopt.search.problem import Limit, Problem
from flopt.study import study_of
from flopt.trace import Trace, record
from flopt.tuning import tune

Command = Callable[..., tuple[int, str, str]]

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
PLAN = Plan(rounds=40)
CO2E = load_objective("co2e")


def breaking(after: int, value: float = math.nan) -> Objective:
    """The error rate; something else from the round `after` on."""

    @objective(direction="minimize", unit="")
    def odd(run: Run) -> float:
        return value if run.rounds >= after else 1 - run.accuracy

    return odd


def with_objectives(*objectives: Objective) -> Problem:
    return replace(PROBLEM, objectives=objectives)


def trained() -> Trace:
    participation = PROBLEM.participation(PLAN, 0)
    return record(analytic(PROBLEM.task)(PLAN, participation, 0), seed=0, participation=participation.fingerprint)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_run_counts_up_to_the_round_before_and_says_so(value: float) -> None:
    trace = trained()
    kept = finite_part(with_objectives(breaking(37, value), CO2E), PLAN, trace)
    assert (len(kept), kept.status) == (36, "stopped")
    assert kept.reason == "kept up to round 36: objective 'odd' is no finite number after round 37"
    assert kept.accuracy.tolist() == trace.accuracy[:36].tolist()


def test_a_limit_counts_as_an_objective_does() -> None:
    problem = replace(with_objectives(CO2E), limits=(Limit(breaking(5), at_most=0.5),))
    assert len(finite_part(problem, PLAN, trained())) == 4


def test_the_first_that_breaks_decides() -> None:
    problem = with_objectives(breaking(30), replace(breaking(9), name="worse"))
    kept = finite_part(problem, PLAN, trained())
    assert (len(kept), "'worse'" in kept.reason) == (8, True)


def test_a_run_without_a_finite_round_has_failed() -> None:
    kept = finite_part(with_objectives(breaking(1)), PLAN, trained())
    assert (kept.status, kept.reason) == ("failed", "objective 'odd' is no finite number after round 1")


def test_what_is_finite_or_failed_or_breaks_otherwise_is_left_alone() -> None:
    trace = trained()
    failed = replace(trace, status="failed", reason="round 41: no")

    @objective(direction="minimize", unit="")
    def raising(run: Run) -> float:
        return 1 / (run.accuracy - run.accuracy) if run.rounds > 3 else run.accuracy

    for problem, given in (
        (with_objectives(breaking(41), CO2E), trace),
        (with_objectives(breaking(3), CO2E), failed),
        (with_objectives(raising, CO2E), trace),
    ):
        assert finite_part(problem, PLAN, given) is given


def test_a_gap_in_the_middle_ends_it_too() -> None:
    @objective(direction="minimize", unit="")
    def gap(run: Run) -> float:
        return math.nan if run.rounds in (7, 20, 40) else 1 - run.accuracy

    assert gap.finite_rounds(PROBLEM.run(PLAN, trained())) == 6


ODD = """
import math
from flopt import objective

@objective(direction='minimize', unit='')
def learned(run):
    return math.nan if run.rounds >= 37 else 1 - run.accuracy

@objective(direction='minimize', unit='L')
def known(run):
    return math.nan if run.rounds >= 37 else 1.8 * run.energy_kwh

@objective(direction='minimize', unit='L')
def gap(run):
    return math.nan if run.rounds == 37 else 1.8 * run.energy_kwh

@objective(direction='minimize', unit='L')
def sometimes(run):
    return math.nan if run.rounds >= 37 and run.plan.local_epochs == 2 else 1.8 * run.energy_kwh
"""
"""No number from round 37 on: what is learned; what is known beforehand; in that round only; for a few plans only."""


@pytest.mark.parametrize("sampler", ["trajectory", "random", "tpe"])
@pytest.mark.parametrize("name", ["learned", "known", "gap", "sometimes"])
def test_a_study_goes_on_and_tells_of_it(command: Command, tmp_path: Path, name: str, sampler: str) -> None:
    (tmp_path / "odd.py").write_text(ODD, encoding="utf-8")
    (tmp_path / "long.toml").write_text(
        "rounds = { low = 38, high = 60 }\nlocal_epochs = { low = 1, high = 5 }\n", encoding="utf-8"
    )
    keys = ("space=long.toml", "oracle=analytic", "stopping=none", "budget.runs=12", "replicates=0", "workers=1")
    words = [f"--set={key}" for key in (*keys, f"sampler={sampler}")]
    other = "co2e" if name == "learned" else "accuracy"
    code, _, err = command("tune", "--out", "study", "--objective", f"odd.py:{name}", "--objective", other, *words)
    assert code == 0, err
    results = open_results(tmp_path / "study")
    broken = [plan.local_epochs == 2 or name != "sometimes" for plan in results.plans]
    lengths = [len(trace) for trace in results.traces if trace]
    whole = [plan.rounds for plan in results.plans]
    assert lengths == [36 if cut else rounds for cut, rounds in zip(broken, whole, strict=True)]
    assert 36 in lengths
    assert f"run {lengths.index(36)}: kept up to round 36: objective '{name}' is no finite number after round 37" in err
    assert command("front", "study")[0] == 0


def test_with_the_default_stopping_too(command: Command, tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(ODD, encoding="utf-8")
    (tmp_path / "long.toml").write_text("rounds = { low = 38, high = 60 }\n", encoding="utf-8")
    keys = ("space=long.toml", "oracle=analytic", "budget.runs=6", "workers=1")
    words = [f"--set={key}" for key in keys]
    for name, other in (("learned", "co2e"), ("known", "accuracy")):
        line = ("tune", "--out", name, "--objective", f"odd.py:{name}", "--objective", other, *words)
        code, _, err = command(*line)
        assert (code, "kept up to round 36" in err) == (0, True)
        assert command("front", name)[0] == 0


def test_it_is_proposed_alike_whatever_was_looked_at_before(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(ODD, encoding="utf-8")
    (tmp_path / "long.toml").write_text(
        "rounds = { low = 30, high = 60 }\nlocal_epochs = { low = 1, high = 5 }\n", encoding="utf-8"
    )
    study: dict[str, Any] = {
        "space": str(tmp_path / "long.toml"),
        "objectives": ["accuracy", f"{tmp_path}/odd.py:sometimes"],
    }
    study |= {"oracle": "analytic", "workers": 1, "lag": 2, "replicates": 0}
    whole = tune({**study, "budget": {"runs": 14}}, out=tmp_path / "whole").plans
    for runs in (5, 9, 14):  # each time by a proposer that begins anew
        again = tune({**study, "budget": {"runs": runs}}, out=tmp_path / "again").plans
    assert again == whole


def test_an_objective_that_is_never_a_number_is_refused_before_the_search(command: Command, tmp_path: Path) -> None:
    (tmp_path / "never.py").write_text(
        "from flopt import objective\n\n\n@objective(direction='minimize', unit='')\n"
        "def never(run):\n    return run.accuracy * float('nan')\n",
        encoding="utf-8",
    )
    code, _, err = command("tune", "--out", "study", "--objective", "never.py", "--set", "oracle=analytic")
    assert (code, "gave nan for run at round 1" in err) == (2, True)
    assert not (tmp_path / "study").exists()


def test_an_upper_bound_below_a_lower_one_is_refused() -> None:
    with pytest.raises(FloptError, match=r"limits\.co2e: at_least 2 is above at_most 1"):
        Limit(CO2E, at_least=2.0, at_most=1.0)
