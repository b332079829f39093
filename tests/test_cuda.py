"""The general engine on a GPU and on the CPU. This file imports flopt's simulator alone, with numpy and torch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from flopt.oracles.simulated import simulated
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
from flopt.simulation.device import exact
from flopt.simulation.federation import federated
from flopt.simulation.local import AutogradEngine
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource
from flopt.trace import Round

ON_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU for torch")
DEVICES = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=ON_GPU)])
PLANS = [
    Plan(rounds=3),
    Plan(rounds=3, algorithm="scaffold", client_momentum=0.5),
    Plan.of({"rounds": 3, "uplink": "topk:0.1", "server_optimizer": "adam", "server_lr": 0.01, "proximal_mu": 0.1}),
]
DROPOUT = """
from torch import nn

def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10))
"""


def taking_part(rounds: int) -> Participation:
    drawn = np.array([stream(0, "clients", number).choice(14, 5, replace=False) for number in range(rounds)])
    return Participation.complete(drawn, np.zeros(14, dtype=np.int64))


def trained(setup: Setup, plan: Plan) -> Iterator[Round]:
    return federated(setup, plan, taking_part(plan.rounds), 0)


@pytest.fixture
def dropout(tmp_path: Path) -> str:
    (tmp_path / "own.py").write_text(DROPOUT, encoding="utf-8")
    return f"{tmp_path / 'own.py'}:build"


@DEVICES
@pytest.mark.parametrize("plan", PLANS, ids=["fedavg", "scaffold", "compressed"])
def test_the_general_engine_trains_as_the_fast_one(device: str, plan: Plan) -> None:
    fast = prepare(TaskSource())
    general = prepare(TaskSource(device=device), general=True)
    assert isinstance(general.engine, AutogradEngine)
    assert general.engine.x.device.type == device
    for one, other in zip(trained(fast, plan), trained(general, plan), strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-4)
        assert other.accuracy == pytest.approx(one.accuracy, abs=1.01 / 360)
        assert (other.samples, other.upload_bytes, other.download_bytes) == (
            one.samples, one.upload_bytes, one.download_bytes
        )  # fmt: skip


@DEVICES
@pytest.mark.parametrize("model", ["logreg", "mlp", "cnn"])
def test_in_double_precision_they_are_the_same(device: str, model: str) -> None:
    plan = Plan(rounds=2)
    on_cpu = prepare(TaskSource(model=model), dtype=torch.float64)
    there = prepare(TaskSource(model=model, device=device), dtype=torch.float64, general=True)
    for one, other in zip(trained(on_cpu, plan), trained(there, plan), strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-9)
        assert other.accuracy == one.accuracy


@DEVICES
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_the_same_seed_gives_the_same_bits(device: str, model: str) -> None:
    source = TaskSource(model=model, device=device)
    first, second = (list(trained(prepare(source, general=True), Plan(rounds=2))) for _ in range(2))
    assert first == second


@DEVICES
def test_dropout_draws_from_the_run_s_seed_and_leaves_the_caller_s_state(device: str, dropout: str) -> None:
    setup, plan = prepare(TaskSource(model=dropout, device=device)), Plan(rounds=2)
    first = list(trained(setup, plan))
    torch.manual_seed(123)
    expected = torch.rand(3, device=device)
    torch.manual_seed(123)
    assert list(trained(setup, plan)) == first
    assert torch.equal(torch.rand(3, device=device), expected)


@DEVICES
@pytest.mark.parametrize("algorithm", ["fedavg", "scaffold"])
def test_a_run_goes_on_from_its_checkpoint(device: str, algorithm: str, dropout: str, tmp_path: Path) -> None:
    oracle, told = simulated(TaskSource(model=dropout, device=device)), list[str]()
    plan = Plan.of({"rounds": 4, "algorithm": algorithm, "uplink": "sign", "server_momentum": 0.5})
    for after in (2, 4):
        rounds = oracle.resume(plan, taking_part(4), 0, tmp_path / "run.ckpt", every_s=3600, tell=told.append)
        done = list(islice(rounds, after))
        rounds.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in truth
    assert (done, told) == (list(oracle(plan, taking_part(4), 0)), [])


@ON_GPU
def test_convolutions_keep_float32_and_the_process_its_own_choice() -> None:
    before = torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32
    with exact(torch.device("cuda")):
        assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == (True, False)
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == before
