"""Who takes part: checked, frozen, and told apart by a fingerprint."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike

from flopt.errors import FloptError
from flopt.participation import Participation


def drawn(selected: ArrayLike, group_of: ArrayLike = (0, 0, 1, 1, 1, 1)) -> Participation:
    return Participation.complete(np.array(selected, dtype=np.int64), np.array(group_of, dtype=np.int64))


def test_rounds_are_counted() -> None:
    assert drawn([[0, 1], [5, 2], [3, 0]]).rounds == 3


def test_arrays_are_frozen() -> None:
    participation = drawn([[0, 1]])
    for array in (participation.selected, participation.group_of):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3


def test_equal_participations_have_equal_fingerprints() -> None:
    fingerprint = drawn([[0, 1], [5, 2]]).fingerprint
    assert re.fullmatch("[0-9a-f]{12}", fingerprint)
    assert drawn([[0, 1], [5, 2]]).fingerprint == fingerprint


@pytest.mark.parametrize(
    "other",
    [
        drawn([[0, 1], [5, 3]]),
        drawn([[1, 0], [5, 2]]),
        drawn([[0, 1, 5, 2]]),  # the same clients in one round
        replace(drawn([[0, 1], [5, 2]]), used=np.array([[True, True], [True, False]])),
    ],
    ids=["another client", "another order", "other rounds", "an update lost"],
)
def test_any_difference_changes_the_fingerprint(other: Participation) -> None:
    assert other.fingerprint != drawn([[0, 1], [5, 2]]).fingerprint


@pytest.mark.parametrize(
    ("selected", "message"),
    [
        ([0, 1], "participation: shape (2,); must be (rounds, clients per round)"),
        ([[], []], "participation: shape (2, 0); must be (rounds, clients per round)"),
        ([[0, 6]], "participation: client outside 0..5"),
        ([[-1, 3]], "participation: client outside 0..5"),
        ([[0, 1], [4, 4]], "participation: a client is drawn twice in one round"),
    ],
)
def test_impossible_draws_are_refused(selected: ArrayLike, message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        drawn(selected)


def with_fate(reports: ArrayLike, used: ArrayLike) -> Participation:
    selected, group_of = np.array([[4, 0, 2], [1, 5, 3]]), np.zeros(6, dtype=np.int64)
    return Participation(selected, np.array(reports, dtype=bool), np.array(used, dtype=bool), group_of)


def test_users_are_those_whose_update_is_used_in_the_order_they_were_drawn() -> None:
    fate = with_fate([[1, 0, 1], [1, 1, 1]], [[1, 0, 1], [0, 1, 0]])
    assert [fate.users(index).tolist() for index in range(2)] == [[4, 2], [5]]
    assert drawn([[5, 2]]).users(0).tolist() == [5, 2]


def test_a_round_may_use_nobody() -> None:
    assert with_fate([[0, 0, 0], [1, 1, 1]], [[0, 0, 0], [1, 1, 1]]).users(0).tolist() == []


def test_what_was_not_reported_cannot_be_used() -> None:
    with pytest.raises(FloptError, match="participation: an update is used that was never reported"):
        with_fate([[1, 0, 1], [1, 1, 1]], [[1, 1, 1], [1, 1, 1]])


def test_every_drawn_client_has_a_fate() -> None:
    with pytest.raises(FloptError, match=r"reports and used must have the shape of selected, \(2, 3\)"):
        with_fate([[1, 1, 1]], [[1, 1, 1], [1, 1, 1]])


def test_on_which_device_a_client_trains_does_not_change_the_fingerprint() -> None:
    assert drawn([[0, 1], [5, 2]], (0, 0, 0, 1, 1, 1)).fingerprint == drawn([[0, 1], [5, 2]]).fingerprint
