"""One bit for each entry."""

from __future__ import annotations

import torch

from flopt.compression import Compression
from flopt.simulation.codecs import carry


def test_signs_have_the_mean_size_of_their_tensor() -> None:
    first, second = carry(Compression("sign"), [torch.tensor([3.0, -1.0, 0.0, 4.0]), torch.tensor([[-8.0]])])
    assert first.tolist() == [2, -2, 2, 2]
    assert second.tolist() == [[-8]]


def test_signs_are_a_contraction() -> None:
    """|C(x) - x|^2 = |x|^2 - |x|_1^2 / d, Karimireddy et al. 2019, lemma 8."""
    before = torch.randn(50, generator=torch.Generator().manual_seed(0))
    (after,) = carry(Compression("sign"), [before])
    expected = before.square().sum() - before.abs().sum() ** 2 / 50
    torch.testing.assert_close((after - before).square().sum(), expected)
