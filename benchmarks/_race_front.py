"""The front that flopt itself reports: of expected values, from all runs of a search so far."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from _race_score import Scorer, Trail, Training
from _race_world import World
from numpy.typing import NDArray

from flopt.fronts import Candidate, Front, find_front
from flopt.search.ensembles import ensembles, expected_runs
from flopt.trace import Status, Trace

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


def expected_front(world: World, trainings: Sequence[Training]) -> Front:
    """What `flopt front` would print of these runs; a point's number is that of a training."""
    plans = [world.table.plans[each.row] for each in trainings]
    traces = [_trace(world, each) for each in trainings]
    found = expected_runs(ensembles(plans, traces), world.problem.task)
    runs = world.problem.runs([each.ensemble.plan for each in found], [each.trace for each in found])
    candidates = [
        Candidate(each.ensemble.number, run, np.ones(run.length, dtype=bool), each.ensemble.lengths, each.spreads)
        for each, run in zip(found, runs, strict=True)
    ]
    return find_front(candidates, world.problem.objectives)


def expected_trail(scorer: Scorer, trainings: Sequence[Training]) -> Trail:
    """Score a search by the front that flopt reports; `seen` is then the hypervolume that it reports."""
    world, seen, honest = scorer.world, [], []
    ends = looks(trainings)
    for end in ends:
        done = trainings[:end]
        points = expected_front(world, done).points
        rows = [trainings[point.number].row for point in points]
        rounds = [point.run.rounds for point in points]
        kg = world.kg[rows, np.array(rounds, dtype=int) - 1]
        reported = np.array([point.values["accuracy"] for point in points])
        others = {row: scorer.others(row, _shown(done, row)) for row in set(rows)}
        truth = np.array([others[row][last - 1] for row, last in zip(rows, rounds, strict=True)])
        seen.append(scorer.volumes(reported, kg))
        honest.append(scorer.volumes(truth, kg))
    spent = np.cumsum([world.kg[each.row, each.rounds - 1] for each in trainings])
    return Trail(
        np.array(ends),
        np.cumsum([each.rounds for each in trainings])[np.array(ends) - 1].astype(np.float64),
        spent[np.array(ends) - 1],
        np.array(seen) / scorer.best,
        np.array(honest) / scorer.best,
        np.column_stack([kg, reported, truth]),
    )


def _shown(trainings: Sequence[Training], row: int) -> int:
    """The seeds of a plan that the search saw, as bits."""
    return sum({1 << each.column for each in trainings if each.row == row})


@lru_cache(maxsize=4096)
def _trace(world: World, training: Training) -> Trace:
    """The run as a search keeps it; one that failed is shorter than it was billed."""
    rounds = list(world.rounds(training.row, training.column, training.rounds))
    status: Status = "ok" if len(rounds) == training.rounds else "failed"
    return Trace.of(rounds, seed=training.column, participation="", status=status)
