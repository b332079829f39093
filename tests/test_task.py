"""The facts of a task by hand, and the facts that cannot be."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from flopt.errors import FloptError
from flopt.task import Task

TASK = Task("toy", (10, 20, 60), ((4, 3), (3,)), 90.0, 0.4)


def test_facts_by_hand() -> None:
    assert TASK.clients == 3
    assert TASK.mean_samples == 30
    assert TASK.parameters == 4 * 3 + 3
    assert TASK.model_bytes == 15 * 4


@pytest.mark.parametrize(
    ("clients", "fraction", "drawn"),
    [(14, 1, 14), (14, 0.35, 5), (10, 0.25, 3), (10, 0.24, 2), (14, 0.001, 1), (1, 0.1, 1), (3, 0.5, 2)],
)
def test_clients_per_round_rounds_halves_up_and_is_at_least_one(clients: int, fraction: float, drawn: int) -> None:
    assert replace(TASK, client_samples=(5,) * clients).clients_per_round(fraction) == drawn


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"client_samples": ()}, "task toy: it has no clients"),
        ({"client_samples": (3, 0)}, "task toy: client 1 has 0 training samples; at least 1"),
        ({"tensors": ()}, "task toy: tensors () must be shapes of at least one entry"),
        ({"tensors": ((3, 0),)}, "task toy: tensors ((3, 0),) must be shapes of at least one entry"),
        ({"flop_per_sample": 0.0}, "task toy: flop_per_sample = 0.0: must be above 0"),
        ({"flop_per_sample": float("nan")}, "task toy: flop_per_sample = nan: must be above 0"),
        ({"majority_share": 1.0}, "task toy: majority_share = 1.0: must be between 0 and 1"),
        ({"majority_share": 0.0}, "task toy: majority_share = 0.0: must be between 0 and 1"),
    ],
)
def test_impossible_facts_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        replace(TASK, **change)  # type: ignore[arg-type]  # wrong on purpose
