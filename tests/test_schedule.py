"""Learning rates over the rounds."""

from __future__ import annotations

import pytest

from flopt.plan import Plan
from flopt.simulation.schedule import learning_rate


def rates(schedule: str, warmup: int, rounds: int) -> list[float]:
    plan = Plan(rounds=rounds, client_lr=1.0, schedule=schedule, warmup_rounds=warmup)
    return [learning_rate(plan, index) for index in range(rounds)]


@pytest.mark.parametrize(
    ("schedule", "warmup", "expected"),
    [
        ("constant", 0, [1, 1, 1, 1, 1]),
        ("constant", 2, [0.5, 1, 1, 1, 1]),
        ("inverse-sqrt", 0, [1, 0.5**0.5, 3**-0.5, 0.5, 5**-0.5]),
        ("inverse-sqrt", 2, [0.5, 1, (2 / 3) ** 0.5, 0.5**0.5, (2 / 5) ** 0.5]),
        ("cosine", 1, [1, 1, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5]),
        ("cosine", 9, [1 / 9, 2 / 9, 3 / 9, 4 / 9, 5 / 9]),
    ],
)
def test_rates_by_hand(schedule: str, warmup: int, expected: list[float]) -> None:
    assert rates(schedule, warmup, 5) == pytest.approx(expected)


def test_no_rate_is_zero() -> None:
    assert min(rates("cosine", 0, 40)) > 0
