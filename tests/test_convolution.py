"""The small convolutional network against automatic differentiation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from flopt.seeds import stream
from flopt.simulation.batches import batches
from flopt.simulation.convolution import ConvolutionEngine
from flopt.simulation.descent import Descent
from flopt.simulation.local import AutogradEngine, engine
from flopt.simulation.models import build, trained
from flopt.simulation.partition import Indices

Y = torch.arange(40) % 10
SIZES = [(1, 8, 8), (3, 16, 18), (2, 9, 11)]


def images(features: tuple[int, ...]) -> Tensor:
    """With flat regions, where pooling has ties."""
    return torch.rand(40, *features, generator=torch.Generator().manual_seed(0), dtype=torch.float64).round(decimals=1)


def steps(number: int = 0) -> list[Indices]:
    return batches(np.arange(3, 30), epochs=2, size=10, random=stream(number))


def weights_of(module: nn.Module) -> list[Tensor]:
    return [value.detach().clone() for value in trained(module).values()]


@pytest.mark.parametrize("features", SIZES)
@pytest.mark.parametrize("rule", ["plain", "momentum", "everything"])
def test_it_is_automatic_differentiation(features: tuple[int, ...], rule: str) -> None:
    module, x = build("cnn", features, 10, 0).double(), images(features)
    fast = engine(module, x, Y)
    assert isinstance(fast, ConvolutionEngine)
    weights = weights_of(module)
    correction = [0.01 * torch.randn_like(weight) for weight in weights]
    descent = {
        "plain": Descent(0.1),
        "momentum": Descent(0.05, momentum=0.9),
        "everything": Descent(0.1, 0.5, 0.01, 0.5, correction),
    }[rule]
    for ours, theirs in zip(
        fast.train(weights, steps(), descent),
        AutogradEngine(module, x, Y).train(weights, steps(), descent),
        strict=True,
    ):
        assert ours.is_contiguous()
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
    samples = np.array([7, 0, 39])
    torch.testing.assert_close(fast.scores(weights, samples), module(x[samples]).detach())


def test_in_float32_it_stays_near_float64_for_five_rounds() -> None:
    module, x = build("cnn", (1, 8, 8), 10, 0), images((1, 8, 8))
    weights = weights_of(module)
    exact = [weight.double() for weight in weights]
    fast, true = engine(module, x.float(), Y), AutogradEngine(build("cnn", (1, 8, 8), 10, 0).double(), x, Y)
    for number in range(5):
        weights = fast.train(weights, steps(number), Descent(0.05))
        exact = true.train(exact, steps(number), Descent(0.05))
    for ours, theirs in zip(weights, exact, strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=5e-5)


def test_given_weights_stay_as_they_are() -> None:
    module, x = build("cnn", (1, 8, 8), 10, 0).double(), images((1, 8, 8))
    weights = weights_of(module)
    engine(module, x, Y).train(weights, steps(), Descent(0.1))
    assert all(torch.equal(a, b) for a, b in zip(weights, weights_of(module), strict=True))


@pytest.mark.parametrize(
    "first",
    [
        nn.Conv2d(1, 16, 3, padding=1, stride=2),
        nn.Conv2d(1, 16, (3, 1), padding=1),
        nn.Conv2d(1, 16, 3, padding="same"),
        nn.Conv2d(1, 16, 3, padding=1, padding_mode="circular"),
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
    ],
)
def test_other_convolutions_go_to_the_general_engine(first: nn.Conv2d) -> None:
    usual = build("cnn", (1, 8, 8), 10, 0)
    module = nn.Sequential(first, *list(usual.children())[1:])
    assert isinstance(engine(module, images((1, 8, 8)).float(), Y), AutogradEngine)
