"""Codecs: the bytes are as long as the law says, and read back as what `carry` gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from flopt.compression import SCHEMES, Compression, Shapes
from flopt.simulation.codecs import CODECS, carry, decode, encode

SHAPES = st.lists(st.lists(st.integers(1, 5), max_size=3).map(lambda sizes: tuple(sizes)), min_size=1, max_size=4).map(
    lambda shapes: tuple(shapes)
)
COMPRESSIONS = st.one_of(
    st.just(Compression()),
    st.builds(Compression, st.just("quantize"), st.integers(2, 16)),
    st.builds(Compression, st.just("topk"), st.floats(1e-6, 1)),
)


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
    message = encode(compression, tensors)
    assert len(message) == compression.wire_bytes(shapes)
    assert equal(decode(compression, message, shapes), carry(compression, tensors))


def test_a_model_of_three_tensors_by_hand() -> None:
    tensors = drawn(((3, 5), (3,), (2, 2)), 0)  # 15 + 3 + 4 = 22 entries
    assert len(encode(Compression(), tensors)) == 88
    # 15, 3 and 4 codes of 3 bits: 6, 2 and 2 bytes, and a scale of 4 bytes for each.
    assert len(encode(Compression("quantize", 3), tensors)) == 6 + 2 + 2 + 12
    # ceil(0.1 x 22) = 3 entries of 8 bytes.
    assert len(encode(Compression("topk", 0.1), tensors)) == 24


@given(st.integers(2, 16), st.integers(0, 999))
def test_quantising_errs_by_at_most_half_a_step(bits: int, seed: int) -> None:
    for before, after in zip(
        tensors := drawn(((7, 3), (5,)), seed), carry(Compression("quantize", bits), tensors), strict=True
    ):
        step = before.abs().max() / (2 ** (bits - 1) - 1)
        assert (before - after).abs().max() <= step * 0.5001
        assert len(set(after.flatten().tolist())) <= 2**bits - 1


@given(st.integers(2, 16), st.integers(0, 999))
def test_quantising_twice_changes_nothing_more(bits: int, seed: int) -> None:
    once = carry(Compression("quantize", bits), drawn(((6, 6),), seed))
    (twice,) = carry(Compression("quantize", bits), once)
    torch.testing.assert_close(twice, once[0], rtol=1e-6, atol=0)


def test_quantising_by_hand() -> None:
    (after,) = carry(Compression("quantize", 3), [torch.tensor([3.0, -1.4, 1.6, 0.5, -3.0])])
    assert after.tolist() == [3, -1, 2, 0, -3]  # steps of 1; halves go to the even number


@pytest.mark.parametrize("value", [0.0, 1e-45, 1e-38, 3e38])
@pytest.mark.parametrize("bits", [2, 8, 16])
def test_quantising_stands_extreme_sizes(value: float, bits: int) -> None:
    tensors = [torch.tensor([value, -value, 0.0])]
    after = carry(Compression("quantize", bits), tensors)
    assert torch.isfinite(after[0]).all()
    assert equal(decode(Compression("quantize", bits), encode(Compression("quantize", bits), tensors), ((3,),)), after)


def test_topk_keeps_the_largest_of_all_tensors_together() -> None:
    tensors = [torch.tensor([[0.1, -9.0], [2.0, 0.2]]), torch.tensor([-3.0, 0.3])]
    first, second = carry(Compression("topk", 0.5), tensors)
    assert first.tolist() == [[0, -9], [2, 0]]
    assert second.tolist() == [-3, 0]


def test_topk_breaks_ties_by_the_lowest_index() -> None:
    (after,) = carry(Compression("topk", 0.5), [torch.tensor([1.0, -1, 2, 1, 1, -1])])
    assert after.tolist() == [1, -1, 2, 0, 0, 0]


@given(st.floats(1e-6, 1), st.integers(1, 60), st.integers(0, 99))
def test_topk_agrees_with_a_stable_sort(fraction: float, entries: int, seed: int) -> None:
    (before,) = drawn(((entries,),), seed, grain=0.5)
    compression = Compression("topk", fraction)
    kept = compression.wire_bytes(((entries,),)) // 8
    expected = np.zeros(entries, dtype=np.float32)
    order = np.argsort(-before.abs().numpy(), kind="stable")[:kept]
    expected[order] = before.numpy()[order]
    assert carry(compression, [before])[0].tolist() == expected.tolist()


@pytest.mark.parametrize("text", ["none", "quantize:4", "topk:0.3"])
def test_tensors_stay_as_they_are(text: str) -> None:
    tensors = drawn(((4, 4), (4,)), 1)
    before = [tensor.clone() for tensor in tensors]
    carry(Compression.parse(text), tensors)
    assert equal(tensors, before)


def test_float64_stays_float64() -> None:
    tensors = [torch.rand(9, dtype=torch.float64)]
    for text in ("none", "quantize:4", "topk:0.3"):
        assert carry(Compression.parse(text), tensors)[0].dtype == torch.float64
    assert torch.equal(carry(Compression(), tensors)[0], tensors[0])
