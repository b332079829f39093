"""Whole numbers of a few bits: how far they err, and that QSGD errs by nothing on average."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from flopt.compression import Compression
from flopt.simulation.codecs import carry, decode, encode


def drawn(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


@given(st.integers(2, 16), st.integers(0, 999))
def test_quantising_errs_by_at_most_half_a_step(bits: int, seed: int) -> None:
    for before, after in zip(
        tensors := drawn(seed, (7, 3), (5,)), carry(Compression("quantize", bits), tensors), strict=True
    ):
        step = before.abs().max() / (2 ** (bits - 1) - 1)
        assert (before - after).abs().max() <= step * 0.5001
        assert len(set(after.flatten().tolist())) <= 2**bits - 1


@given(st.integers(2, 16), st.integers(0, 999))
def test_quantising_twice_changes_nothing_more(bits: int, seed: int) -> None:
    once = carry(Compression("quantize", bits), drawn(seed, (6, 6)))
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
    message = encode(Compression("quantize", bits), tensors)
    assert torch.equal(decode(Compression("quantize", bits), message, ((3,),))[0], after[0])


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_qsgd_is_unbiased(bits: int) -> None:
    """Within four standard errors over 10 000 draws, entry by entry."""
    (before,) = drawn(0, (5,))
    many = before.repeat(10_000, 1)  # one draw for each row
    (after,) = carry(Compression("qsgd", bits), [many], 1)
    spread = after.double().std(dim=0) / 100
    assert ((after.double().mean(dim=0) - before).abs() <= 4 * spread + 1e-6).all()


@given(st.integers(2, 16), st.integers(0, 999))
def test_qsgd_errs_by_less_than_a_step(bits: int, seed: int) -> None:
    (before,) = drawn(seed, (7, 3))
    (after,) = carry(Compression("qsgd", bits), [before], seed)
    assert (before - after).abs().max() <= before.abs().max() / (2 ** (bits - 1) - 1) * 1.0001
