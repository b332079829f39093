"""Codecs that send every entry as a floating-point number: float32, float16 and bfloat16."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from flopt.compression import Shapes
from flopt.simulation.wire import Codec, flattened, float_bytes, floats, shaped

__all__ = ["PLAIN", "half"]


def _carry_plain(tensors: Sequence[Tensor], _amount: float, _seed: int) -> list[Tensor]:
    return list(tensors)


def _encode_plain(tensors: Sequence[Tensor], _amount: float, _seed: int) -> bytes:
    return b"".join(float_bytes(tensor) for tensor in tensors)


def _decode_plain(message: bytes, shapes: Shapes, _amount: float) -> list[Tensor]:
    return shaped(floats(message, len(message) // 4), shapes)


PLAIN = Codec(_carry_plain, _encode_plain, _decode_plain)


def half(dtype: torch.dtype) -> Codec:
    """The codec of one 16-bit format: rounded to nearest, and what overflows it becomes its largest number."""

    def carry(tensors: Sequence[Tensor], _amount: float, _seed: int) -> list[Tensor]:
        return [_rounded(tensor, dtype).to(tensor.dtype) for tensor in tensors]

    def encode(tensors: Sequence[Tensor], _amount: float, _seed: int) -> bytes:
        return _rounded(flattened(tensors), dtype).view(torch.int16).numpy().astype("<i2").tobytes()

    def decode(message: bytes, shapes: Shapes, _amount: float) -> list[Tensor]:
        bits = torch.from_numpy(np.frombuffer(message, "<i2").astype(np.int16))
        return shaped(bits.view(dtype).to(torch.float32).numpy(), shapes)

    return Codec(carry, encode, decode)


def _rounded(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    # Through float32: where the training is in float64, the message is still the one of a float32 device.
    largest = _LARGEST[dtype]
    return tensor.to(torch.float32).clamp(-largest, largest).to(dtype)


_LARGEST: dict[torch.dtype, float] = {dtype: torch.finfo(dtype).max for dtype in (torch.float16, torch.bfloat16)}
