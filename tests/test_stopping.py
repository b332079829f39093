"""Stopping policies: plain values that come back equal, and decide from the rounds alone."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace

import pytest

from flopt.errors import FloptError
from flopt.search.curves import FLAT
from flopt.search.stopping import HypervolumeStop, Learned, Never, check_stopping, policy_of
from flopt.trace import Round


def rounds(*accuracies: float, worst: float = math.nan) -> list[Round]:
    return [Round(a, 1.0, 1, 1, 1, 1, worst_client_accuracy=worst) for a in accuracies]


ACCURACY = Learned("accuracy", worst=0.1, best=1.0, noise=0.01, prior=FLAT)
COSTS = tuple(0.01 * r for r in range(1, 41))
STOP = HypervolumeStop("power-law", (ACCURACY, COSTS), ((0.1, 0.05),), width=3.0, first=3)
FLAT_CURVE = rounds(*[0.5] * 30)
RISING = rounds(*[0.9 * (1 - 0.8**r) for r in range(1, 31)])


def test_never_stops() -> None:
    assert not any(Never().stops(RISING[:length]) for length in range(6))
    assert policy_of(Never().settings()) == Never()


def test_an_unknown_rule_names_the_nearest() -> None:
    with pytest.raises(FloptError, match="no stopping 'nome'; did you mean 'none'"):
        check_stopping("nome")


@pytest.mark.parametrize("policy", [STOP, replace(STOP, quota=True, kind="trajectory", front=())])
def test_a_policy_comes_back_equal_from_the_journal_and_from_a_pickle(policy: HypervolumeStop) -> None:
    assert policy_of(json.loads(json.dumps(policy.settings()))) == policy
    assert pickle.loads(pickle.dumps(policy)) == policy


def test_a_flat_curve_behind_the_front_ends_early_and_a_rising_one_before_it_goes_on() -> None:
    ended = next(r for r in range(1, 31) if STOP.stops(FLAT_CURVE[:r]))
    assert 3 <= ended <= 8
    nearer = replace(STOP, front=((0.6, 0.05),))
    assert not any(nearer.stops(RISING[:r]) for r in range(1, 15))


def test_no_run_ends_before_the_first_round_that_may_or_at_its_last() -> None:
    late = replace(STOP, first=20)
    assert not any(late.stops(FLAT_CURVE[:r]) for r in range(20))
    assert late.stops(FLAT_CURVE[:20])
    short = replace(STOP, objectives=(ACCURACY, COSTS[:10]))
    assert short.stops(FLAT_CURVE[:9])
    assert not short.stops(FLAT_CURVE[:10])


def test_the_reason_says_how_much_is_lost_at_most() -> None:
    reason = next(why for r in range(1, 31) if (why := STOP.stops(FLAT_CURVE[:r])))
    assert "would add at most 0.0" in reason
    assert "(predicted)" in reason


def test_a_run_of_the_quota_goes_on_but_knows_where_it_would_have_ended() -> None:
    watched = replace(STOP, quota=True)
    assert not any(watched.stops(FLAT_CURVE[:r]) for r in range(1, 31))
    assert [watched.verdict(FLAT_CURVE[:r]) for r in range(31)] == [STOP.stops(FLAT_CURVE[:r]) for r in range(31)]


def test_a_wider_bound_never_ends_a_run_earlier() -> None:
    ends = [
        next((r for r in range(1, 31) if replace(STOP, width=width).stops(FLAT_CURVE[:r])), 31)
        for width in (0, 1, 3, 9)
    ]
    assert ends == sorted(ends)


def test_what_an_oracle_does_not_say_stops_nothing() -> None:
    worst = replace(STOP, objectives=(replace(ACCURACY, column="worst_client_accuracy"), COSTS))
    assert not any(worst.stops(FLAT_CURVE[:r]) for r in range(1, 31))
    said = rounds(*[0.5] * 30, worst=0.2)
    assert any(worst.stops(said[:r]) for r in range(1, 31))


def test_known_objectives_alone_need_no_more_rounds_than_the_first_ones() -> None:
    known = HypervolumeStop("trajectory", (COSTS,), (), 3.0, 3)
    assert known.stops(FLAT_CURVE[:3])


def test_three_and_five_objectives_and_learned_ones_alone_are_decided_too() -> None:
    loss = Learned("loss", worst=2.3, best=0.0, noise=0.01, prior=FLAT)
    for objectives in ((ACCURACY, COSTS, COSTS), (ACCURACY, COSTS, COSTS, COSTS, COSTS), (ACCURACY, loss), (ACCURACY,)):
        policy = HypervolumeStop("power-law", objectives, ((0.1,) * len(objectives),), 3.0, 3)
        assert any(policy.stops(FLAT_CURVE[:r]) for r in range(1, 31)), objectives
