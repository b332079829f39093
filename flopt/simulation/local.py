"""Local SGD of one client, by the fastest engine that knows its model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy, one_hot

from flopt.simulation.models import trained
from flopt.simulation.partition import Indices

__all__ = ["AutogradEngine", "DenseEngine", "Engine", "engine"]

Step = Callable[[list[Tensor], Tensor, Tensor, float], None]
Forward = Callable[[Sequence[Tensor], Tensor], Tensor]

SCORED_AT_ONCE = 1024
"""Samples scored in one pass, so that a large validation set does not fill the memory."""


class Engine(Protocol):
    """Trains and scores one model on one data set; weights are the trained tensors in the order they are sent."""

    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], lr: float) -> list[Tensor]:
        """New weights after one SGD step on the mean cross-entropy of each batch; `weights` stay as they are."""
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

    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], lr: float) -> list[Tensor]:
        """New weights after one SGD step for each batch."""
        self.module.train()
        local = {name: w.detach().clone() for name, w in zip(trained(self.module), weights, strict=True)}
        for batch in batches:
            self._step(local, torch.from_numpy(batch), lr)
        return list(local.values())

    def _step(self, local: dict[str, Tensor], batch: Tensor, lr: float) -> None:
        values = [value.requires_grad_() for value in local.values()]
        loss = cross_entropy(functional_call(self.module, local, (self.x[batch],)), self.y[batch])
        gradients = torch.autograd.grad(loss, values, materialize_grads=True)
        with torch.no_grad():
            for value, gradient in zip(values, gradients, strict=True):
                value.requires_grad_(False).add_(gradient, alpha=-lr)

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
    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], lr: float) -> list[Tensor]:
        """New weights after one SGD step for each batch."""
        local = [w.clone() for w in weights]
        order = torch.from_numpy(np.concatenate(batches))
        sizes = [len(batch) for batch in batches]
        # One gather for all steps; each step then sees a slice without copying.
        for x, targets in zip(torch.split(self.x[order], sizes), torch.split(self.targets[order], sizes), strict=True):
            self.step(local, x, targets, lr / len(x))
        return local

    @torch.no_grad()
    def scores(self, weights: Sequence[Tensor], samples: Indices) -> Tensor:
        """Scores of shape (samples, classes)."""
        return self.forward(weights, self.x[torch.from_numpy(samples)])


def _logreg_scores(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    weight, bias = weights
    return torch.addmm(bias, x, weight.t())


def _logreg_step(weights: list[Tensor], x: Tensor, targets: Tensor, rate: float) -> None:
    weight, bias = weights
    # The gradient of the summed cross-entropy by the scores is softmax - target.
    error = torch.softmax(torch.addmm(bias, x, weight.t()), -1).sub_(targets)
    weight.addmm_(error.t(), x, alpha=-rate)
    bias.sub_(error.sum(0), alpha=rate)


def _mlp_scores(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    weight1, bias1, weight2, bias2 = weights
    return torch.addmm(bias2, torch.addmm(bias1, x, weight1.t()).relu_(), weight2.t())


def _mlp_step(weights: list[Tensor], x: Tensor, targets: Tensor, rate: float) -> None:
    weight1, bias1, weight2, bias2 = weights
    hidden = torch.addmm(bias1, x, weight1.t()).relu_()
    error = torch.softmax(torch.addmm(bias2, hidden, weight2.t()), -1).sub_(targets)
    hidden_error = torch.ops.aten.threshold_backward(torch.mm(error, weight2), hidden, 0)
    weight2.addmm_(error.t(), hidden, alpha=-rate)
    bias2.sub_(error.sum(0), alpha=rate)
    weight1.addmm_(hidden_error.t(), x, alpha=-rate)
    bias1.sub_(hidden_error.sum(0), alpha=rate)
