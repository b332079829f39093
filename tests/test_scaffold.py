"""Control variates: estimates of gradients; whole rounds are in test_federation_algorithms."""

from __future__ import annotations

import pytest
import torch

from flopt.simulation.descent import Descent
from flopt.simulation.scaffold import ControlVariates

WEIGHTS = [torch.zeros(2, dtype=torch.float64)]
GRADIENTS = [torch.tensor([g, 1.0], dtype=torch.float64) for g in (4.0, 1.0, 2.0)]


def test_at_first_nothing_is_corrected() -> None:
    variates = ControlVariates(WEIGHTS, 5)
    assert variates.correction(3, variates.server)[0].tolist() == [0, 0]


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_a_constant_gradient_is_found_exactly(momentum: float) -> None:
    variates = ControlVariates(WEIGHTS, 4)
    descent = Descent(0.1, momentum, correction=variates.correction(2, variates.server))
    velocity, moved = torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    for _ in range(6):
        velocity = momentum * velocity + GRADIENTS[0]
        moved = moved - 0.1 * velocity
    (change,) = variates.renew(2, [moved], descent, 6)
    torch.testing.assert_close(change, GRADIENTS[0], rtol=1e-12, atol=0)
    variates.gather([[change]])
    torch.testing.assert_close(variates.server[0], GRADIENTS[0] / 4, rtol=1e-12, atol=0)
    (correction,) = variates.correction(2, variates.server)
    torch.testing.assert_close(correction, GRADIENTS[0] / 4 - GRADIENTS[0], rtol=1e-12, atol=0)


def test_without_momentum_it_is_the_mean_gradient() -> None:
    variates = ControlVariates(WEIGHTS, 4)
    descent = Descent(0.1, correction=variates.correction(0, variates.server))
    (change,) = variates.renew(0, [-0.1 * sum(GRADIENTS, torch.zeros(2, dtype=torch.float64))], descent, 3)
    torch.testing.assert_close(change, torch.tensor([7 / 3, 1.0], dtype=torch.float64))


def test_a_second_visit_gives_the_change_since_the_first() -> None:
    variates = ControlVariates(WEIGHTS, 4)
    for gradient, expected in zip(GRADIENTS, ([4.0, 1.0], [-3.0, 0.0], [1.0, 0.0]), strict=True):
        (correction,) = variates.correction(1, variates.server)
        descent = Descent(0.5, correction=[correction])
        (change,) = variates.renew(1, [-0.5 * (gradient + correction)], descent, 1)
        torch.testing.assert_close(change, torch.tensor(expected, dtype=torch.float64))
