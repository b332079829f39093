"""Clients trained at once are the same clients trained one by one."""

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
from flopt.simulation.partition import Indices
from flopt.simulation.stack import MOST_ROWS, Steps, worthwhile

X = torch.rand(57, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.arange(57) % 5
PARTS = [np.arange(3, 20), np.array([5]), np.arange(0, 57), np.arange(50, 54), np.arange(10, 41)]


def stack(*widths: int) -> nn.Module:
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1]).double()


def weights_of(module: nn.Module) -> list[Tensor]:
    return [value.detach().clone() for value in module.parameters()]


def plans(*, epochs: int = 2, steps: int = 0, size: int = 10) -> list[list[Indices]]:
    return [batches(part, epochs=epochs, size=size, random=stream(n), steps=steps) for n, part in enumerate(PARTS)]


@pytest.mark.parametrize("widths", [(12, 5), (12, 7, 5), (12, 9, 8, 7, 5)])
@pytest.mark.parametrize("rule", ["plain", "momentum", "decay", "proximal", "scaffold", "everything"])
def test_it_is_automatic_differentiation_of_each(widths: tuple[int, ...], rule: str) -> None:
    module = stack(*widths)
    weights = weights_of(module)
    corrections = [[0.1 * torch.randn_like(weight) for weight in weights] for _ in PARTS]
    descents = [
        {
            "plain": Descent(0.1),
            "momentum": Descent(0.1, momentum=0.9),
            "decay": Descent(0.1, weight_decay=0.05),
            "proximal": Descent(0.1, weight_decay=0.01, proximal_mu=0.5),
            "scaffold": Descent(0.1, correction=correction),
            "everything": Descent(0.1, 0.5, 0.01, 0.5, correction),
        }[rule]
        for correction in corrections
    ]
    found = DenseEngine.of(X, Y, 5).updates(weights, plans(), descents)
    general = AutogradEngine(module, X, Y)
    for update, plan, descent in zip(found, plans(), descents, strict=True):
        for ours, before, after in zip(update, weights, general.train(weights, plan, descent), strict=True):
            assert ours.is_contiguous()
            torch.testing.assert_close(ours, after - before, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("size", [3, 200])
@pytest.mark.parametrize("steps", [0, 1, 13])
def test_batches_of_any_size_and_steps_across_epochs(size: int, steps: int) -> None:
    """With steps, a batch may hold a sample twice."""
    weights, descent = weights_of(module := stack(12, 7, 5)), Descent(0.1)
    own = plans(steps=steps, size=size)
    found = DenseEngine.of(X, Y, 5).updates(weights, own, [descent] * len(own))
    for update, plan in zip(found, own, strict=True):
        theirs = AutogradEngine(module, X, Y).train(weights, plan, descent)
        for ours, before, after in zip(update, weights, theirs, strict=True):
            torch.testing.assert_close(ours, after - before, rtol=1e-10, atol=1e-12)


def test_large_clients_are_trained_alone_and_in_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, weights = DenseEngine.of(X, Y, 5), weights_of(stack(12, 7, 5))
    descents = [Descent(0.1)] * len(PARTS)
    together = engine.updates(weights, plans(), descents)
    for most in (0, 20):
        monkeypatch.setattr("flopt.simulation.stack.MOST_ROWS", most)
        for one, other in zip(engine.updates(weights, plans(), descents), together, strict=True):
            for ours, theirs in zip(one, other, strict=True):
                torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_in_float32_it_agrees_with_the_general_engine_after_five_rounds() -> None:
    module = stack(12, 7, 5).float()
    fast = general = weights_of(module)
    one, two = DenseEngine.of(X.float(), Y, 5), AutogradEngine(module, X.float(), Y)
    for _ in range(5):
        fast = [w + u for w, u in zip(fast, one.updates(fast, plans()[:1], [Descent(0.1)])[0], strict=True)]
        general = two.train(general, plans()[0], Descent(0.1))
    for ours, theirs in zip(fast, general, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-6)


def test_a_client_that_diverges_leaves_the_others_alone() -> None:
    weights = weights_of(stack(12, 7, 5))
    x = X.clone()
    x[50:54] = 1e300
    found = DenseEngine.of(x, Y, 5).updates(weights, plans()[:2] + plans()[3:4], [Descent(0.1)] * 3)
    finite = [all(bool(part.isfinite().all()) for part in update) for update in found]
    assert finite == [True, True, False]


def test_steps_by_hand() -> None:
    first, second = [np.array([7, 2]), np.array([5])], [np.array([2, 9]), np.array([9, 2]), np.array([2])]
    steps = Steps.of([first, second], np.arange(10))
    assert (steps.order, steps.counts, steps.active) == ([1, 0], [2, 3], [2, 2, 1])
    assert steps.rows.tolist() == [2, 9, 2, 5, 7]
    assert steps.place.tolist() == [[[0, 1], [5, 3]], [[1, 0], [4, 3]], [[0, 0], [3, 3]]]
    assert steps.visit.tolist() == [[[2, 9], [7, 2]], [[9, 2], [5, 0]], [[2, 0], [0, 0]]]
    assert steps.share.tolist() == [[[0.5, 0.5], [0.5, 0.5]], [[0.5, 0.5], [1, 0]], [[1, 0], [0, 0]]]


@pytest.mark.parametrize(
    ("rows", "epochs", "expected"), [(200, 1, True), (300, 1, False), (300, 2, True), (MOST_ROWS + 1, 50, False)]
)
def test_large_clients_are_worth_it_when_they_visit_their_samples_often(rows: int, epochs: int, expected: bool) -> None:
    assert worthwhile(batches(np.arange(rows), epochs=epochs, size=10, random=stream(0))) is expected
