"""The engine of small convolutional networks, its gradient written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot, unfold

from flopt.simulation.dense import Way
from flopt.simulation.descent import Descent, Slope, one_by_one
from flopt.simulation.homogeneous import joined, separated, with_one
from flopt.simulation.partition import Indices

__all__ = ["ConvolutionEngine"]

_POOL = torch.ops.aten.max_pool2d_with_indices.default
_POOL_BACK = torch.ops.aten.max_pool2d_with_indices_backward.default
_CONVOLUTION_BACK = torch.ops.aten.convolution_backward.default
_RELU_BACK = torch.ops.aten.threshold_backward.default
_LAST = torch.channels_last
_TWO = [2, 2]
SCORED_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class ConvolutionEngine:
    """Two convolutions, each with ReLU and max-pooling by two, and dense layers.

    What makes it faster than automatic differentiation on a CPU: the patches under the first layer's filters depend
    on the data alone, so they are cut out once for a client and the layer becomes a matrix product both ways; and
    pooling is several times quicker where the channels lie together.
    """

    x: Tensor
    """Shape (n, channels, height, width)."""
    targets: Tensor
    """Shape (n, classes): one-hot labels."""
    padding: tuple[int, int]
    draws: bool = False
    at_once: int = 1

    @classmethod
    def of(cls, x: Tensor, y: Tensor, classes: int, padding: tuple[int, int]) -> ConvolutionEngine:
        """The engine for samples `x` with labels `y`, shape (n,), and the padding of the two convolutions."""
        return cls(x, one_hot(y, classes).to(x.dtype), padding)

    @torch.no_grad()
    def train(self, weights: Sequence[Tensor], batches: Sequence[Indices], descent: Descent) -> list[Tensor]:
        """New weights after one step for each batch."""
        local = _loosened(weights)
        correction = None if descent.correction is None else _loosened(descent.correction)
        descent = Descent(descent.lr, descent.momentum, descent.weight_decay, descent.proximal_mu, correction)
        patches, of_sample = self._patches(batches, weights[0].shape[-1])
        way = Way(local[4:], weights[4:], [len(batch) for batch in batches])
        slopes = []
        for batch in batches:
            rows = torch.from_numpy(batch)
            under = torch.index_select(patches, 0, of_sample[rows])
            slopes.append(self._slope(local, way, under, torch.index_select(self.targets, 0, rows)))
        descent.run(local, slopes)
        return _fastened(local, weights)

    def updates(
        self, weights: Sequence[Tensor], plans: Sequence[Sequence[Indices]], descents: Sequence[Descent]
    ) -> list[list[Tensor]]:
        """What each client's training changes in the weights."""
        return one_by_one(self.train, weights, plans, descents)

    def _patches(self, batches: Sequence[Indices], size: int) -> tuple[Tensor, Tensor]:
        """Patches of the client's samples, (samples, height, width, pixels), and the row of each of the n samples."""
        rows = torch.unique(torch.from_numpy(np.concatenate(batches)))
        position = torch.zeros(len(self.x), dtype=torch.int64)
        position[rows] = torch.arange(len(rows))
        return _cut_out(self.x[rows], size, self.padding[0]), position

    def _slope(self, local: list[Tensor], way: Way, patches: Tensor, targets: Tensor) -> Slope:
        def slope(target: list[Tensor], scale: float, keep: float) -> None:
            self._add(local, way, target, patches, targets, scale, keep)

        return slope

    def _add(
        self, local: list[Tensor], way: Way, target: list[Tensor], patches: Tensor, targets: Tensor, scale: float,
        keep: float,
    ) -> None:  # fmt: skip
        """target = keep x target + scale x mean gradient."""
        filters, bias, filters2, bias2 = local[:4]
        first = _first(patches, filters, bias)
        pooled, at = _POOL(first, _TWO, _TWO)
        second = torch.conv2d(pooled, filters2, bias2, padding=self.padding[1]).relu_()
        pooled2, at2 = _POOL(second, _TWO, _TWO)
        size = pooled2.shape[0]
        back = way.add(target[4:], with_one(pooled2.flatten(1)), targets, size, scale, keep, through=True)
        scale /= size
        error2 = _unpooled(back.view_as(pooled2).contiguous(memory_format=_LAST), second, at2)
        back2, slope2, slope_bias2 = _CONVOLUTION_BACK(
            error2, pooled, filters2, [len(bias2)], [1, 1], [self.padding[1]] * 2, [1, 1], False, [0, 0], 1, [True] * 3
        )
        error1 = _unpooled(back2, first, at).permute(0, 2, 3, 1).reshape(-1, len(bias))
        _accumulate(target[2:4], [slope2, slope_bias2], scale, keep)
        target[0].addmm_(error1.t(), patches.flatten(0, 2), beta=keep, alpha=scale)
        _accumulate(target[1:2], [error1.sum(0)], scale, keep)

    @torch.no_grad()
    def scores(self, weights: Sequence[Tensor], samples: Indices) -> Tensor:
        """Scores of shape (samples, classes)."""
        parts = torch.split(torch.from_numpy(samples), SCORED_AT_ONCE)
        return torch.cat([self._scored(weights, torch.index_select(self.x, 0, part)) for part in parts])

    def _scored(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        for number in (0, 1):
            x = torch.conv2d(x, weights[2 * number], weights[2 * number + 1], padding=self.padding[number])
            x = torch.max_pool2d(x.relu_().contiguous(memory_format=_LAST), 2)
        values = x.flatten(1)
        for weight, bias in zip(weights[4:-2:2], weights[5:-2:2], strict=True):
            values = torch.addmm(bias, values, weight.t()).relu_()
        return torch.addmm(weights[-1], values, weights[-2].t())


def _loosened(weights: Sequence[Tensor]) -> list[Tensor]:
    """First filters as a matrix, second ones with their channels together, dense layers joined with their biases."""
    second = weights[2].clone(memory_format=_LAST)
    return [weights[0].flatten(1).clone(), weights[1].clone(), second, weights[3].clone(), *joined(weights[4:])]


def _fastened(local: Sequence[Tensor], like: Sequence[Tensor]) -> list[Tensor]:
    """The weights in the shapes that they are sent in."""
    return [local[0].view_as(like[0]), local[1], local[2].contiguous(), local[3], *separated(local[4:], like[4:])]


def _cut_out(x: Tensor, size: int, padding: int) -> Tensor:
    """What lies under the filters: (n, height, width, channels x size x size)."""
    height, width = (side + 2 * padding - size + 1 for side in x.shape[2:])
    return unfold(x, size, padding=padding).transpose(1, 2).reshape(len(x), height, width, -1)


def _first(patches: Tensor, filters: Tensor, bias: Tensor) -> Tensor:
    """The first convolution with ReLU, (n, filters, height, width) with the channels together in memory."""
    values = torch.addmm(bias, patches.flatten(0, 2), filters.t()).relu_()
    return values.view(*patches.shape[:3], -1).permute(0, 3, 1, 2)


def _unpooled(error: Tensor, values: Tensor, at: Tensor) -> Tensor:
    """The error before max-pooling and ReLU."""
    back = _POOL_BACK(error, values, _TWO, _TWO, [0, 0], [1, 1], False, at)
    return _RELU_BACK(back, values, 0)  # type: ignore[no-any-return]


def _accumulate(target: list[Tensor], gradient: list[Tensor], scale: float, keep: float) -> None:
    if keep != 1:
        torch._foreach_mul_(target, keep)
    torch._foreach_add_(target, gradient, alpha=scale)
