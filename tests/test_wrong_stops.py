"""Wrong stops: counted over the quota alone, with an interval that is never too narrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial
from test_stopping import STOP, rounds

from flopt.reading.wrong_stops import WrongStops, interval, wrong_stops
from flopt.search.stopping import HypervolumeStop
from flopt.trace import Trace

LATE = rounds(*[0.3] * 15, *[0.99] * 15)
"""Flat for so long that it would have been stopped, and then better than the front."""
FLAT = rounds(*[0.5] * 30)


def trial(policy: HypervolumeStop) -> FrozenTrial:
    return create_trial(state=TrialState.RUNNING, user_attrs={"policy": policy.settings()})


def trace(done: Any, status: Any = "ok") -> Trace:
    return Trace.of(done, seed=0, participation="", status=status)


def test_late_bloomers_of_the_quota_are_wrong_stops() -> None:
    far = replace(STOP, front=((0.4, 0.05),))
    watched = replace(far, quota=True)
    found = wrong_stops(
        [trial(watched), trial(watched), trial(far), trial(far), trial(watched)],
        [trace(FLAT), trace(LATE), trace(FLAT[:5], "stopped"), trace(LATE), None],
    )
    assert found == WrongStops(stopped=1, quota=2, wrong=1)
    assert str(found) == (
        "1 runs stopped; wrong stops: 1 of 2 runs of the never-stopped quota (50%, 95% interval 1% to 99%; estimated)"
    )


def test_a_study_without_a_told_quota_says_so() -> None:
    assert "no run of the never-stopped quota tells yet" in str(wrong_stops([trial(STOP)], [trace(FLAT)]))
    assert wrong_stops([create_trial(state=TrialState.RUNNING)], [trace(FLAT)]) == WrongStops(0, 0, 0)


def test_the_interval_is_that_of_clopper_and_pearson() -> None:
    assert interval(0, 10) == pytest.approx((0.0, 1 - 0.025 ** (1 / 10)))
    assert interval(10, 10) == pytest.approx((0.025 ** (1 / 10), 1.0))
    assert interval(2, 20) == pytest.approx((0.01235, 0.31698), abs=1e-5)
