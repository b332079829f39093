"""A study folder opened for reading: its runs, its front, other objectives on the old runs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flopt.errors import FloptError
from flopt.reading.table import front_rows
from flopt.results import STUDY_FILE, Results, kg_per_cpu_s, open_results, problem_of, rescored, results_of, runnable
from flopt.search.executors.memory import Memory
from flopt.search.proposer import Proposer
from flopt.study import load_study, study_of
from flopt.trace import Trace


def revised(folder: Path, copy: Path, *settings: str) -> Path:
    """A copy of a study folder, whose study file has been edited by hand."""
    shutil.copytree(folder, copy)
    text = load_study(copy / STUDY_FILE, settings).to_toml()
    (copy / STUDY_FILE).write_text(text, encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def results(analytic_study: Path) -> Results:
    return open_results(analytic_study)


def test_a_folder_gives_back_its_study_and_every_run(results: Results) -> None:
    assert results.study.budget.runs == len(results.plans) == len(results.traces) == 16
    assert results.failed == {}
    assert results.repaired_bytes == 0
    for plan, trace in zip(results.plans, results.traces, strict=True):
        assert trace is not None
        assert len(trace) == plan.rounds or trace.status == "stopped"


def test_the_search_s_own_emissions_are_seconds_times_watts_times_the_grid(results: Results) -> None:
    # 15 W for one hour are 0.015 kWh; Germany's grid has 344.14 g/kWh.
    assert kg_per_cpu_s(results.study) * 3600 == pytest.approx(0.015 * 0.34414, rel=1e-12)
    france = study_of({"search": {"country": "FRA", "cpu_watts": 30}})
    assert kg_per_cpu_s(france) * 3600 == pytest.approx(0.030 * 0.044179, rel=1e-12)
    assert results.search_kg > 0


def test_reading_does_not_change_the_folder(analytic_study: Path) -> None:
    before = {path.name: path.read_bytes() for path in analytic_study.iterdir()}
    open_results(analytic_study).front()
    assert {path.name: path.read_bytes() for path in analytic_study.iterdir()} == before


def test_failed_and_unfinished_runs_are_no_candidates(results: Results) -> None:
    failed = Trace.of([], seed=0, participation="", status="failed", reason="round 1: boom")
    broken = replace(results, traces=(failed, None, *results.traces[2:]))
    assert broken.failed == {0: "round 1: boom"}
    assert [candidate.number for candidate in broken.candidates()] == list(range(2, 16))
    assert not {point.number for point in broken.front().points} & {0, 1}


def test_a_point_keeps_to_the_limits_of_its_study(analytic_study: Path, tmp_path: Path) -> None:
    whole = open_results(analytic_study).front()
    limits = ("limits.accuracy.at_least=0.7", "limits.co2e.at_most=2e-7")
    results = open_results(revised(analytic_study, tmp_path / "limited", *limits))
    points = results.front().points
    assert 0 < len(points) < len(whole)
    for point in points:
        assert point.values["accuracy"] >= 0.7
        assert point.values["co2e"] <= 2e-7
    assert {(p.number, p.run.rounds) for p in points} == {
        (p.number, p.run.rounds)
        for p in whole.points
        if p.values["accuracy"] >= 0.7 and p.values["co2e"] <= 2e-7
    }  # fmt: skip
    for candidate in results.candidates():
        along = candidate.run.along()
        inside = (np.asarray(along.accuracy) >= 0.7) & (np.asarray(along.co2e_kg) <= 2e-7)
        assert (candidate.allowed == inside).all()


def test_old_runs_are_scored_again_under_other_objectives(results: Results, tmp_path: Path) -> None:
    (tmp_path / "water.py").write_text(
        "from flopt import objective\n"
        "@objective(direction='minimize', unit='L')\n"
        "def water(run):\n    return 1.8 * run.energy_kwh\n",
        encoding="utf-8",
    )
    again = rescored(results, ["accuracy", f"{tmp_path}/water.py", "duration"])
    front = again.front()
    assert [objective.name for objective in front.objectives] == ["accuracy", "water", "duration"]
    for point in front.points:
        assert point.values["water"] == pytest.approx(1.8 * point.run.energy_kwh, rel=1e-15)
    # Every point of the old front that is cheap in energy too is not lost for nothing: same best accuracy.
    best = max(point.values["accuracy"] for point in results.front().points)
    assert max(point.values["accuracy"] for point in front.points) == best
    assert again.problem.limits == results.problem.limits


def test_an_objective_that_stands_twice_is_refused(results: Results) -> None:
    with pytest.raises(FloptError, match="'co2e' stands twice"):
        rescored(results, ["co2e", "co2e"])
    with pytest.raises(FloptError, match="'co2e' stands twice"):
        problem_of(study_of({"objectives": ["co2e", "objectives/co2e.py"]}).anchored(Path(__file__).parent.parent))


def test_another_country_costs_no_training(analytic_study: Path, tmp_path: Path) -> None:
    old = open_results(analytic_study)
    new = open_results(revised(analytic_study, tmp_path / "moved", "pricing.country=FRA"))
    for before, after in zip(old.candidates(), new.candidates(), strict=True):
        assert after.run.accuracy == before.run.accuracy
        assert after.run.energy_kwh == before.run.energy_kwh
        assert after.run.co2e_kg == pytest.approx(before.run.energy_kwh * 0.044179, rel=1e-12)


def test_a_study_names_each_thing_that_it_cannot_find() -> None:
    unknown: list[tuple[dict[str, Any], str]] = [
        ({"space": "quik"}, "study: space: no search space 'quik'; did you mean 'quick'?"),
        ({"objectives": ["co2"]}, "study: objectives: no objective 'co2'; did you mean 'co2e'?"),
        ({"limits": {"co2": {"at_most": 1}}}, "study: limits: no objective 'co2'; did you mean 'co2e'?"),
        ({"fleet": {"use": "jetsonlab"}}, "study: fleet.use: no fleet 'jetsonlab'; did you mean 'jetson_lab'?"),
        ({"task": {"data": "digit"}}, "study: task: no data set 'digit'; did you mean 'digits'?"),
    ]
    for tables, word in unknown:
        with pytest.raises(FloptError) as caught:
            problem_of(study_of(tables))
        assert str(caught.value).startswith(word)


def test_a_population_rescales_the_price_and_nothing_else(analytic_study: Path, tmp_path: Path) -> None:
    old = open_results(analytic_study)
    new = open_results(revised(analytic_study, tmp_path / "many", "fleet.population=14_000_000"))
    for before, after in zip(old.candidates(), new.candidates(), strict=True):
        assert after.run.accuracy == before.run.accuracy
        assert after.run.co2e_kg > 1000 * before.run.co2e_kg
    row, point = front_rows(new.front(), new.problem)[0], new.front().points[0]
    own = old.problem.realised(point.run.plan, seed=0)
    assert row["realised_co2e_kg"] == float(own.co2e_kg.total.sum())  # what was trained here: the task's own clients


def test_runs_that_a_fleet_cannot_do_are_no_candidates(results: Results) -> None:
    assert runnable(results)[1] == []
    crowded = replace(results.problem, fleet=replace(results.problem.fleet, over_selection=1.0))
    left, out = runnable(replace(results, problem=crowded))
    drawn = [results.problem.task.clients_per_round(plan.client_fraction) for plan in results.plans]
    assert out == [number for number, clients in enumerate(drawn) if 2 * clients > 14]
    assert [candidate.number for candidate in left.candidates()] == sorted(set(range(16)) - set(out))


def test_a_run_that_a_search_adds_meanwhile_is_left_for_the_next_look() -> None:
    study = study_of({"oracle": "analytic"})
    problem = problem_of(study)
    proposer = Proposer(problem, "random", "none", 0)

    class Growing(Memory):
        """A store that somebody else writes to between the two looks of a reader."""

        def traces(self) -> list[Trace | None]:
            self.grow()
            return super().traces()

        def grow(self) -> None:
            proposal = proposer.next(len(self.trials()), [], [], None)
            assert proposal is not None
            self.add(proposal.trial, proposal.attributes())

    store = Growing(["maximize", "minimize"])
    store.grow()
    assert len(results_of(study, problem, store).traces) == 1
    assert len(results_of(study, problem, store).plans) == 2


def test_candidates_are_worked_out_once_and_anew_under_another_price(results: Results) -> None:
    first = results.candidates()
    first.clear()  # the list is the reader's own
    assert all(one is other for one, other in zip(results.candidates(), results.candidates(), strict=True))
    dear = replace(results, problem=replace(results.problem, population=1e6))
    assert dear.candidates()[0].run.co2e_kg > results.candidates()[0].run.co2e_kg
