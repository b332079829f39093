"""Ensembles: runs of one plan are one, and what is expected of it stands in place of what one run happened to learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from noisy_runs import Noisy

from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.ensembles import EXPECTED, ensembles, expected_runs, same_plan
from flopt.study import study_of
from flopt.trace import COLUMNS, Trace

TASK = problem_of(study_of({"oracle": "analytic"})).task


def trace(accuracy: np.ndarray, seed: int = 0, **columns: np.ndarray) -> Trace:
    blank = {name: np.full(len(accuracy), np.nan) for name in COLUMNS}
    ones = {name: np.ones(len(accuracy)) for name in ("loss", "clients", "samples", "download_bytes", "upload_bytes")}
    return Trace({**blank, **ones, "accuracy": accuracy, **columns}, seed, "someone")


def test_plans_that_differ_in_rounds_only_are_one_unless_rounds_change_what_they_do() -> None:
    assert same_plan(Plan(rounds=3)) == same_plan(Plan(rounds=30))
    assert same_plan(Plan(rounds=3)) != same_plan(Plan(rounds=3, local_epochs=7))
    assert same_plan(Plan(rounds=3, schedule="cosine")) != same_plan(Plan(rounds=30, schedule="cosine"))


def test_an_ensemble_has_the_longest_run_of_each_seed() -> None:
    plans = [Plan(rounds=2), Plan(rounds=5), Plan(rounds=5, local_epochs=9), Plan(rounds=5), Plan(rounds=4)]
    lengths, seeds = [2, 5, 5, 5, 4], [0, 1, 0, 2, 0]
    traces: list[Trace | None] = [trace(np.full(n, 0.5), seed) for n, seed in zip(lengths, seeds, strict=True)]
    found = ensembles(
        [*plans, Plan(rounds=9), Plan(rounds=9)], [*traces, None, replace(trace(np.ones(9)), status="failed")]
    )
    assert [each.number for each in found] == [1, 2]
    assert found[0].lengths == (5, 5, 4)
    assert [each.seed for each in found[0].traces] == [1, 2, 0]
    assert found[0].plan.rounds == 5


def test_where_nothing_tells_of_noise_means_stand() -> None:
    runs: list[Trace | None] = [trace(np.array([0.2, 0.4]), 0), trace(np.array([0.4, 0.8, 0.9]), 1)]
    [found] = expected_runs(ensembles([Plan(rounds=2), Plan(rounds=3)], runs), TASK)
    assert found.trace.accuracy == pytest.approx([0.3, 0.6, 0.9])
    assert found.spreads == {}


def test_the_expected_run_keeps_its_physics_and_its_test_accuracy_is_a_plain_mean() -> None:
    noisy = Noisy.drawn(np.random.default_rng(0), plans=8, rounds=20)
    plans = [Plan(rounds=20, local_epochs=1 + p) for p in range(8)] + [Plan(rounds=20, local_epochs=1)]
    runs: list[Trace | None] = [
        trace(np.clip(noisy.run(p, 0), 0, 1), 0, test_accuracy=np.full(20, p / 10), samples=np.full(20, 7.0 + p))
        for p in range(8)
    ]
    runs.append(trace(np.clip(noisy.run(0, 1), 0, 1), 1, test_accuracy=np.full(20, 0.5)))
    found = expected_runs(ensembles(plans, runs), TASK)
    assert len(found) == 8
    assert set(found[0].spreads) == {"accuracy", "loss"}  # the other columns are not there
    assert found[0].trace.columns["test_accuracy"] == pytest.approx(0.25)
    assert found[3].trace.columns["test_accuracy"] == pytest.approx(0.3)
    assert found[3].trace.columns["samples"] == pytest.approx(10.0)
    rough = [np.abs(np.diff(each.trace.accuracy, 2)).mean() for each in (found[3], found[0])]
    first, second = runs[3], runs[0]
    assert first is not None
    assert second is not None
    assert rough[0] < np.abs(np.diff(first.accuracy, 2)).mean() / 2  # smooth, where the run was not
    assert rough[1] < np.abs(np.diff(second.accuracy, 2)).mean() / 2
    assert set(EXPECTED) < set(COLUMNS)
    assert "test_accuracy" not in EXPECTED  # what chooses must not look at it
