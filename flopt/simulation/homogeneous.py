"""Homogeneous coordinates: a layer's weight and bias as one matrix, for rows with a one after them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

__all__ = ["joined", "separated", "with_one"]

ALIGNED = 8
"""Columns are filled up with zeros to a multiple of this: 32 bytes, without which updates take half as long again."""


def with_one(x: Tensor) -> Tensor:
    """The rows of `x` with a one after them, for the bias, and zeros up to an aligned width."""
    count, width = x.shape
    room = x.new_zeros(count, -(-(width + 1) // ALIGNED) * ALIGNED)
    room[:, :width] = x
    room[:, width] = 1
    return room


def joined(weights: Sequence[Tensor]) -> list[Tensor]:
    """Each layer's weight and bias as one matrix, (outputs, columns), that takes rows made by `with_one`."""
    layers = []
    for weight, bias in zip(weights[::2], weights[1::2], strict=True):
        layer = with_one(weight)
        layer[:, weight.shape[1]] = bias
        layers.append(layer)
    return layers


def separated(layers: Sequence[Tensor], like: Sequence[Tensor]) -> list[Tensor]:
    """The weights and biases of joined layers, in the shapes of `like`."""
    widths = [weight.shape[1] for weight in like[::2]]
    parts = [(layer[:, :width], layer[:, width]) for layer, width in zip(layers, widths, strict=True)]
    return [part.contiguous() for pair in parts for part in pair]
