"""What each part of a training remembers: taken up again, it does what the part itself would have done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from flopt.compression import Compression
from flopt.plan import Plan
from flopt.simulation.descent import Descent
from flopt.simulation.feedback import ErrorFeedback
from flopt.simulation.scaffold import ControlVariates
from flopt.simulation.server import Server
from flopt.simulation.smoothing import Smoothing
from flopt.simulation.state import Remembering

WEIGHTS = [torch.linspace(-1, 1, 12).reshape(3, 4), torch.zeros(3)]


def updates(number: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(number)
    return [torch.randn(weight.shape, generator=generator) for weight in WEIGHTS]


def served(server: Server, number: int) -> list[Tensor]:
    server.step(updates(number))
    return server.weights


def sent(uplink: ErrorFeedback, number: int) -> list[Tensor]:
    return uplink.send(number % 2, updates(number), number)


def renewed(variates: ControlVariates, number: int) -> list[Tensor]:
    descent = Descent(0.1, correction=variates.correction(number % 2, variates.server))
    change = variates.renew(number % 2, updates(number), descent, 3)
    variates.gather([change])
    return [*change, *variates.server]


def smoothed(smoothing: Smoothing, number: int) -> list[Tensor]:
    return [torch.tensor(smoothing.add(1 / (1 + number)), dtype=torch.float64)]


def plan_of(name: str) -> Plan:
    return Plan(server_optimizer=name, server_momentum=0.9, server_lr=0.1)


PARTS: list[tuple[Callable[[], Remembering], Callable[..., list[Tensor]]]] = [
    *((lambda name=name: Server(plan_of(name), WEIGHTS), served) for name in ("sgd", "adam", "yogi", "adagrad")),
    *((lambda text=text: ErrorFeedback(Compression.parse(text)), sent) for text in ("none", "topk:0.2", "sign")),
    (lambda: ControlVariates(WEIGHTS, 2), renewed),
    *((lambda how=how: Smoothing(how), smoothed) for how in ("last", "mean3", "ema0.3")),
]


@pytest.mark.parametrize("rounds", [0, 1, 4])
@pytest.mark.parametrize(("make", "act"), PARTS)
def test_a_part_goes_on_where_another_was(
    make: Callable[[], Remembering], act: Callable[..., list[Tensor]], rounds: int
) -> None:
    one, other = make(), make()
    for number in range(rounds):
        act(one, number)
    act(other, 99)  # what it had in mind before is forgotten
    # A file makes copies; a live part goes on changing its own tensors.
    other.restore(torch.utils._pytree.tree_map_only(Tensor, torch.clone, one.state()))
    for number in range(rounds, rounds + 3):
        for ours, theirs in zip(act(one, number), act(other, number), strict=True):
            assert torch.equal(ours, theirs)


@pytest.mark.parametrize(("make", "act"), PARTS)
def test_another_s_state_is_refused(make: Callable[[], Remembering], act: Callable[..., list[Tensor]]) -> None:
    part = make()
    act(part, 0)
    with pytest.raises(KeyError):
        part.restore({"something": []})
