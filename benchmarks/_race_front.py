"""The front that flopt itself reports: of expected values, from all runs of a search so far."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from _race_score import Evidence, Scorer, Trail, Training
from numpy.typing import NDArray

from flopt.fronts import Candidate, Front, find_front
from flopt.search.ensembles import ensembles, expected_columns
from flopt.trace import Round, Status, Trace

__all__ = ["expected_front", "expected_trail", "looks"]

Array = NDArray[np.float64]

STEP = 1.25
"""The front is worked out whenever a search has trained this many times as many rounds as the last time."""


def looks(trainings: Sequence[Training]) -> list[int]:
    """After how many runs the front is worked out, from 50 rounds on; the last run is one of them."""
    found, due, rounds = [], 50.0, 0
    for number, training in enumerate(trainings, 1):
        rounds += training.rounds
        if rounds >= due or number == len(trainings):
            found.append(number)
            due = max(due, float(rounds)) * STEP
    return found


def expected_front(world: Evidence, trainings: Sequence[Training]) -> Front:
    """What `flopt front` would print of these runs; a point's number is that of a training."""
    plans = [world.plan(each.row) for each in trainings]
    traces = [_trace(world, each) for each in trainings]
    found = expected_columns(ensembles(plans, traces), world.problem.task, ("accuracy",))
    runs = world.problem.runs([each.ensemble.plan for each in found], [each.trace for each in found])
    candidates = [
        Candidate(each.ensemble.number, run, np.ones(run.length, dtype=bool), each.ensemble.lengths, each.spreads)
        for each, run in zip(found, runs, strict=True)
    ]
    return find_front(candidates, world.problem.objectives)


def expected_trail(scorer: Scorer, trainings: Sequence[Training]) -> Trail:
    """Score a search by the front that flopt reports; `seen` is then the hypervolume that it reports."""
    ends = looks(trainings)
    return scorer.trail_of(trainings, ends, [_scored_front(scorer, tuple(trainings[:end])) for end in ends])


def _scored_front(scorer: Scorer, trainings: tuple[Training, ...]) -> Array:
    """Kg, accuracy reported and accuracy with other seeds of the front's points, shape (points, 3)."""
    reported = _reported(scorer.world, trainings)
    truth = scorer.honest(reported[:, 2], reported[:, 3], trainings)
    return np.column_stack([reported[:, 0], reported[:, 1], truth])


@lru_cache(maxsize=4096)
def _reported(world: Evidence, trainings: tuple[Training, ...]) -> Array:
    """Kg, accuracy, row and round of the front's points, shape (points, 4)."""
    points = expected_front(world, trainings).points
    rows = np.array([trainings[point.number].row for point in points], dtype=int)
    rounds = np.array([point.run.rounds for point in points], dtype=int)
    accuracy = [point.values["accuracy"] for point in points]
    return np.column_stack([world.kg[rows, rounds - 1], accuracy, rows, rounds])


@lru_cache(maxsize=4096)
def _trace(world: Evidence, training: Training) -> Trace:
    """The accuracy of a run as a search keeps it; one that failed is shorter than it was billed."""
    accuracy = world.seen(training)
    done = accuracy[np.isfinite(accuracy)]
    status: Status = "ok" if len(done) == training.rounds else "failed"
    rounds = [Round(float(each), 0.0, 0, 0, 0, 0) for each in done]
    return Trace.of(rounds, seed=training.column, participation="", status=status)
