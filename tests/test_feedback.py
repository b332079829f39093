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
    sent = [uplink.send(0, UPDATE, 0)[0].tolist() for _ in range(3)]
    assert sent == [[4, 0, 0, 0], [0, 6, 0, 0], [8, 0, 0, 0]]


@pytest.mark.parametrize("text", ["topk:0.25", "quantize:2", "quantize:5"])
def test_the_sum_sent_differs_from_the_sum_wanted_by_one_residual(text: str) -> None:
    generator = torch.Generator().manual_seed(0)
    uplink, rounds = ErrorFeedback(Compression.parse(text)), 200
    updates = [torch.randn(8, generator=generator, dtype=torch.float64) for _ in range(rounds)]
    sent = [uplink.send(0, [update], 0)[0] for update in updates]
    missing = sum(updates) - sum(sent)
    assert isinstance(missing, torch.Tensor)
    assert missing.abs().max() < 0.2 * torch.stack(updates).abs().sum(0).max()


def test_each_client_keeps_its_own_residual() -> None:
    uplink = ErrorFeedback(Compression("topk", 0.25))
    uplink.send(0, UPDATE, 0)
    assert torch.equal(uplink.send(1, UPDATE, 0)[0], carry(Compression("topk", 0.25), UPDATE)[0])


def test_without_compression_the_update_is_sent_as_it_is() -> None:
    uplink = ErrorFeedback(NONE)
    for _ in range(2):
        assert torch.equal(uplink.send(0, UPDATE, 0)[0], UPDATE[0])


@pytest.mark.parametrize("text", ["qsgd:2", "bfloat16", "float16"])
def test_unbiased_and_nearly_exact_kinds_keep_no_residual(text: str) -> None:
    compression = Compression.parse(text)
    uplink = ErrorFeedback(compression)
    uplink.send(0, UPDATE, 1)
    assert torch.equal(uplink.send(0, UPDATE, 2)[0], carry(compression, UPDATE, 2)[0])


@pytest.mark.parametrize("text", ["quantize:3", "topk:0.3", "randomk:0.3", "sign", "powersgd:1"])
def test_what_is_left_out_comes_later(text: str) -> None:
    uplink, wanted = ErrorFeedback(Compression.parse(text)), [torch.linspace(-1, 1, 24).reshape(6, 4)]
    total = sum((uplink.send(0, wanted, seed)[0] for seed in range(200)), torch.zeros(6, 4))
    torch.testing.assert_close(total / 200, wanted[0], rtol=0, atol=0.05)
