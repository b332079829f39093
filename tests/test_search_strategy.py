"""The strategy: what a search cannot go about with."""

from __future__ import annotations

import pytest

from flopt.errors import FloptError
from flopt.search.budget import Budget
from flopt.search.strategy import Strategy


def test_more_workers_than_lag_are_refused() -> None:
    with pytest.raises(FloptError, match="workers = 4: must not be above lag = 3"):
        Strategy("tpe", 0, 3, 4, Budget(runs=1), 0.0)


@pytest.mark.parametrize(("lag", "workers", "name"), [(0, 1, "lag"), (3, 0, "workers"), (-1, -1, "workers")])
def test_no_lag_and_no_workers_are_refused(lag: int, workers: int, name: str) -> None:
    with pytest.raises(FloptError, match=f"{name} = -?[01]: must be at least 1"):
        Strategy("tpe", 0, lag, workers, Budget(runs=1), 0.0)
