"""The engine of logistic regression and of perceptrons with rectified hidden layers, its gradient written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from flopt.simulation.descent import Descent, Slope, one_by_one
from flopt.simulation.homogeneous import joined, separated, with_one
from flopt.simulation.partition import Indices
from flopt.simulation.samples import Samples
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

    samples: Samples
    draws: bool = False
    at_once: int = 10

    @classmethod
    def of(cls, x: Tensor, y: Tensor, classes: int, together: Sequence[Indices] = ()) -> DenseEngine:
        """The engine for samples `x`, shape (n, ...features), with labels `y`, shape (n,).

        It scores quickest those that are named `together`, no sample twice.
        """
        return cls(Samples.of(x, y, classes, together))

    @torch.no_grad()
    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], descent: Descent) -> list[Tensor]:
        """New weights after one step for each batch."""
        layers = joined(weights)
        sizes = [len(batch) for batch in batches]
        way = Way(layers, weights, sizes)
        # One gather for all steps; each step then sees a slice without copying.
        x, targets = self.samples.taken(np.concatenate(batches))
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
            stacked = stacked_updates(self.samples, weights, *_chosen(small, plans, descents))
            found |= dict(zip(small, stacked, strict=True))
        return [found[number] for number in range(len(plans))]

    @torch.no_grad()
    def scores(self, weights: Sequence[Tensor], samples: Indices) -> Tensor:
        """Scores of shape (samples, classes)."""
        first, *others = joined(weights)
        # One column for each sample: in this order a layer of few outputs takes half as long.
        values = torch.mm(first, self.samples.seen(samples).t())
        for layer in others:
            inputs = len(values)
            values = torch.addmm(layer[:, inputs : inputs + 1], layer[:, :inputs], values.relu_())
        return values.t()


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
