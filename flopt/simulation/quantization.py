"""Codecs that send whole numbers of b bits, in steps of each tensor's largest absolute value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from flopt.compression import Shapes
from flopt.simulation.wire import Codec, float_bytes, floats

__all__ = ["NEAREST", "STOCHASTIC"]


def _numbers(tensors: Sequence[Tensor], bits: int, seed: int | None) -> Iterator[tuple[Tensor, Tensor]]:
    """For each tensor whole numbers in [-L, L], L = 2^(bits - 1) - 1, and the float32 largest absolute value."""
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    for tensor in tensors:
        largest = tensor.abs().max().to(torch.float32).to(tensor.dtype)
        yield (torch.zeros_like(tensor) if largest == 0 else _rounded(tensor, largest, bits, generator)), largest


def _rounded(tensor: Tensor, largest: Tensor, bits: int, generator: torch.Generator | None) -> Tensor:
    """Rounded half to even, or with a generator up or down at random, so that the mean is exact."""
    # Divided before multiplied: 1 / largest would overflow for the tiniest updates.
    levels = _levels(bits)
    steps = tensor / largest * levels
    if generator is None:
        steps.round_()
    else:
        steps.add_(torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype)).floor_()
    return steps.clamp_(-levels, levels)


def _restored(numbers: Tensor, largest: Tensor, bits: int) -> Tensor:
    return numbers / _levels(bits) * largest


def _levels(bits: int) -> int:
    return int(2 ** (bits - 1) - 1)


def _carry(tensors: Sequence[Tensor], bits: float, seed: int | None) -> list[Tensor]:
    return [_restored(numbers, largest, int(bits)) for numbers, largest in _numbers(tensors, int(bits), seed)]


def _encode(tensors: Sequence[Tensor], bits: float, seed: int | None) -> bytes:
    pairs = _numbers(tensors, int(bits), seed)
    return b"".join(float_bytes(largest) + _packed(numbers, int(bits)) for numbers, largest in pairs)


def _packed(numbers: Tensor, bits: int) -> bytes:
    """Non-negative codes of `bits` bits each, most significant first, padded to a whole byte."""
    codes = (numbers.flatten() + _levels(bits)).to(torch.int32).numpy().astype(">u2")
    return np.packbits(np.unpackbits(codes.view(np.uint8)).reshape(-1, 16)[:, 16 - bits :]).tobytes()


def _decode(message: bytes, shapes: Shapes, bits: float) -> list[Tensor]:
    tensors, start = [], 0
    for shape in shapes:
        count = math.prod(shape)
        end = start + 4 + math.ceil(count * int(bits) / 8)
        largest = torch.tensor(floats(message, 1, start)[0])
        numbers = _unpacked(message[start + 4 : end], count, int(bits))
        tensors.append(_restored(numbers, largest, int(bits)).reshape(shape))
        start = end
    return tensors


def _unpacked(packed: bytes, count: int, bits: int) -> Tensor:
    wide = np.zeros((count, 16), dtype=np.uint8)
    wide[:, 16 - bits :] = np.unpackbits(np.frombuffer(packed, np.uint8), count=count * bits).reshape(count, bits)
    codes = np.packbits(wide).view(">u2").astype(np.float32)
    return torch.from_numpy(codes) - _levels(bits)


NEAREST = Codec(
    lambda tensors, bits, _seed: _carry(tensors, bits, None),
    lambda tensors, bits, _seed: _encode(tensors, bits, None),
    _decode,
)
STOCHASTIC = Codec(_carry, _encode, _decode)
"""QSGD: Alistarh et al., "QSGD: communication-efficient SGD via gradient quantization", NeurIPS 2017, scaled by the
largest value as in their section 5; unbiased, so no residual is kept."""
