"""Columns: an objective that is one is found, whatever its name; one that computes something is not."""

from __future__ import annotations

import pytest

from flopt import Run, objective
from flopt.catalogue import load_objective
from flopt.results import problem_of
from flopt.search.columns import LEARNED, column_of, made_up_trace
from flopt.study import study_of

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))


def test_accuracy_and_the_like_are_columns() -> None:
    assert column_of(PROBLEM, load_objective("accuracy")) == "accuracy"

    @objective(direction="maximize", unit="")
    def fairness(run: Run) -> float:
        return float(run.trace.columns["worst_client_accuracy"][-1])

    @objective(direction="minimize", unit="nat")
    def badness(run: Run) -> float:
        return run.loss

    assert column_of(PROBLEM, fairness) == "worst_client_accuracy"
    assert column_of(PROBLEM, badness) == "loss"


def test_what_is_computed_from_a_column_is_none() -> None:
    error = objective(direction="minimize", unit="")(lambda run: 1 - run.accuracy)
    backwards = objective(direction="minimize", unit="")(lambda run: run.accuracy)
    assert column_of(PROBLEM, error) == ""
    assert column_of(PROBLEM, backwards) == ""
    tested = objective(direction="maximize", unit="")(lambda run: float(run.trace.columns["test_accuracy"][-1]))
    assert column_of(PROBLEM, tested) == ""  # a made-up trace has none


@pytest.mark.parametrize("rounds", [1, 7])
def test_no_two_columns_of_the_made_up_trace_are_alike(rounds: int) -> None:
    trace = made_up_trace(rounds)
    assert len({trace.columns[name].tobytes() for name in LEARNED}) == len(LEARNED)
