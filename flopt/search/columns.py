"""Columns: which learned objectives are nothing but a column of a round, so that a worker can read them."""

from __future__ import annotations

import numpy as np

from flopt.errors import FloptError
from flopt.objectives import Objective
from flopt.search.problem import Problem
from flopt.trace import Round, Trace

__all__ = ["LEARNED", "column_of", "made_up_trace"]

LEARNED = {
    "accuracy": "maximize",
    "loss": "minimize",
    "balanced_accuracy": "maximize",
    "auc": "maximize",
    "worst_client_accuracy": "maximize",
}
"""What a round holds that was learned from validation data, and which way is better."""


def made_up_trace(rounds: int) -> Trace:
    """A trace in which no two columns are alike at any round: an objective that equals one of them reads it."""
    numbers = np.random.default_rng(0).uniform(0.2, 0.8, (rounds, len(LEARNED)))
    made = [
        Round(clients=3, samples=100, download_bytes=1000, upload_bytes=500, **dict(zip(LEARNED, row, strict=True)))
        for row in numbers.tolist()
    ]
    return Trace.of(made, seed=0, participation="")


def column_of(problem: Problem, objective: Objective) -> str:
    """The column of a round that a learned objective is, by trying it on a made-up run; empty where it is none."""
    plan = problem.spread_runs()[-1].whole_plan
    trace = made_up_trace(min(plan.rounds, 5))
    try:
        values = objective.along(problem.run(plan, trace))
    except FloptError:  # made for real traces alone, such as one with test accuracies
        return ""
    for column, direction in LEARNED.items():
        if objective.direction == direction and np.array_equal(values, trace.columns[column]):
            return column
    return ""
