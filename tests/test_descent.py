"""The clients' rule against torch.optim.SGD."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from flopt.simulation.descent import Descent, Slope

TARGET = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)


def quadratic(local: list[Tensor]) -> Slope:
    """The slope of |w - TARGET|^2 / 2."""

    def slope(target: list[Tensor], scale: float, keep: float) -> None:
        gradient = local[0] - TARGET
        target[0].mul_(keep).add_(gradient, alpha=scale)

    return slope


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("mu", [0.0, 0.7])
@pytest.mark.parametrize("correction", [None, torch.tensor([0.1, 0.2, -0.3], dtype=torch.float64)])
def test_steps_are_those_of_torch_on_the_whole_objective(
    momentum: float, decay: float, mu: float, correction: Tensor | None
) -> None:
    received = torch.tensor([3.0, 1.0, -1.0], dtype=torch.float64)
    local = [received.clone()]
    rule = Descent(0.1, momentum, decay, mu, None if correction is None else [correction])
    rule.run(local, [quadratic(local)] * 5)

    w = received.clone().requires_grad_()
    optimiser = torch.optim.SGD([w], lr=0.1, momentum=momentum, weight_decay=decay)
    for _ in range(5):
        optimiser.zero_grad()
        loss = ((w - TARGET) ** 2).sum() / 2 + mu / 2 * ((w - received) ** 2).sum()
        if correction is not None:
            loss = loss + (correction * w).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    torch.testing.assert_close(local[0], w.detach(), rtol=1e-12, atol=1e-14)
