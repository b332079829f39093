"""The books: the same proposals for the same results, in whatever order and process they come."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from flopt.oracles.analytic import analytic
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search import samplers
from flopt.search.books import Books, Progress
from flopt.search.budget import Budget
from flopt.search.driver import Driver
from flopt.search.stores.storage import Journal
from flopt.search.strategy import Strategy
from flopt.seeds import stream
from flopt.study import study_of
from flopt.trace import Trace, record

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
LAG = 4
RUNS = 16


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sampler learns after a few runs; and no waiting for disks."""
    monkeypatch.setattr(samplers, "STARTUP_RUNS", 3)
    monkeypatch.setattr(os, "fsync", lambda _: None)


def strategy(runs: int = RUNS, rounds: int | None = None) -> Strategy:
    return Strategy("tpe", 0, LAG, 1, Budget(runs=runs, rounds=rounds), 0.0)


def journal(folder: Path) -> Journal:
    return Journal.create_or_open(folder, [each.direction for each in PROBLEM.objectives], {})


def trained(plan: Plan, seed: int) -> Trace:
    participation = PROBLEM.participation(plan, seed)
    rounds = analytic(PROBLEM.task)(plan, participation, seed)
    return record(rounds, seed=seed, participation=participation.fingerprint)


def driven(folder: Path, plan: Strategy) -> list[Plan]:
    with journal(folder) as open_journal:
        Driver(PROBLEM, plan, open_journal).run()
        return [Plan.of(trial.user_attrs["plan"]) for trial in open_journal.trials()]


def kept(folder: Path, order: np.random.Generator, budget: Strategy, reopen_every: int = 10**6) -> list[Plan]:
    """Plans of a search whose runs end in random order, and whose books are closed every so often."""
    done = False
    while not done:
        with journal(folder) as open_journal:
            books = Books(PROBLEM, budget, open_journal)
            for _ in range(reopen_every):
                done = step(books, order)
                if done:
                    break
            plans = [proposal.plan for proposal in books.proposals]
    return plans


def step(books: Books, order: np.random.Generator) -> bool:
    """Propose what is due, or else store any one run; whether all is done."""
    while not books.due() and books.tell_next():
        pass
    if books.due() and not books.ended():
        assert books.propose() is not None
        return False
    open_runs = books.untrained()
    if open_runs:
        number = int(order.choice(open_runs))
        proposal = books.proposals[number]
        books.store(number, trained(proposal.plan, proposal.seed), 0.5)
    return not open_runs


@pytest.mark.parametrize("rounds", [None, 120])
@pytest.mark.parametrize("reopen_every", [1, 3, 10**6])
def test_any_order_of_results_and_any_restart_give_the_drivers_proposals(
    tmp_path: Path, reopen_every: int, rounds: int | None
) -> None:
    budget = strategy(rounds=rounds)
    expected = driven(tmp_path / "driven", budget)
    assert kept(tmp_path / "kept", stream(3, "order"), budget, reopen_every) == expected
    assert len(expected) == RUNS or rounds is not None


def test_what_is_open_and_what_is_told_is_told(tmp_path: Path) -> None:
    reports: list[Progress] = []
    with journal(tmp_path) as open_journal:
        books = Books(PROBLEM, strategy(), open_journal, reports.append)
        while books.due():
            books.propose()
        assert (books.untrained(), books.all_told(), books.tell_next()) == ([0, 1, 2, 3], False, False)
        books.store(1, trained(books.proposals[1].plan, 0), 2.0)
        assert (books.untrained(), books.tell_next(), books.due()) == ([0, 2, 3], False, False)
        books.store(0, trained(books.proposals[0].plan, 0), 1.0)
        assert (books.tell_next(), books.due()) == (True, True)
        assert books.tell_next()
        assert [report.runs for report in reports] == [1, 2]
        assert books.progress("why").ended == "why"
        assert books.progress().cpu_s == 3.0
        assert _states(open_journal) == ["COMPLETE", "COMPLETE", "RUNNING", "RUNNING"]


def _states(open_journal: Journal) -> Sequence[str]:
    return [trial.state.name for trial in open_journal.trials()]


def test_a_failed_and_a_stopped_run_end_as_such(tmp_path: Path) -> None:
    with journal(tmp_path) as open_journal:
        books = Books(PROBLEM, strategy(), open_journal)
        for _ in range(2):
            books.propose()
        books.store(0, Trace.of([], seed=0, participation="", status="failed", reason="round 1: no"), 0.0)
        whole = trained(books.proposals[1].plan, 0)
        books.store(1, Trace(whole.columns, 0, whole.participation, "stopped", "enough"), 0.0)
        while books.tell_next():
            pass
        assert _states(open_journal) == ["FAIL", "PRUNED"]
        assert (books.progress().failed, books.progress().rounds) == (1, len(whole))
        assert books.progress().latest.shape == (len(whole), 2)
