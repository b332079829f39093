"""Tensors as one flat vector and back."""

from __future__ import annotations

import torch

from flopt.simulation.wire import flattened, float_bytes, floats, like, shaped

TENSORS = [torch.arange(6.0).reshape(2, 3), torch.tensor(9.0), torch.arange(4.0)]


def test_flat_and_back() -> None:
    for after, before in zip(like(flattened(TENSORS), TENSORS), TENSORS, strict=True):
        assert torch.equal(after, before)


def test_bytes_and_back() -> None:
    message = b"xy" + float_bytes(flattened(TENSORS))
    received = shaped(floats(message, 11, 2), [(2, 3), (), (4,)])
    for after, before in zip(received, TENSORS, strict=True):
        assert torch.equal(after, before)
