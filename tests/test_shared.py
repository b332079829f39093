"""A driver beside others: it takes over what a dead one has left, under its number and seed, within one budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from database import PASSWORD, program, server

from flopt.results import problem_of
from flopt.search.books import Books
from flopt.search.budget import Budget
from flopt.search.stores.postgres import Postgres
from flopt.search.stores.shared import SharedDriver
from flopt.search.strategy import Strategy
from flopt.study import study_of

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
STRATEGY = Strategy("random", 0, 4, 1, Budget(runs=6), 0.0)
DIRECTIONS = [each.direction for each in PROBLEM.objectives]


@pytest.mark.slow
def test_the_runs_of_a_dead_driver_are_taken_over_as_they_were(
    tmp_path: Path,
    needs_module: Callable[[str], None],
    needs_program: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs_module("psycopg")
    if program("initdb") is None:
        needs_program("initdb")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with server() as url:
        with Postgres.create_or_open(url, tmp_path / "s", DIRECTIONS, {"seed": 0}) as dead:
            books = Books(PROBLEM, STRATEGY, dead)
            for _ in range(3):
                assert books.propose() is not None
            left = [(trial.params, trial.user_attrs["plan"]) for trial in dead.trials()]
        with Postgres.create_or_open(url, tmp_path / "s", DIRECTIONS, {"seed": 0}) as store:
            monkeypatch.setattr(store._storage, "grace_period", -1)  # it has been silent for long
            end = SharedDriver(PROBLEM, STRATEGY, store).run()
            trials = store.trials()
        assert (end.runs, end.ended) == (6, "runs")
        assert [trial.number for trial in trials] == list(range(6))
        assert [(trial.params, trial.user_attrs["plan"]) for trial in trials[:3]] == left
        assert all("trace" in trial.user_attrs for trial in trials)
        with Postgres.create_or_open(url, tmp_path / "s", DIRECTIONS, {"seed": 0}) as store:
            longer = replace(STRATEGY, budget=Budget(runs=8))
            assert SharedDriver(PROBLEM, longer, store).run().runs == 8
