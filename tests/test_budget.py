"""The budget: it ends at whichever bound comes first, and never without one."""

from __future__ import annotations

import pytest

from flopt.errors import FloptError
from flopt.search.budget import Budget, Spent


@pytest.mark.parametrize(
    ("budget", "ended"),
    [
        (Budget(runs=5), ""),
        (Budget(runs=4), "runs"),
        (Budget(rounds=100), "rounds"),
        (Budget(rounds=101, minutes=2.5), "minutes"),
        (Budget(runs=9, search_kg=0.25), "search_kg"),
        (Budget(runs=4, rounds=1), "runs"),
    ],
)
def test_the_first_bound_that_is_reached_ends_it(budget: Budget, ended: str) -> None:
    assert budget.ended(Spent(runs=4, rounds=100, minutes=2.5, search_kg=0.25)) == ended


def test_a_bound_is_above_zero_and_there_is_one() -> None:
    with pytest.raises(FloptError, match=r"budget\.minutes = -1: must be above 0"):
        Budget(minutes=-1)
    with pytest.raises(FloptError, match="give at least one of runs, rounds, minutes, search_kg"):
        Budget()
