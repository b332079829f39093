"""Matrices as the product of two narrow ones."""

from __future__ import annotations

import torch

from flopt.compression import Compression
from flopt.simulation.codecs import carry


def low_rank(rank: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(20, rank, generator=generator), torch.randn(rank, 30, generator=generator)
    return left @ right


def test_a_matrix_of_that_rank_arrives_whole() -> None:
    before = low_rank(2)
    (after,) = carry(Compression("powersgd", 2), [before], 1)
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)


def test_the_product_is_near_the_best_of_its_rank() -> None:
    """Two subspace iterations come close to the truncated SVD."""
    before = low_rank(4) + 0.1 * torch.randn(20, 30, generator=torch.Generator().manual_seed(1))
    (after,) = carry(Compression("powersgd", 4), [before], 1)
    best = torch.linalg.svdvals(before)[4:].square().sum()
    assert best <= (after - before).square().sum() <= 1.2 * best


def test_vectors_and_small_matrices_are_sent_whole() -> None:
    tensors = [torch.rand(9), torch.rand(3, 3), torch.rand(())]
    for after, before in zip(carry(Compression("powersgd", 2), tensors, 1), tensors, strict=True):
        assert torch.equal(after, before)


def test_filters_count_as_rows() -> None:
    before = low_rank(2).reshape(20, 5, 3, 2)
    (after,) = carry(Compression("powersgd", 2), [before], 1)
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)
