"""Entries that are sent and entries that are not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from flopt.compression import Compression
from flopt.simulation.codecs import carry
from flopt.simulation.sparsification import largest_entries


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
    before = (torch.randn(entries, generator=torch.Generator().manual_seed(seed)) * 2).round() / 2
    compression = Compression("topk", fraction)
    kept = compression.wire_bytes(((entries,),)) // 8
    expected = np.zeros(entries, dtype=np.float32)
    order = np.argsort(-before.abs().numpy(), kind="stable")[:kept]
    expected[order] = before.numpy()[order]
    assert carry(compression, [before])[0].tolist() == expected.tolist()


@pytest.mark.parametrize("share", [1e-5, 1e-3, 0.01, 0.1, 0.25, 0.5, 1])
@pytest.mark.parametrize("grain", [0.0, 0.3, 100.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_quick_way_is_a_stable_sort(share: float, grain: float, seed: int) -> None:
    flat = torch.randn(50_007, generator=torch.Generator().manual_seed(seed))
    flat = (flat / grain).round() * grain if grain else flat
    count = max(1, int(share * len(flat)))
    expected = np.sort(np.argsort(-flat.abs().numpy(), kind="stable")[:count])
    assert np.array_equal(largest_entries(flat, count).numpy(), expected)


def test_random_entries_are_sent_as_they_are() -> None:
    before = torch.arange(1.0, 101.0)
    (after,) = carry(Compression("randomk", 0.1), [before], 7)
    kept = after.nonzero().flatten()
    assert len(kept) == 10
    assert torch.equal(after[kept], before[kept])


def test_every_entry_has_its_turn() -> None:
    counts = torch.zeros(20)
    for seed in range(2000):
        counts += carry(Compression("randomk", 0.25), [torch.ones(20)], seed)[0]
    assert (counts - 500).abs().max() < 4 * (2000 * 0.25 * 0.75) ** 0.5
