"""The codec that sends one bit for each entry and one size for each tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from flopt.compression import Shapes
from flopt.simulation.wire import Codec, float_bytes, floats

__all__ = ["SIGNS"]


def _size(tensor: Tensor) -> Tensor:
    return tensor.abs().mean().to(torch.float32).to(tensor.dtype)


def _signed(positive: Tensor, size: Tensor) -> Tensor:
    return torch.where(positive, size, -size)


def _carry(tensors: Sequence[Tensor], _amount: float, _seed: int) -> list[Tensor]:
    return [_signed(tensor >= 0, _size(tensor)) for tensor in tensors]


def _encode(tensors: Sequence[Tensor], _amount: float, _seed: int) -> bytes:
    return b"".join(float_bytes(_size(tensor)) + np.packbits((tensor >= 0).numpy()).tobytes() for tensor in tensors)


def _decode(message: bytes, shapes: Shapes, _amount: float) -> list[Tensor]:
    tensors, start = [], 0
    for shape in shapes:
        count = math.prod(shape)
        end = start + 4 + math.ceil(count / 8)
        bits = np.unpackbits(np.frombuffer(message[start + 4 : end], np.uint8), count=count)
        size = torch.tensor(floats(message, 1, start)[0])
        tensors.append(_signed(torch.from_numpy(bits.astype(bool)).reshape(shape), size))
        start = end
    return tensors


SIGNS = Codec(_carry, _encode, _decode)
"""Each tensor's mean absolute value times the signs: Karimireddy et al., "Error feedback fixes SignSGD and other
gradient compression schemes", ICML 2019, algorithm 1; a zero counts as positive."""
