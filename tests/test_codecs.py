"""Codecs: the bytes are as long as the law says, and read back as what `carry` gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from flopt.compression import SCHEMES, Compression, Shapes
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
from flopt.simulation.codecs import CODECS, carry, decode, encode
from flopt.simulation.federation import federated
from flopt.simulation.setup import prepare
from flopt.task import TaskSource

SHAPES = st.lists(st.lists(st.integers(1, 5), max_size=3).map(lambda sizes: tuple(sizes)), min_size=1, max_size=4).map(
    lambda shapes: tuple(shapes)
)
COMPRESSIONS = st.one_of(
    st.builds(Compression, st.sampled_from(["none", "float16", "bfloat16", "sign"])),
    st.builds(Compression, st.sampled_from(["quantize", "qsgd"]), st.integers(2, 16)),
    st.builds(Compression, st.sampled_from(["topk", "randomk"]), st.floats(1e-6, 1)),
    st.builds(Compression, st.just("powersgd"), st.integers(1, 4)),
)

ALL = ("none", "float16", "bfloat16", "quantize:4", "qsgd:4", "topk:0.3", "randomk:0.3", "sign", "powersgd:1")


def drawn(shapes: Shapes, seed: int, *, grain: float = 0) -> list[Tensor]:
    """Normal numbers; with a grain they are multiples of it, so that many are equal."""
    generator = torch.Generator().manual_seed(seed)
    values = [torch.randn(shape, generator=generator) for shape in shapes]
    return [(value / grain).round() * grain for value in values] if grain else values


def equal(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_every_compression_has_a_codec() -> None:
    assert CODECS.keys() == SCHEMES.keys()


@given(COMPRESSIONS, SHAPES, st.integers(0, 999), st.sampled_from([0, 0.5]))
def test_the_bytes_are_as_long_as_the_law_and_read_back(
    compression: Compression, shapes: Shapes, seed: int, grain: float
) -> None:
    tensors = drawn(shapes, seed, grain=grain)
    message = encode(compression, tensors, seed)
    assert len(message) == compression.wire_bytes(shapes)
    assert equal(decode(compression, message, shapes), carry(compression, tensors, seed))


def test_a_model_of_three_tensors_by_hand() -> None:
    tensors = drawn(((3, 5), (3,), (2, 2)), 0)  # 15 + 3 + 4 = 22 entries
    assert len(encode(Compression(), tensors)) == 88
    # 15, 3 and 4 codes of 3 bits: 6, 2 and 2 bytes, and a scale of 4 bytes for each.
    assert len(encode(Compression("quantize", 3), tensors)) == 6 + 2 + 2 + 12
    # ceil(0.1 x 22) = 3 entries of 8 bytes.
    assert len(encode(Compression("topk", 0.1), tensors)) == 24


@pytest.mark.parametrize("text", ALL)
def test_tensors_stay_as_they_are(text: str) -> None:
    tensors = drawn(((4, 4), (4,)), 1)
    before = [tensor.clone() for tensor in tensors]
    carry(Compression.parse(text), tensors)
    assert equal(tensors, before)


def test_float64_stays_float64() -> None:
    tensors = [torch.rand(9, dtype=torch.float64)]
    for text in ALL:
        assert carry(Compression.parse(text), tensors)[0].dtype == torch.float64
    assert torch.equal(carry(Compression(), tensors)[0], tensors[0])


@pytest.mark.parametrize("text", ALL)
def test_zeros_stay_zeros(text: str) -> None:
    tensors = [torch.zeros(6, 5), torch.zeros(3)]
    for after, before in zip(carry(Compression.parse(text), tensors, 3), tensors, strict=True):
        assert torch.equal(after.abs(), before)


@pytest.mark.parametrize("text", ["qsgd:4", "randomk:0.3", "powersgd:1"])
def test_the_seed_alone_decides_what_is_drawn(text: str) -> None:
    tensors, compression = drawn(((9, 8), (5,)), 0), Compression.parse(text)
    assert equal(carry(compression, tensors, 1), carry(compression, tensors, 1))
    assert not equal(carry(compression, tensors, 1), carry(compression, tensors, 2))


def test_error_feedback_recovers_federated_averaging() -> None:
    """Top-k of a tenth of the entries on the digits: the same accuracy as without compression, within noise."""
    setup = prepare(TaskSource())
    selected = np.array([stream(0, "clients", n).choice(14, 5, replace=False) for n in range(40)])
    taking_part = Participation.complete(selected, np.zeros(14, dtype=np.int64))

    def reached(uplink: str) -> list[float]:
        plan = Plan(uplink=Compression.parse(uplink))
        return [
            float(np.mean([r.accuracy for r in list(federated(setup, plan, taking_part, s))[-5:]])) for s in range(3)
        ]

    plain, sparse = reached("none"), reached("topk:0.1")
    assert abs(np.mean(plain) - np.mean(sparse)) < 0.01
