"""The engine of logistic regression and of perceptrons with rectified hidden layers, its gradient written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from flopt.simulation.descent import Descent, Slope
from flopt.simulation.partition import Indices

__all__ = ["DenseEngine"]


@dataclass(frozen=True, eq=False)
class DenseEngine:
    """Linear layers with ReLU between them: no graph, no copies, few kernels.

    Several times faster than automatic differentiation at batches of ten, where each torch call costs more than its
    arithmetic. One client after the other, so that its weights stay in the cache; ten clients stacked measured as
    fast for a perceptron, and 1.4 times faster for logistic regression only.
    """

    x: Tensor
    """Shape (n, features + 1): the last column is one, for the bias."""
    targets: Tensor
    """Shape (n, classes): one-hot labels."""

    @classmethod
    def of(cls, x: Tensor, y: Tensor, classes: int) -> DenseEngine:
        """The engine for samples `x`, shape (n, ...features), with labels `y`, shape (n,)."""
        return cls(torch.cat([x.flatten(1), x.new_ones(len(x), 1)], dim=1), one_hot(y, classes).to(x.dtype))

    @torch.no_grad()
    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], descent: Descent) -> list[Tensor]:
        """New weights after one step for each batch."""
        layers = joined(weights)
        order = torch.from_numpy(np.concatenate(batches))
        sizes = [len(batch) for batch in batches]
        way = Way(layers, sizes)
        # One gather for all steps; each step then sees a slice without copying.
        cut = zip(torch.split(self.x[order], sizes), torch.split(self.targets[order], sizes), strict=True)
        if descent.correction is not None:
            descent = replace(descent, correction=joined(descent.correction))
        descent.run(layers, [way.slope(x, targets) for x, targets in cut])
        return separated(layers)

    @torch.no_grad()
    def scores(self, weights: Sequence[Tensor], samples: Indices) -> Tensor:
        """Scores of shape (samples, classes)."""
        values = self.x[torch.from_numpy(samples)][:, :-1]
        for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            values = torch.addmm(bias, values, weight.t()).relu_()
        return torch.addmm(weights[-1], values, weights[-2].t())


def joined(weights: Sequence[Tensor]) -> list[Tensor]:
    """Each layer's weight and bias as one matrix of shape (outputs, inputs + 1)."""
    return [torch.cat([w, b[:, None]], dim=1) for w, b in zip(weights[::2], weights[1::2], strict=True)]


def separated(layers: Sequence[Tensor]) -> list[Tensor]:
    """The weights and biases of joined layers."""
    return [part.contiguous() for layer in layers for part in (layer[:, :-1], layer[:, -1])]


class Way:
    """Forward and back through one client's layers, with views and buffers that are made once."""

    def __init__(self, layers: Sequence[Tensor], sizes: Sequence[int]) -> None:
        self._turned = [layer.t() for layer in layers]
        self._inner = [layer[:, :-1] for layer in layers]
        # Hidden values with a last column of ones, and the view without it.
        hidden = {n: [layer.new_ones(n, len(layer) + 1) for layer in layers[:-1]] for n in set(sizes)}
        self._hidden = {n: [(values, values[:, :-1]) for values in each] for n, each in hidden.items()}

    def slope(self, x: Tensor, targets: Tensor) -> Slope:
        """The gradient of the mean cross-entropy on one batch."""

        def slope(target: list[Tensor], scale: float, keep: float) -> None:
            self.add(target, x, targets, scale / len(x), keep)

        return slope

    def add(
        self, target: list[Tensor], x: Tensor, labels: Tensor, scale: float, keep: float, *, through: bool = False
    ) -> Tensor:
        """target = keep x target + scale x summed gradient; with `through` gives the error at the inputs."""
        hidden, inputs = self._hidden[len(x)], [x]
        for turned, (values, inner) in zip(self._turned[:-1], hidden, strict=True):
            torch.mm(inputs[-1], turned, out=inner).relu_()
            inputs.append(values)
        # The gradient of the summed cross-entropy by the scores is softmax - target.
        error = torch.softmax(torch.mm(inputs[-1], self._turned[-1]), -1).sub_(labels)
        for number in range(len(target) - 1, -1, -1):
            # Before this layer moves.
            below = torch.mm(error, self._inner[number]) if number or through else error
            if number:
                below = torch.ops.aten.threshold_backward(below, hidden[number - 1][1], 0)
            target[number].addmm_(error.t(), inputs[number], beta=keep, alpha=scale)
            error = below
        return error
