"""The payoff: hypervolume per kilogram over the last runs."""

from __future__ import annotations

import numpy as np
import pytest

from flopt.results import problem_of
from flopt.search.budget import Budget, Spent
from flopt.search.payoff import LEAST_RUNS, Payoff
from flopt.search.volume import box_of
from flopt.study import study_of

PROBLEM = problem_of(study_of({"oracle": "analytic"}))


def test_nothing_is_said_before_there_are_runs_enough_or_emissions() -> None:
    gain, free = Payoff(PROBLEM), Payoff(PROBLEM)
    for _ in range(LEAST_RUNS - 1):
        gain.add(np.empty((0, 2)), 1.0)
        free.add(np.empty((0, 2)), 0.0)
    assert gain.per_kg is None
    gain.add(np.empty((0, 2)), 1.0)
    free.add(np.empty((0, 2)), 0.0)
    assert gain.per_kg == 0.0
    assert free.per_kg is None


def test_it_is_the_hypervolume_that_the_last_runs_added_per_kg() -> None:
    gain, box = Payoff(PROBLEM), box_of(PROBLEM)
    middle = np.sqrt(box.worst[1] * box.best[1])
    early, late = np.array([[0.5, middle]]), np.array([[0.75, middle]])
    gain.add(early, 1.0)
    for _ in range(LEAST_RUNS - 1):
        gain.add(np.empty((0, 2)), 1.0)
    assert gain.per_kg == pytest.approx(box.share(early) / LEAST_RUNS)
    gain.add(late, 3.0)
    assert gain.per_kg == pytest.approx((box.share(late) - box.share(early)) / (LEAST_RUNS + 2))


def test_a_search_ends_where_too_little_is_expected() -> None:
    budget = Budget(runs=100, least_gain_per_kg=2.0)
    assert budget.ended(Spent(50, 500, 1.0, 1.0, None)) == ""
    assert budget.ended(Spent(50, 500, 1.0, 1.0, 2.1)) == ""
    assert budget.ended(Spent(50, 500, 1.0, 1.0, 1.9)) == "least_gain_per_kg"
    assert budget.ended(Spent(100, 500, 1.0, 1.0, 1.9)) == "runs"
