"""The facts of a report, against a study of five runs made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from flopt.plan import Plan
from flopt.report.facts import report_facts
from flopt.results import Results, problem_of
from flopt.study import study_of
from flopt.trace import COLUMNS, Trace

CURVES = {0: [0.2, 0.5, 0.4, 0.6], 1: [0.3, 0.7], 2: [0.1], 4: [0.2, 0.5, 0.4, 0.6]}


def trace(accuracy: list[float], *, failed: str = "") -> Trace:
    columns = {name: np.ones(len(accuracy)) for name in COLUMNS}
    columns |= {"accuracy": np.array(accuracy), "test_accuracy": np.array(accuracy) - 0.01}
    return Trace(columns, 0, "someone", "failed" if failed else "ok", failed)


@pytest.fixture
def results() -> Results:
    """Runs 0 and 4 are alike but for their work; run 3 failed, run 5 is not done."""
    study = study_of({"oracle": "analytic"})
    plans = tuple(
        Plan(rounds=4, local_epochs=e, client_fraction=0.2 if e < 3 else 0.5, client_lr=lr)
        for e, lr in ((1, 0.1), (2, 0.1), (1, 0.2), (1, 0.1), (4, 0.1), (1, 0.1))
    )
    traces = [trace(CURVES[n]) if n in CURVES else None for n in range(6)]
    traces[3] = trace([], failed="the <b>loss</b> is NaN")
    return Results(study, problem_of(study), plans, tuple(traces), 0.25)


def test_every_finished_run_is_there_with_the_rounds_that_count(results: Results) -> None:
    facts = report_facts(results)
    assert facts["runs"]["number"] == [0, 1, 2, 4]
    assert facts["runs"]["rounds"] == [[1, 2, 4], [1, 2], [1], [1, 2, 4]]
    assert facts["runs"]["length"] == [4, 2, 1, 4]
    assert (facts["runs"]["all_rounds"], facts["runs"]["kept_rounds"]) == (11, 9)
    levels, rows = facts["runs"]["columns"]["accuracy"]["levels"], facts["runs"]["columns"]["accuracy"]["rows"]
    assert [[levels[place] for place in row] for row in rows] == [[0.2, 0.5, 0.6], [0.3, 0.7], [0.1], [0.2, 0.5, 0.6]]


def test_the_works_are_those_of_the_runs(results: Results) -> None:
    facts = report_facts(results)
    works = facts["physics"]["works"]
    of_run = [works["samples"][work] for work in facts["runs"]["work"]]
    mean = results.problem.task.mean_samples
    assert of_run == [mean, 2 * mean, mean, 4 * mean]
    assert facts["runs"]["work"][0] == facts["runs"]["work"][2]
    assert facts["runs"]["clients_per_round"] == [3, 3, 3, 7]


def test_the_front_is_python_s_with_its_ranges(results: Results) -> None:
    facts, front = report_facts(results), results.front()
    assert [(point["run"], point["round"]) for point in facts["front"]] == [
        (point.number, point.run.rounds) for point in front.points
    ]
    for mine, point in zip(facts["front"], front.points, strict=True):
        assert mine["values"] == list(point.values.values())
        assert mine["ranges"][1][0] < mine["values"][1] < mine["ranges"][1][1]
        assert 0 <= mine["probability"] <= 1


def test_the_recommendation_is_the_command_s_with_the_settings_that_would_cut_it(results: Results) -> None:
    found = report_facts(results)["recommended"]
    knee = results.front().knee()
    assert (found["run"], found["round"]) == (knee.number, knee.run.rounds)
    assert found["reason"].startswith("knee")
    assert all(move["cut"] > 0 for move in found["moves"])


def test_failed_and_unfinished_runs_are_told_and_never_points(results: Results) -> None:
    facts = report_facts(results)
    assert facts["failed"] == [[3, "the <b>loss</b> is NaN"]]
    assert facts["unfinished"] == 1
    assert not {point["run"] for point in facts["front"]} & {3, 5}


def test_the_study_its_search_and_its_versions_are_said(results: Results) -> None:
    facts = report_facts(results)
    assert facts["search"] == {"co2e_kg": 0.25, "cpu_watts": 15.0, "country": "DEU", "rounds": 11}
    assert 'oracle = "analytic"' in facts["study"]["text"]
    assert {"flopt", "Python", "numpy", "torch"} <= set(facts["versions"])


def test_only_settings_that_somebody_wants_to_read_are_kept(results: Results) -> None:
    plans = report_facts(results)["runs"]["plans"]
    assert plans["local_epochs"] == [1, 2, 1, 4]
    assert "server_tau" not in plans
    assert "rounds" not in plans


@pytest.mark.parametrize("kept", [0, 1])
def test_a_study_without_runs_or_with_one_has_facts(results: Results, kept: int) -> None:
    few = replace(results, plans=results.plans[:kept], traces=results.traces[:kept])
    facts = report_facts(few)
    assert len(facts["front"]) == (0 if kept == 0 else 3)
    assert (facts["recommended"] is None) == (kept == 0)
    json.dumps(facts)


def test_all_failed(results: Results) -> None:
    failed = tuple(trace([], failed="no memory") for _ in results.plans)
    facts = report_facts(replace(results, traces=failed))
    assert (facts["front"], facts["recommended"], len(facts["failed"])) == ([], None, 6)


def test_equal_studies_have_equal_facts(results: Results) -> None:
    assert report_facts(results) == report_facts(results)
