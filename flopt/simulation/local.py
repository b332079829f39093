"""Local training of one client, by the fastest engine that knows its model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from flopt.simulation.convolution import ConvolutionEngine
from flopt.simulation.dense import DenseEngine
from flopt.simulation.descent import Descent, one_by_one
from flopt.simulation.device import exact
from flopt.simulation.models import trained
from flopt.simulation.partition import Indices

__all__ = ["AutogradEngine", "Engine", "engine"]

SCORED_AT_ONCE = 1024
"""Samples scored in one pass, so that a large validation set does not fill the memory."""


class Engine(Protocol):
    """Trains and scores one model on one data set; weights are the trained tensors in the order they are sent."""

    @property
    def draws(self) -> bool:
        """Whether training may draw from torch's global generator."""
        ...

    @property
    def at_once(self) -> int:
        """How many clients it trains best in one call of `updates`; 1 where training draws."""
        ...

    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], descent: Descent) -> list[Tensor]:
        """New weights after one step on the mean cross-entropy of each batch; `weights` stay as they are."""
        ...

    def updates(
        self, weights: Sequence[Tensor], plans: Sequence[Sequence[Indices]], descents: Sequence[Descent]
    ) -> list[list[Tensor]]:
        """What `train` changes in the weights, for each client's batches; descents differ in the correction alone."""
        ...

    def scores(self, weights: Sequence[Tensor], samples: Indices) -> Tensor:
        """Scores of shape (samples, classes)."""
        ...


def engine(module: nn.Module, x: Tensor, y: Tensor, together: Sequence[Indices] = ()) -> Engine:
    """The engine for `module` on samples `x`, shape (n, ...features), with labels `y`, shape (n,).

    Those named `together`, no sample twice, are what it will be asked to score.
    """
    match _layers(module):
        case [nn.Flatten(), *dense] if _is_dense(dense):
            return DenseEngine.of(x, y, _classes(dense), together)
        case [nn.Conv2d() as first, nn.ReLU(), nn.MaxPool2d() as one, nn.Conv2d() as second, nn.ReLU(),
              nn.MaxPool2d() as two, nn.Flatten(), *dense] if _is_dense(dense):  # fmt: skip
            if all(map(_is_plain, (first, second))) and all(map(_halves, (one, two))):
                padding = (int(first.padding[0]), int(second.padding[0]))
                return ConvolutionEngine.of(x, y, _classes(dense), padding)
    return AutogradEngine(module, x, y)


def _layers(module: nn.Module) -> list[nn.Module]:
    """The layers of a plain stack whose every layer has its usual parameters, all of them trained; else none."""
    if type(module) is not nn.Sequential:
        return []
    layers = list(module)
    weighted = sum(type(layer) in (nn.Linear, nn.Conv2d) for layer in layers)
    return layers if len(trained(module)) == 2 * weighted and _flattens_all(layers) else []


def _flattens_all(layers: Sequence[nn.Module]) -> bool:
    return all((f.start_dim, f.end_dim) == (1, -1) for f in layers if isinstance(f, nn.Flatten))


def _is_dense(layers: Sequence[nn.Module]) -> bool:
    """Linear layers with ReLU between each two."""
    kinds = [nn.ReLU if number % 2 else nn.Linear for number in range(len(layers))]
    return len(layers) % 2 == 1 and [type(layer) for layer in layers] == kinds


def _classes(layers: Sequence[nn.Module]) -> int:
    return int(layers[-1].get_parameter("bias").numel())


def _is_plain(layer: nn.Conv2d) -> bool:
    """A convolution with square filters, zero padding, and neither strides, dilation nor groups."""
    usual = (layer.stride, layer.dilation, layer.groups, layer.padding_mode) == ((1, 1), (1, 1), 1, "zeros")
    square = isinstance(layer.padding, tuple) and len(set(layer.padding)) == len(set(layer.kernel_size)) == 1
    return usual and square


def _halves(pool: nn.MaxPool2d) -> bool:
    plain = (pool.padding, pool.dilation, pool.ceil_mode, pool.return_indices) == (0, 1, False, False)
    return plain and pool.kernel_size in (2, (2, 2)) and pool.stride in (2, (2, 2))


@dataclass(frozen=True, eq=False)
class AutogradEngine:
    """Any module, by automatic differentiation; a module's own dropout draws from torch's global generator.

    Module and samples may be on a GPU: weights are taken from the CPU and given back there.
    """

    module: nn.Module
    x: Tensor
    y: Tensor
    draws: bool = True
    at_once: int = 1

    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], descent: Descent) -> list[Tensor]:
        """New weights after one step for each batch."""
        self.module.train()
        device = self.x.device
        local = [w.detach().to(device, copy=True) for w in weights]
        named = dict(zip(trained(self.module), local, strict=True))
        chosen = (torch.from_numpy(batch).to(device) for batch in batches)
        with exact(device), _seeded_as_the_cpu(device):
            _on(device, descent).run(local, [partial(self._slope, named, batch) for batch in chosen])
        return [w.cpu() for w in local]

    def updates(
        self, weights: Sequence[Tensor], plans: Sequence[Sequence[Indices]], descents: Sequence[Descent]
    ) -> list[list[Tensor]]:
        """What each client's training changes in the weights."""
        return one_by_one(self.train, weights, plans, descents)

    def _slope(self, named: dict[str, Tensor], batch: Tensor, target: list[Tensor], scale: float, keep: float) -> None:
        values = [value.requires_grad_() for value in named.values()]
        x, y = (torch.index_select(each, 0, batch) for each in (self.x, self.y))
        loss = cross_entropy(functional_call(self.module, named, (x,)), y)
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
        device = self.x.device
        values = {name: w.to(device) for name, w in zip(trained(self.module), weights, strict=True)}
        parts = torch.split(torch.from_numpy(samples).to(device), SCORED_AT_ONCE)
        chosen = (torch.index_select(self.x, 0, part) for part in parts)
        with exact(device):
            return torch.cat([functional_call(self.module, values, (x,)) for x in chosen]).cpu()


def _on(device: torch.device, descent: Descent) -> Descent:
    if descent.correction is None:
        return descent
    return replace(descent, correction=[each.to(device) for each in descent.correction])


@contextmanager
def _seeded_as_the_cpu(device: torch.device) -> Iterator[None]:
    """On a GPU, draw a model's own randomness from a seed that the CPU's generator gives, and restore it after."""
    if device.type == "cpu":
        yield
        return
    with torch.random.fork_rng(devices=[torch.cuda.current_device()]):
        torch.cuda.manual_seed(int(torch.randint(2**62, ())))
        yield
