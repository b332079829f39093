"""Settling: the first K that report in time are used, and the round ends with the last of them."""

from __future__ import annotations

import numpy as np
import pytest

from flopt.emissions.settling import settle

BUSY_S = np.array([[5.0, 2.0, 9.0, 2.0, 7.0]])
ALL = np.ones((1, 5), dtype=bool)


@pytest.mark.parametrize(
    ("wanted", "deadline_s", "round_s", "used"),
    [
        (5, None, 9.0, [1, 1, 1, 1, 1]),
        (3, None, 5.0, [1, 1, 0, 1, 0]),
        (1, None, 2.0, [0, 1, 0, 0, 0]),  # of two at one moment, the one that stands first in the draw
        (3, 5.0, 5.0, [1, 1, 0, 1, 0]),  # in time to the second
        (3, 4.9, 4.9, [0, 1, 0, 1, 0]),  # too few: the round lasts until its deadline
        (3, 100.0, 5.0, [1, 1, 0, 1, 0]),
        (1, 1.0, 1.0, [0, 0, 0, 0, 0]),  # nobody makes it
    ],
)
def test_a_round_by_hand(wanted: int, deadline_s: float | None, round_s: float, used: list[int]) -> None:
    lasted, taken = settle(BUSY_S, ALL, wanted, deadline_s, 9.0)
    assert lasted.tolist() == [round_s]
    assert taken.astype(int).tolist() == [used]


def test_who_drops_out_is_not_used_and_the_round_waits_for_the_slowest_there_could_be() -> None:
    reports = np.array([[True, False, True, False, True]])
    assert [each.tolist() for each in settle(BUSY_S, reports, 2, None, 60.0)] == [
        [7.0],
        [[True, False, False, False, True]],
    ]
    assert [each.tolist() for each in settle(BUSY_S, reports, 4, None, 60.0)] == [[60.0], reports.tolist()]
    assert [each.tolist() for each in settle(BUSY_S, reports, 4, 8.0, 60.0)] == [
        [8.0],
        [[True, False, False, False, True]],
    ]


def test_rounds_are_settled_one_by_one() -> None:
    generator = np.random.default_rng(1)
    busy_s, reports = generator.integers(1, 6, (40, 7)).astype(np.float64), generator.random((40, 7)) < 0.8
    round_s, used = settle(busy_s, reports, 3, 4.0, 5.0)
    for row in range(40):
        one_s, one_used = settle(busy_s[row : row + 1], reports[row : row + 1], 3, 4.0, 5.0)
        assert (one_s[0], one_used[0].tolist()) == (round_s[row], used[row].tolist())
    assert used.sum(axis=1).max() <= 3
    assert not np.any(used & ~reports)
