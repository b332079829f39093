"""Linear layers with ReLU between them: any depth, and every rule, equal to automatic differentiation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from flopt.seeds import stream
from flopt.simulation.batches import batches
from flopt.simulation.dense import DenseEngine
from flopt.simulation.descent import Descent
from flopt.simulation.local import AutogradEngine
from flopt.simulation.models import trained

X = torch.rand(57, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.arange(57) % 5
STEPS = batches(np.arange(3, 50), epochs=2, size=10, random=stream(0))


def stack(*widths: int) -> nn.Module:
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1]).double()


def weights_of(module: nn.Module) -> list[Tensor]:
    return [value.detach().clone() for value in trained(module).values()]


@pytest.mark.parametrize("widths", [(12, 5), (12, 7, 5), (12, 9, 8, 7, 5)])
@pytest.mark.parametrize("rule", ["plain", "momentum", "proximal", "scaffold", "everything"])
def test_it_is_automatic_differentiation(widths: tuple[int, ...], rule: str) -> None:
    module = stack(*widths)
    weights = weights_of(module)
    correction = [0.1 * torch.randn_like(weight) for weight in weights]
    descent = {
        "plain": Descent(0.1),
        "momentum": Descent(0.1, momentum=0.9),
        "proximal": Descent(0.1, weight_decay=0.01, proximal_mu=0.5),
        "scaffold": Descent(0.1, correction=correction),
        "everything": Descent(0.1, 0.5, 0.01, 0.5, correction),
    }[rule]
    fast = DenseEngine.of(X, Y, 5).train(weights, STEPS, descent)
    for ours, theirs in zip(fast, AutogradEngine(module, X, Y).train(weights, STEPS, descent), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13)


def test_scores_are_the_module_s() -> None:
    module = stack(12, 9, 8, 5)
    samples = np.array([7, 0, 56])
    torch.testing.assert_close(DenseEngine.of(X, Y, 5).scores(weights_of(module), samples), module(X[samples]).detach())
