"""Sixteen bits for each entry."""

from __future__ import annotations

import numpy as np
import torch

from flopt.compression import Compression
from flopt.simulation.codecs import carry, encode


def test_float16_is_numpy_s() -> None:
    before = torch.randn(100, generator=torch.Generator().manual_seed(0))
    (after,) = carry(Compression("float16"), [before])
    assert after.tolist() == before.numpy().astype(np.float16).astype(np.float32).tolist()
    assert encode(Compression("float16"), [before]) == before.numpy().astype("<f2").tobytes()


def test_bfloat16_is_the_upper_half_of_a_float32() -> None:
    before = torch.tensor([1.0, -2.5, 3.140625])  # exact in eight bits
    assert (
        encode(Compression("bfloat16"), [before]) == before.numpy().view("<u4").__rshift__(16).astype("<u2").tobytes()
    )
    assert carry(Compression("bfloat16"), [before])[0].tolist() == before.tolist()


def test_what_overflows_becomes_the_largest_number() -> None:
    (after,) = carry(Compression("float16"), [torch.tensor([1e6, -1e6])])
    assert after.tolist() == [65504, -65504]
