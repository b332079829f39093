"""The engine of logistic regression and of perceptrons with rectified hidden layers, its gradient written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from flopt.simulation.descent import Descent, Slope, one_by_one
from flopt.simulation.homogeneous import joined, separated, with_one
from flopt.simulation.partition import Indices
from flopt.simulation.stack import stacked_updates, worthwhile

__all__ = ["DenseEngine", "Way"]

_RELU_BACK = torch.ops.aten.threshold_backward.default


@dataclass(frozen=True, eq=False)
class DenseEngine:
    """Linear layers with ReLU between them: no graph, no copies, few kernels.

    Several times faster than automatic differentiation at batches of ten, where each torch call costs more than its
    arithmetic. Clients of few samples are trained ten at once, others one after the other, so that what a step
    touches stays in the cache.
    """

    x: Tensor
    """Shape (n, columns), as `with_one` makes it."""
    targets: Tensor
    """Shape (n, classes): one-hot labels."""
    draws: bool = False
    at_once: int = 10

    @classmethod
    def of(cls, x: Tensor, y: Tensor, classes: int) -> DenseEngine:
        """The engine for samples `x`, shape (n, ...features), with labels `y`, shape (n,)."""
        return cls(with_one(x.flatten(1)), one_hot(y, classes).to(x.dtype))

    @torch.no_grad()
    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], descent: Descent) -> list[Tensor]:
        """New weights after one step for each batch."""
        layers = joined(weights)
        order = torch.from_numpy(np.concatenate(batches))
        sizes = [len(batch) for batch in batches]
        way = Way(layers, weights, sizes)
        # One gather for all steps; each step then sees a slice without copying.
        # index_select, and not x[order], which takes five times as long.
        x, targets = torch.index_select(self.x, 0, order), torch.index_select(self.targets, 0, order)
        cut = zip(torch.split(x, sizes), torch.split(targets, sizes), sizes, strict=True)
        if descent.correction is not None:
            descent = replace(descent, correction=joined(descent.correction))
        descent.run(layers, [way.slope(*batch) for batch in cut])
        return separated(layers, weights)

    @torch.no_grad()
    def updates(
        self, weights: Sequence[Tensor], plans: Sequence[Sequence[Indices]], descents: Sequence[Descent]
    ) -> list[list[Tensor]]:
        """What the local training of each client changes in the weights."""
        small = [number for number, plan in enumerate(plans) if worthwhile(plan)]
        large = [number for number in range(len(plans)) if number not in small]
        found = dict(zip(large, one_by_one(self.train, weights, *_chosen(large, plans, descents)), strict=True))
        if small:
            stacked = stacked_updates(self.x, self.targets, weights, *_chosen(small, plans, descents))
            found |= dict(zip(small, stacked, strict=True))
        return [found[number] for number in range(len(plans))]

    @torch.no_grad()
    def scores(self, weights: Sequence[Tensor], samples: Indices) -> Tensor:
        """Scores of shape (samples, classes)."""
        first, *others = joined(weights)
        # In this order a layer of few outputs takes half as long.
        values = torch.mm(first, torch.index_select(self.x, 0, torch.from_numpy(samples)).t()).t()
        for layer in others:
            values = torch.mm(with_one(values.relu_()), layer.t())
        return values


def _chosen(
    numbers: Sequence[int], plans: Sequence[Sequence[Indices]], descents: Sequence[Descent]
) -> tuple[list[Sequence[Indices]], list[Descent]]:
    return [plans[number] for number in numbers], [descents[number] for number in numbers]


class Way:
    """Forward and back through one client's joined layers, with views and buffers that are made once."""

    def __init__(self, layers: Sequence[Tensor], like: Sequence[Tensor], sizes: Sequence[int]) -> None:
        self._turned = [layer.t() for layer in layers]
        self._inner = [layer[:, : weight.shape[1]] for layer, weight in zip(layers, like[::2], strict=True)]
        self._hidden = {size: [_hidden(layer, size) for layer in layers[:-1]] for size in set(sizes)}

    def slope(self, x: Tensor, targets: Tensor, size: int) -> Slope:
        """The gradient of the mean cross-entropy on one batch of `size` samples."""

        def slope(target: list[Tensor], scale: float, keep: float) -> None:
            self.add(target, x, targets, size, scale, keep)

        return slope

    def add(
        self, target: list[Tensor], x: Tensor, labels: Tensor, size: int, scale: float, keep: float,
        *, through: bool = False,
    ) -> Tensor:  # fmt: skip
        """target = keep x target + scale x mean gradient; with `through` gives the summed error at the inputs."""
        hidden, inputs = self._hidden[size], [x]
        for turned, (values, inner) in zip(self._turned[:-1], hidden, strict=True):
            torch.mm(inputs[-1], turned, out=inner).relu_()
            inputs.append(values)
        # The gradient of the summed cross-entropy by the scores is softmax - target.
        error = torch.softmax(torch.mm(inputs[-1], self._turned[-1]), -1).sub_(labels)
        for number in range(len(target) - 1, -1, -1):
            # Before this layer moves.
            below = torch.mm(error, self._inner[number]) if number or through else error
            if number:
                below = _RELU_BACK(below, hidden[number - 1][1], 0)
            target[number].addmm_(error.t(), inputs[number], beta=keep, alpha=scale / size)
            error = below
        return error


def _hidden(layer: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Room for the values of one hidden layer as `with_one` has them, and the view of the values alone."""
    room = with_one(layer.new_zeros(size, len(layer)))
    return room, room[:, : len(layer)]
