"""Soundness: an objective that turns NaN in a later round costs the run only what comes after it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from test_driver import PROBLEM, SMALL, Setting, dump, results, search

from flopt import Run, objective
from flopt.search.columns import made_up_trace
from flopt.search.soundness import sound
from flopt.space import IntAxis


@objective(direction="minimize", unit="l")
def water(run: Run) -> float:
    """NaN from round 37 on."""
    return float(np.nan) if run.rounds >= 37 else run.rounds * run.accuracy


BROKEN = replace(
    PROBLEM,
    objectives=(water, PROBLEM.objectives[1]),
    space=replace(SMALL, axes={**SMALL.axes, "rounds": IntAxis(36, 40)}),
)


def test_a_run_is_kept_up_to_the_round_before_and_says_so() -> None:
    plan = replace(next(BROKEN.spread_plans()), rounds=40)
    trace = sound(BROKEN, plan, made_up_trace(40))
    assert (len(trace), trace.status) == (36, "stopped")
    assert trace.reason.startswith("round 37: objective 'water'")
    assert "gave nan" in trace.reason
    assert trace.reason.endswith("kept up to round 36")
    whole = made_up_trace(36)
    assert sound(BROKEN, plan, whole) is whole


def test_what_is_broken_from_the_first_round_on_is_left_as_it_is() -> None:
    never = objective(direction="minimize", unit="")(lambda run: run.accuracy * float("nan"))
    plan = replace(next(BROKEN.spread_plans()), rounds=5)
    trace = made_up_trace(5)
    assert sound(replace(BROKEN, objectives=(never,)), plan, trace) is trace
    failed = replace(trace, status="failed", reason="round 1: out of memory")
    assert sound(BROKEN, plan, failed) is failed


def test_a_study_goes_on_and_its_front_has_no_later_round(tmp_path: Path) -> None:
    assert search(tmp_path, Setting("random", runs=6), BROKEN).ended == "runs"
    assert any(entry["state"] == "PRUNED" for entry in dump(tmp_path))
    front = results(tmp_path, BROKEN).front()
    assert front.points
    assert max(point.run.rounds for point in front.points) <= 36
