"""Engines: each does what plain SGD does, and they agree with one another."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from flopt.seeds import stream
from flopt.simulation.batches import batches
from flopt.simulation.dense import DenseEngine
from flopt.simulation.descent import Descent
from flopt.simulation.local import AutogradEngine, Engine, engine
from flopt.simulation.models import build, trained
from flopt.simulation.partition import Indices

FEATURES, CLASSES = (1, 3, 4), 5
X = torch.rand(57, *FEATURES, generator=torch.Generator().manual_seed(0))
Y = torch.arange(57) % CLASSES


def steps(*, seed: int = 0, epochs: int = 2) -> list[Indices]:
    return batches(np.arange(3, 50), epochs=epochs, size=10, random=stream(seed))


def initial(module: nn.Module) -> list[Tensor]:
    return [value.detach().clone() for value in trained(module).values()]


def plain_sgd(module: nn.Module, x: Tensor, plan: list[Indices], lr: float) -> list[Tensor]:
    """The loop of any tutorial."""
    optimiser = torch.optim.SGD(module.parameters(), lr=lr)
    for batch in plan:
        optimiser.zero_grad()
        cross_entropy(module(x[batch]), Y[batch]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return initial(module)


@pytest.mark.parametrize("name", ["logreg", "mlp"])
@pytest.mark.parametrize("kind", [DenseEngine, AutogradEngine])
def test_every_engine_is_plain_sgd(name: str, kind: type) -> None:
    module = build(name, FEATURES, CLASSES, 0).double()
    x = X.double()
    tested: Engine = engine(module, x, Y) if kind is DenseEngine else AutogradEngine(module, x, Y)
    assert isinstance(tested, kind)
    weights = tested.train(initial(module), steps(), Descent(0.1))
    for ours, theirs in zip(weights, plain_sgd(module, x, steps(), 0.1), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["logreg", "mlp"])
@pytest.mark.parametrize("stacked", [False, True])
def test_engines_agree_after_five_rounds(name: str, *, stacked: bool) -> None:
    module = build(name, FEATURES, CLASSES, 0)
    one, two = engine(module, X, Y), AutogradEngine(module, X, Y)
    fast = general = initial(module)
    for number in range(5):
        if stacked:
            (update,) = one.updates(fast, [steps(seed=number)], [Descent(0.1)])
            fast = [weight + change for weight, change in zip(fast, update, strict=True)]
        else:
            fast = one.train(fast, steps(seed=number), Descent(0.1))
        general = two.train(general, steps(seed=number), Descent(0.1))
    for ours, theirs in zip(fast, general, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-6)
    samples = np.arange(57)
    torch.testing.assert_close(one.scores(fast, samples), two.scores(general, samples), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["dense", "autograd"])
def test_training_leaves_the_given_weights_and_the_module_alone(kind: str) -> None:
    module = build("mlp", FEATURES, CLASSES, 0)
    tested = engine(module, X, Y) if kind == "dense" else AutogradEngine(module, X, Y)
    weights, before = initial(module), initial(module)
    after = tested.train(weights, steps(), Descent(0.5))
    for given, old, own, new in zip(weights, before, initial(module), after, strict=True):
        assert torch.equal(given, old)
        assert torch.equal(own, old)
        assert not torch.equal(new, old)
        assert not new.requires_grad


def test_scores_are_the_module_s_own_and_in_the_order_asked() -> None:
    module = build("mlp", FEATURES, CLASSES, 0)
    samples = np.array([5, 2, 40])
    for tested in (engine(module, X, Y), AutogradEngine(module, X, Y)):
        torch.testing.assert_close(tested.scores(initial(module), samples), module(X[samples]).detach())


def test_large_sets_are_scored_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    module = build("mlp", FEATURES, CLASSES, 0)
    tested = AutogradEngine(module, X, Y)
    whole = tested.scores(initial(module), np.arange(57))
    monkeypatch.setattr("flopt.simulation.local.SCORED_AT_ONCE", 10)
    torch.testing.assert_close(tested.scores(initial(module), np.arange(57)), whole)


class Unusual(nn.Module):
    """A frozen layer, dropout, and a parameter that the scores do not use."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Linear(12, 6).requires_grad_(False)
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(6, CLASSES)
        self.unused = nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.last(self.drop(self.frozen(x.flatten(1)).relu()))
        return scores


def test_frozen_unused_and_random_layers_are_handled() -> None:
    tested = engine(module := Unusual(), X, Y)
    weights = initial(module)
    assert [tuple(w.shape) for w in weights] == [(2,), (5, 6), (5,)]
    torch.manual_seed(1)
    unused, weight, _ = tested.train(weights, steps(), Descent(0.1))
    assert torch.equal(unused, torch.ones(2))
    torch.manual_seed(1)
    assert torch.equal(weight, tested.train(weights, steps(), Descent(0.1))[1])
    torch.manual_seed(2)
    assert not torch.equal(weight, tested.train(weights, steps(), Descent(0.1))[1])
    samples = np.arange(5)
    assert torch.equal(tested.scores(weights, samples), tested.scores(weights, samples))


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Flatten(), nn.Linear(12, 6), nn.Tanh(), nn.Linear(6, CLASSES)),
        nn.Sequential(nn.Flatten(), nn.Linear(12, CLASSES, bias=False)),
        nn.Sequential(nn.Flatten(), nn.Linear(12, 6).requires_grad_(False), nn.ReLU(), nn.Linear(6, CLASSES)),
        nn.Sequential(nn.Flatten(2), nn.Linear(4, CLASSES)),
    ],
)
def test_what_the_fast_engine_does_not_know_goes_to_the_general_one(module: nn.Module) -> None:
    assert isinstance(engine(module, X, Y), AutogradEngine)
