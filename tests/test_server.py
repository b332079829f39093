"""The server's optimisers by hand; whole rounds are in test_federation_algorithms."""

from __future__ import annotations

import pytest
import torch

from flopt.plan import Plan
from flopt.simulation.server import Server


def moved(plan: Plan, *updates: float) -> list[float]:
    server, places = Server(plan, [torch.zeros(1, dtype=torch.float64)]), []
    for update in updates:
        server.step([torch.tensor([update], dtype=torch.float64)])
        places.append(server.weights[0].item())
    return places


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (Plan(), [1, 3]),
        (Plan(server_lr=0.5), [0.5, 1.5]),
        (Plan(server_momentum=0.5), [1, 3.5]),
        # v = 1 + 1, then 2 + 4; tau = 1
        (Plan(server_optimizer="adagrad", server_tau=1), [1 / (2**0.5 + 1), 1 / (2**0.5 + 1) + 2 / (6**0.5 + 1)]),
        # v = 0.99 + 0.01, then 0.99 + 0.04
        (Plan(server_optimizer="adam", server_tau=1), [1 / 2, 1 / 2 + 2 / (1.03**0.5 + 1)]),
        # v = 1 - 0, then 1 + 0.04
        (Plan(server_optimizer="yogi", server_tau=1), [1 / 2, 1 / 2 + 2 / (1.04**0.5 + 1)]),
    ],
)
def test_two_steps_by_hand(plan: Plan, expected: list[float]) -> None:
    assert moved(plan, 1.0, 2.0) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["sgd", "adam", "yogi", "adagrad"])
def test_earlier_weights_stay_as_they_were(name: str) -> None:
    server = Server(Plan(server_optimizer=name, server_momentum=0.9), [torch.zeros(2)])
    before = server.weights[0]
    update = torch.ones(2)
    server.step([update])
    server.step([update])
    assert before.tolist() == [0, 0]
    assert update.tolist() == [1, 1]
