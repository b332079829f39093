"""Error feedback: nothing of an update is lost, it only comes later."""

from __future__ import annotations

import pytest
import torch

from flopt.compression import NONE, Compression
from flopt.simulation.codecs import carry
from flopt.simulation.feedback import ErrorFeedback

UPDATE = [torch.tensor([4.0, 3.0, 2.0, 1.0])]


def test_what_topk_left_out_comes_later() -> None:
    uplink = ErrorFeedback(Compression("topk", 0.25))
    sent = [uplink.send(0, UPDATE)[0].tolist() for _ in range(3)]
    assert sent == [[4, 0, 0, 0], [0, 6, 0, 0], [8, 0, 0, 0]]


@pytest.mark.parametrize("text", ["topk:0.25", "quantize:2", "quantize:5"])
def test_the_sum_sent_differs_from_the_sum_wanted_by_one_residual(text: str) -> None:
    generator = torch.Generator().manual_seed(0)
    uplink, rounds = ErrorFeedback(Compression.parse(text)), 200
    updates = [torch.randn(8, generator=generator, dtype=torch.float64) for _ in range(rounds)]
    sent = [uplink.send(0, [update])[0] for update in updates]
    missing = sum(updates) - sum(sent)
    assert isinstance(missing, torch.Tensor)
    assert missing.abs().max() < 0.2 * torch.stack(updates).abs().sum(0).max()


def test_each_client_keeps_its_own_residual() -> None:
    uplink = ErrorFeedback(Compression("topk", 0.25))
    uplink.send(0, UPDATE)
    assert torch.equal(uplink.send(1, UPDATE)[0], carry(Compression("topk", 0.25), UPDATE)[0])


def test_without_compression_the_update_is_sent_as_it_is() -> None:
    uplink = ErrorFeedback(NONE)
    for _ in range(2):
        assert torch.equal(uplink.send(0, UPDATE)[0], UPDATE[0])
