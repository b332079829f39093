"""Layers joined with their biases."""

from __future__ import annotations

import torch

from flopt.simulation.homogeneous import joined, separated, with_one

SHAPES = [(9, 12), (9,), (5, 9), (5,)]
WEIGHTS = [torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) for shape in SHAPES]


def test_joined_layers_come_apart_again() -> None:
    assert [tuple(layer.shape) for layer in joined(WEIGHTS)] == [(9, 16), (5, 16)]
    assert all(torch.equal(a, b) for a, b in zip(separated(joined(WEIGHTS), WEIGHTS), WEIGHTS, strict=True))


def test_a_joined_layer_of_a_row_with_one_is_the_layer() -> None:
    weight, bias = WEIGHTS[:2]
    x = torch.rand(4, 12, dtype=torch.float64)
    torch.testing.assert_close(with_one(x) @ joined([weight, bias])[0].t(), x @ weight.t() + bias)
