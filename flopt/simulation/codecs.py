"""What compression does to the tensors of a message, and the very bytes of that message."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from flopt.compression import Compression, Shapes
from flopt.simulation.floats import PLAIN, half
from flopt.simulation.powersgd import POWERSGD
from flopt.simulation.quantization import NEAREST, STOCHASTIC
from flopt.simulation.signs import SIGNS
from flopt.simulation.sparsification import LARGEST, RANDOM
from flopt.simulation.wire import Codec

__all__ = ["CODECS", "carry", "decode", "encode"]


def carry(compression: Compression, tensors: Sequence[Tensor], seed: int = 0) -> list[Tensor]:
    """The tensors as the receiver gets them; new ones, except that `none` hands on the same.

    `seed` draws what the compression leaves to chance; equal seeds give equal messages.
    """
    return CODECS[compression.kind].carry(tensors, compression.amount, seed)


def encode(compression: Compression, tensors: Sequence[Tensor], seed: int = 0) -> bytes:
    """The message: exactly `compression.wire_bytes` of these shapes long."""
    return CODECS[compression.kind].encode(tensors, compression.amount, seed)


def decode(compression: Compression, message: bytes, shapes: Shapes) -> list[Tensor]:
    """The tensors of a message; equal to what `carry` gives for float32 tensors."""
    return CODECS[compression.kind].decode(message, shapes, compression.amount)


CODECS: dict[str, Codec] = {
    "none": PLAIN,
    "float16": half(torch.float16),
    "bfloat16": half(torch.bfloat16),
    "quantize": NEAREST,
    "qsgd": STOCHASTIC,
    "topk": LARGEST,
    "randomk": RANDOM,
    "sign": SIGNS,
    "powersgd": POWERSGD,
}
