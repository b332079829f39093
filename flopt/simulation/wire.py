"""Tensors and the bytes that carry them: what every codec is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flopt.compression import Shapes

__all__ = ["Codec", "flattened", "float_bytes", "floats", "like", "shaped"]


@dataclass(frozen=True)
class Codec:
    """One kind of compression: `carry` gives what `decode` makes of `encode`, without making the bytes.

    Values must be finite. The number after each tensor list is the amount of `flopt.compression.Compression`, the
    one after it the seed of whatever is drawn.
    """

    carry: Callable[[Sequence[Tensor], float, int], list[Tensor]]
    """Tensors as the receiver gets them."""
    encode: Callable[[Sequence[Tensor], float, int], bytes]
    """The message, little-endian, without headers."""
    decode: Callable[[bytes, Shapes, float], list[Tensor]]
    """Float32 tensors of the given shapes from a message."""


def flattened(tensors: Sequence[Tensor]) -> Tensor:
    """All entries one after the other, shape (entries,)."""
    return torch.cat([tensor.flatten() for tensor in tensors])


def like(flat: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The entries of `flat` in the shapes of `tensors`."""
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    return [part.reshape(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def shaped(flat: NDArray[np.float32], shapes: Shapes) -> list[Tensor]:
    """Received entries as tensors."""
    parts = torch.split(torch.tensor(flat), [math.prod(shape) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def float_bytes(tensor: Tensor) -> bytes:
    """The entries as little-endian float32."""
    return tensor.numpy().astype("<f4").tobytes()


def floats(message: bytes, count: int, start: int = 0) -> NDArray[np.float32]:
    """`count` float32 values from byte `start` on."""
    return np.frombuffer(message, "<f4", count=count, offset=start)
