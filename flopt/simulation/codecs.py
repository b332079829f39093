"""What compression does to the tensors of a message, and the very bytes of that message."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flopt.compression import Compression, Shapes, kept_entries

__all__ = ["CODECS", "Codec", "carry", "decode", "encode"]


@dataclass(frozen=True)
class Codec:
    """One kind of compression: `carry` gives what `decode` makes of `encode`, without making the bytes.

    Values must be finite. The number after each tensor list is the amount of `flopt.compression.Compression`.
    """

    carry: Callable[[Sequence[Tensor], float], list[Tensor]]
    """Tensors as the receiver gets them."""
    encode: Callable[[Sequence[Tensor], float], bytes]
    """The message, little-endian, without headers."""
    decode: Callable[[bytes, Shapes, float], list[Tensor]]
    """Float32 tensors of the given shapes from a message."""


def carry(compression: Compression, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The tensors as the receiver gets them; new ones, except that `none` hands on the same."""
    return CODECS[compression.kind].carry(tensors, compression.amount)


def encode(compression: Compression, tensors: Sequence[Tensor]) -> bytes:
    """The message: exactly `compression.wire_bytes` of these shapes long."""
    return CODECS[compression.kind].encode(tensors, compression.amount)


def decode(compression: Compression, message: bytes, shapes: Shapes) -> list[Tensor]:
    """The tensors of a message; equal to what `carry` gives for float32 tensors."""
    return CODECS[compression.kind].decode(message, shapes, compression.amount)


# none: float32 values one after the other


def _carry_plain(tensors: Sequence[Tensor], amount: float) -> list[Tensor]:  # noqa: ARG001
    return list(tensors)


def _encode_plain(tensors: Sequence[Tensor], amount: float) -> bytes:  # noqa: ARG001
    return b"".join(_values(tensor).tobytes() for tensor in tensors)


def _decode_plain(message: bytes, shapes: Shapes, amount: float) -> list[Tensor]:  # noqa: ARG001
    return _shaped(np.frombuffer(message, "<f4"), shapes)


# quantize: b-bit whole numbers, symmetric around zero, in steps of the tensor's largest absolute value


def _carry_quantized(tensors: Sequence[Tensor], bits: float) -> list[Tensor]:
    return [_dequantized(*_quantized(tensor, int(bits)), int(bits)) for tensor in tensors]


def _quantized(tensor: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Whole numbers in [-L, L], L = 2^(bits - 1) - 1, rounded half to even, and the float32 largest absolute value."""
    largest = tensor.abs().max().to(torch.float32).to(tensor.dtype)
    if largest == 0:
        return torch.zeros_like(tensor), largest
    # Divided before multiplied: 1 / largest would overflow for the tiniest updates.
    levels = _levels(bits)
    return (tensor / largest * levels).round_().clamp_(-levels, levels), largest


def _dequantized(numbers: Tensor, largest: Tensor, bits: int) -> Tensor:
    return numbers / _levels(bits) * largest


def _levels(bits: int) -> int:
    return int(2 ** (bits - 1) - 1)


def _encode_quantized(tensors: Sequence[Tensor], bits: float) -> bytes:
    message = b""
    for tensor in tensors:
        numbers, largest = _quantized(tensor, int(bits))
        message += _values(largest).tobytes() + _packed(numbers, int(bits))
    return message


def _packed(numbers: Tensor, bits: int) -> bytes:
    """Non-negative codes of `bits` bits each, most significant first, padded to a whole byte."""
    codes = (numbers.flatten() + _levels(bits)).to(torch.int32).numpy().astype(">u2")
    return np.packbits(np.unpackbits(codes.view(np.uint8)).reshape(-1, 16)[:, 16 - bits :]).tobytes()


def _decode_quantized(message: bytes, shapes: Shapes, bits: float) -> list[Tensor]:
    tensors, start = [], 0
    for shape in shapes:
        count = math.prod(shape)
        end = start + 4 + math.ceil(count * int(bits) / 8)
        largest = torch.tensor(np.frombuffer(message, "<f4", count=1, offset=start)[0])
        numbers = _unpacked(message[start + 4 : end], count, int(bits))
        tensors.append(_dequantized(numbers, largest, int(bits)).reshape(shape))
        start = end
    return tensors


def _unpacked(packed: bytes, count: int, bits: int) -> Tensor:
    wide = np.zeros((count, 16), dtype=np.uint8)
    wide[:, 16 - bits :] = np.unpackbits(np.frombuffer(packed, np.uint8), count=count * bits).reshape(count, bits)
    codes = np.packbits(wide).view(">u2").astype(np.float32)
    return torch.from_numpy(codes) - _levels(bits)


# topk: the largest entries of all tensors together; indices first, then values


def _carry_topk(tensors: Sequence[Tensor], fraction: float) -> list[Tensor]:
    flat = _flat(tensors)
    kept = _largest_entries(flat, kept_entries(flat.numel(), fraction))
    sent = torch.zeros_like(flat)
    sent[kept] = flat[kept]
    return [
        part.reshape(t.shape) for part, t in zip(torch.split(sent, [t.numel() for t in tensors]), tensors, strict=True)
    ]


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])


def _largest_entries(flat: Tensor, count: int) -> Tensor:
    """Ascending indices of the `count` entries of largest absolute value; of equal ones the lowest indices."""
    size = flat.abs()
    smallest_kept = torch.topk(size, count, sorted=False).values.min()
    above = torch.nonzero(size > smallest_kept).flatten()
    # torch.topk breaks ties in no stated order, so the ties are taken by hand.
    ties = torch.nonzero(size == smallest_kept).flatten()[: count - len(above)]
    return torch.cat([above, ties]).sort().values


def _encode_topk(tensors: Sequence[Tensor], fraction: float) -> bytes:
    flat = _flat(tensors)
    kept = _largest_entries(flat, kept_entries(flat.numel(), fraction))
    return kept.numpy().astype("<i4").tobytes() + _values(flat[kept]).tobytes()


def _decode_topk(message: bytes, shapes: Shapes, fraction: float) -> list[Tensor]:
    entries = sum(map(math.prod, shapes))
    count = kept_entries(entries, fraction)
    flat = np.zeros(entries, dtype="<f4")
    flat[np.frombuffer(message, "<i4", count=count)] = np.frombuffer(message, "<f4", count=count, offset=4 * count)
    return _shaped(flat, shapes)


def _values(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.numpy().astype("<f4")


def _shaped(flat: NDArray[np.float32], shapes: Shapes) -> list[Tensor]:
    sizes = [math.prod(shape) for shape in shapes]
    parts = torch.split(torch.tensor(flat), sizes)
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


CODECS: dict[str, Codec] = {
    "none": Codec(_carry_plain, _encode_plain, _decode_plain),
    "quantize": Codec(_carry_quantized, _encode_quantized, _decode_quantized),
    "topk": Codec(_carry_topk, _encode_topk, _decode_topk),
}
