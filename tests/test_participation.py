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
