"""The codec that sends each matrix as the product of two narrow ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from flopt.compression import Shapes, factor_entries
from flopt.simulation.wire import Codec, float_bytes, floats

__all__ = ["POWERSGD"]

ITERATIONS = 2
"""Subspace iterations: one client sends its own matrix, so they cost arithmetic but no bytes."""


def _factors(tensor: Tensor, rank: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """P (m, rank) with orthonormal columns and Q (n, rank) such that P Q^T is near the tensor as an m x n matrix."""
    matrix = tensor.reshape(len(tensor), -1)
    q = torch.randn(matrix.shape[1], rank, generator=generator, dtype=tensor.dtype)
    p = q
    for _ in range(ITERATIONS):
        p = torch.linalg.qr(matrix @ q).Q.contiguous()
        q = matrix.t() @ p
    return p, q


def _carry(tensors: Sequence[Tensor], rank: float, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [_carried(tensor, int(rank), generator) for tensor in tensors]


def _carried(tensor: Tensor, rank: int, generator: torch.Generator) -> Tensor:
    if not factor_entries(tuple(tensor.shape), rank):
        return tensor.clone()
    return _product(*_factors(tensor, rank, generator)).reshape(tensor.shape)


def _product(p: Tensor, q: Tensor) -> Tensor:
    return p @ q.t()


def _encode(tensors: Sequence[Tensor], rank: float, seed: int) -> bytes:
    generator = torch.Generator().manual_seed(seed)
    message = b""
    for tensor in tensors:
        whole = not factor_entries(tuple(tensor.shape), int(rank))
        sent = (tensor,) if whole else _factors(tensor, int(rank), generator)
        message += b"".join(map(float_bytes, sent))
    return message


def _decode(message: bytes, shapes: Shapes, rank: float) -> list[Tensor]:
    tensors, start = [], 0
    for shape in shapes:
        count = factor_entries(shape, int(rank)) or math.prod(shape)
        tensors.append(_received(torch.tensor(floats(message, count, start)), shape, int(rank)))
        start += 4 * count
    return tensors


def _received(flat: Tensor, shape: tuple[int, ...], rank: int) -> Tensor:
    if not factor_entries(shape, rank):
        return flat.reshape(shape)
    p, q = torch.split(flat, [shape[0] * rank, len(flat) - shape[0] * rank])
    return _product(p.reshape(-1, rank).clone(), q.reshape(-1, rank).clone()).reshape(shape)


POWERSGD = Codec(_carry, _encode, _decode)
"""Vogels, Karimireddy and Jaggi, "PowerSGD: practical low-rank gradient compression for distributed optimization",
NeurIPS 2019, for one client's update: started at random in every message, so that neither side keeps a factor."""
