"""Samples in an order of their own are the same samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from flopt.simulation.partition import Indices
from flopt.simulation.samples import Samples

X = torch.rand(30, 2, 3, generator=torch.Generator().manual_seed(0))
Y = torch.arange(30) % 4
HELD_OUT = (np.array([3, 7, 20, 29]), np.array([0, 11]))


@pytest.mark.parametrize("together", [(), HELD_OUT, HELD_OUT[:1]], ids=len)
@pytest.mark.parametrize("asked", [*HELD_OUT, np.array([29, 3]), np.array([5, 5]), np.arange(30), np.arange(0)])
def test_whatever_is_asked_for_comes(together: Sequence[Indices], asked: Indices) -> None:
    samples = Samples.of(X, Y, 4, together)
    x, targets = samples.taken(asked)
    assert torch.equal(x[:, :6], X.flatten(1)[asked])
    assert torch.equal(x[:, 6], torch.ones(len(asked)))
    assert torch.equal(targets.argmax(1) if len(asked) else Y[:0], Y[asked])
    assert torch.equal(samples.seen(asked), x)


def test_those_together_are_not_copied() -> None:
    samples = Samples.of(X, Y, 4, HELD_OUT)
    for asked in HELD_OUT:
        assert samples.seen(asked).untyped_storage().data_ptr() == samples.x.untyped_storage().data_ptr()
    assert samples.seen(np.array([3, 20])).untyped_storage().data_ptr() != samples.x.untyped_storage().data_ptr()
