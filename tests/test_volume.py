"""The volume: shares of a box that is fixed before the search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.objectives import Objective
from flopt.results import Results, rescored
from flopt.search.volume import Box, Growth, box_of

GAIN = Objective("accuracy", lambda _: 0.0, "maximize", "")
COST = Objective("co2e", lambda _: 0.0, "minimize", "kg")
BOX = Box((GAIN, COST), np.array([0.2, 1e-3]), np.array([1.0, 1e-7]), (False, True))


def test_shares_worked_by_hand() -> None:
    assert BOX.share(np.array([[0.6, 1e-5]])) == pytest.approx(0.5 * 0.5)
    assert BOX.share(np.array([[1.0, 1e-7]])) == 1.0
    assert BOX.share(np.array([[0.1, 1e-6]])) == 0.0  # worse than the worst
    assert BOX.share(np.array([[1.0, 1e-9]])) == 1.0  # better than the best counts no more
    two = np.array([[0.6, 1e-5], [0.8, 1e-4]])
    assert BOX.share(two) == pytest.approx(0.25 + 0.25 * 0.25)


def test_growth_keeps_what_is_not_dominated() -> None:
    growth = Growth(BOX)
    assert growth.share == 0.0
    growth.add(np.array([[0.6, 1e-5], [0.5, 1e-4]]))
    growth.add(np.empty((0, 0)))  # a failed run
    growth.add(np.array([[0.8, 1e-4]]))
    assert sorted(growth.values.tolist()) == [[0.6, 1e-5], [0.8, 1e-4]]
    assert growth.share == pytest.approx(0.3125)


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), max_size=5), min_size=1, max_size=6))
def test_growth_does_not_depend_on_how_many_runs_are_taken_up_at_once(runs: list[list[tuple[int, int]]]) -> None:
    tables = [np.array(run, dtype=np.float64).reshape(-1, 2) for run in runs]
    one_by_one, at_once = Growth(BOX), Growth(BOX)
    for table in tables:
        one_by_one.add(table)
    at_once.add(np.concatenate(tables))
    assert one_by_one.values.tolist() == at_once.values.tolist()


def test_the_box_needs_no_run(five_runs: Results) -> None:
    empty, full = box_of(five_runs.problem), box_of(five_runs.problem, five_runs.candidates())
    assert empty.worst.tolist() == full.worst.tolist()
    assert empty.best.tolist() == full.best.tolist()
    assert empty.worst[0] == five_runs.problem.task.majority_share
    assert empty.best[0] == 1.0
    assert empty.logged == (False, True)
    assert empty.worst[1] > empty.best[1] > 0


def test_one_and_five_objectives_have_a_box(five_runs: Results) -> None:
    for names in (["accuracy"], ["accuracy", "co2e", "energy", "duration", "traffic"]):
        results = rescored(five_runs, names)
        points = [[point.values[name] for name in names] for point in results.front().points]
        assert 0 < box_of(results.problem).share(np.array(points)) < 1
