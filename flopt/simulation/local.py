"""Local SGD of one client, by the fastest engine that knows its model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy, one_hot

from flopt.simulation.descent import Descent, Slope
from flopt.simulation.models import trained
from flopt.simulation.partition import Indices

__all__ = ["AutogradEngine", "DenseEngine", "Engine", "engine"]

Step = Callable[[Sequence[Tensor], list[Tensor], Tensor, Tensor, float, float], None]
"""`step(weights, target, x, one-hot labels, scale, keep)`: target = keep x target + scale x summed gradient."""
Forward = Callable[[Sequence[Tensor], Tensor], Tensor]

SCORED_AT_ONCE = 1024
"""Samples scored in one pass, so that a large validation set does not fill the memory."""


class Engine(Protocol):
    """Trains and scores one model on one data set; weights are the trained tensors in the order they are sent."""

    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], descent: Descent) -> list[Tensor]:
        """New weights after one step on the mean cross-entropy of each batch; `weights` stay as they are."""
        ...

    def scores(self, weights: Sequence[Tensor], samples: Indices) -> Tensor:
        """Scores of shape (samples, classes)."""
        ...


def engine(module: nn.Module, x: Tensor, y: Tensor) -> Engine:
    """The engine for `module` on samples `x`, shape (n, ...features), with labels `y`, shape (n,)."""
    match _layers(module):
        case [nn.Flatten(), nn.Linear(), nn.ReLU(), nn.Linear() as last]:
            return DenseEngine(x.flatten(1), one_hot(y, last.out_features).to(x.dtype), _mlp_step, _mlp_scores)
        case [nn.Flatten(), nn.Linear() as last]:
            return DenseEngine(x.flatten(1), one_hot(y, last.out_features).to(x.dtype), _logreg_step, _logreg_scores)
        case _:
            return AutogradEngine(module, x, y)


def _layers(module: nn.Module) -> list[nn.Module]:
    """The layers of a plain stack whose every layer has its usual parameters, all of them trained; else none."""
    if type(module) is not nn.Sequential:
        return []
    layers = list(module)
    linear = sum(type(layer) is nn.Linear for layer in layers)
    return layers if len(trained(module)) == 2 * linear and _flattens_all(layers) else []


def _flattens_all(layers: Sequence[nn.Module]) -> bool:
    return all((f.start_dim, f.end_dim) == (1, -1) for f in layers if isinstance(f, nn.Flatten))


@dataclass(frozen=True, eq=False)
class AutogradEngine:
    """Any module, by automatic differentiation; a module's own dropout draws from torch's global generator."""

    module: nn.Module
    x: Tensor
    y: Tensor

    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], descent: Descent) -> list[Tensor]:
        """New weights after one SGD step for each batch."""
        self.module.train()
        local = [w.detach().clone() for w in weights]
        named = dict(zip(trained(self.module), local, strict=True))
        descent.run(local, [partial(self._slope, named, torch.from_numpy(batch)) for batch in batches])
        return local

    def _slope(self, named: dict[str, Tensor], batch: Tensor, target: list[Tensor], scale: float, keep: float) -> None:
        values = [value.requires_grad_() for value in named.values()]
        loss = cross_entropy(functional_call(self.module, named, (self.x[batch],)), self.y[batch])
        gradients = torch.autograd.grad(loss, values, materialize_grads=True)
        for value in values:
            value.requires_grad_(False)
        if keep != 1:
            torch._foreach_mul_(target, keep)
        torch._foreach_add_(target, gradients, alpha=scale)

    @torch.no_grad()
    def scores(self, weights: Sequence[Tensor], samples: Indices) -> Tensor:
        """Scores of shape (samples, classes)."""
        self.module.eval()
        values = dict(zip(trained(self.module), weights, strict=True))
        parts = torch.split(torch.from_numpy(samples), SCORED_AT_ONCE)
        return torch.cat([functional_call(self.module, values, (self.x[part],)) for part in parts])


@dataclass(frozen=True, eq=False)
class DenseEngine:
    """Logistic regression or one hidden layer, its gradient written by hand: no graph, no copies, small kernels.

    Several times faster than automatic differentiation at batches of ten, where each torch call costs more than
    its arithmetic.
    """

    x: Tensor
    """Shape (n, features)."""
    targets: Tensor
    """Shape (n, classes): one-hot labels."""
    step: Step
    forward: Forward

    @torch.no_grad()
    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], descent: Descent) -> list[Tensor]:
        """New weights after one SGD step for each batch."""
        local = [w.clone() for w in weights]
        order = torch.from_numpy(np.concatenate(batches))
        sizes = [len(batch) for batch in batches]
        # One gather for all steps; each step then sees a slice without copying.
        cut = zip(torch.split(self.x[order], sizes), torch.split(self.targets[order], sizes), strict=True)
        descent.run(local, [self._slope(local, x, targets) for x, targets in cut])
        return local

    def _slope(self, local: Sequence[Tensor], x: Tensor, targets: Tensor) -> Slope:
        def slope(target: list[Tensor], scale: float, keep: float) -> None:
            self.step(local, target, x, targets, scale / len(x), keep)

        return slope

    @torch.no_grad()
    def scores(self, weights: Sequence[Tensor], samples: Indices) -> Tensor:
        """Scores of shape (samples, classes)."""
        return self.forward(weights, self.x[torch.from_numpy(samples)])


def _logreg_scores(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    weight, bias = weights
    return torch.addmm(bias, x, weight.t())


def _logreg_step(
    weights: Sequence[Tensor], target: list[Tensor], x: Tensor, labels: Tensor, scale: float, keep: float
) -> None:
    weight, bias = weights
    # The gradient of the summed cross-entropy by the scores is softmax - target.
    error = torch.softmax(torch.addmm(bias, x, weight.t()), -1).sub_(labels)
    _accumulate(target, error, x, scale, keep)


def _accumulate(target: Sequence[Tensor], error: Tensor, x: Tensor, scale: float, keep: float) -> None:
    """Add the gradient of one linear layer to the target's weight and bias."""
    weight, bias = target
    weight.addmm_(error.t(), x, beta=keep, alpha=scale)
    if keep != 1:
        bias.mul_(keep)
    bias.add_(error.sum(0), alpha=scale)


def _mlp_scores(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    weight1, bias1, weight2, bias2 = weights
    return torch.addmm(bias2, torch.addmm(bias1, x, weight1.t()).relu_(), weight2.t())


def _mlp_step(
    weights: Sequence[Tensor], target: list[Tensor], x: Tensor, labels: Tensor, scale: float, keep: float
) -> None:
    weight1, bias1, weight2, bias2 = weights
    hidden = torch.addmm(bias1, x, weight1.t()).relu_()
    error = torch.softmax(torch.addmm(bias2, hidden, weight2.t()), -1).sub_(labels)
    hidden_error = torch.ops.aten.threshold_backward(torch.mm(error, weight2), hidden, 0)
    _accumulate(target[2:], error, hidden, scale, keep)
    _accumulate(target[:2], hidden_error, x, scale, keep)
