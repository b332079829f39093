"""Federated averaging: equal to what it must be equal to, the same again, and honest about every count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from flopt.compression import Compression
from flopt.errors import FloptError
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream, stream_seed
from flopt.simulation import federation
from flopt.simulation.batches import batches
from flopt.simulation.codecs import carry, decode, encode
from flopt.simulation.data import load
from flopt.simulation.descent import Descent, one_by_one
from flopt.simulation.federation import federated
from flopt.simulation.feedback import ErrorFeedback
from flopt.simulation.local import Engine
from flopt.simulation.models import build, trained
from flopt.simulation.partition import Holdings, Indices
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource
from flopt.trace import Round, record

PLAN = Plan(rounds=4, batch_size=20)


def participation(clients: int, per_round: int, *, rounds: int = 4) -> Participation:
    drawn = [stream(0, "test", number).choice(clients, per_round, replace=False) for number in range(rounds)]
    return Participation.complete(np.array(drawn), np.zeros(clients, dtype=np.int64))


@pytest.fixture(scope="module")
def digits() -> Setup:
    return prepare(TaskSource())


def loss_of(module: nn.Module, samples: NDArray[np.int64]) -> Tensor:
    data = load("digits")
    return cross_entropy(module(torch.tensor(data.x[samples]).double()), torch.tensor(data.y[samples]))


def started(model: str, seed: int) -> nn.Module:
    return build(model, (1, 8, 8), 10, stream_seed(seed, "init")).double()


def descend(module: nn.Module, samples: NDArray[np.int64], lr: float) -> None:
    parameters = list(trained(module).values())
    gradients = torch.autograd.grad(loss_of(module, samples), parameters)
    with torch.no_grad():
        for value, gradient in zip(parameters, gradients, strict=True):
            value.sub_(lr * gradient)


def close(rounds: Sequence[Round], losses: Sequence[float]) -> None:
    np.testing.assert_allclose([r.loss for r in rounds], losses, rtol=1e-12, atol=0)


@pytest.mark.parametrize("model", ["logreg", "mlp"])
def test_one_client_alone_does_plain_sgd(model: str) -> None:
    setup = prepare(TaskSource(partition="iid", clients=1, model=model), dtype=torch.float64)
    plan = replace(PLAN, local_epochs=1, client_fraction=1, batch_size=100)
    rounds = list(federated(setup, plan, participation(1, 1), 7))
    module, losses = started(model, 7), []
    for number in range(4):
        for batch in batches(setup.split.train[0], epochs=1, size=100, random=stream(7, "batches", number, 0)):
            descend(module, batch, plan.client_lr)
        losses.append(loss_of(module, setup.split.validation).item())
    close(rounds, losses)


@pytest.mark.parametrize("model", ["logreg", "mlp"])
def test_all_clients_with_full_batches_descend_on_the_pooled_loss(model: str) -> None:
    setup = prepare(TaskSource(partition="dirichlet", clients=6, alpha=0.3, model=model), dtype=torch.float64)
    plan = replace(PLAN, local_epochs=1, client_fraction=1, batch_size=2000)
    rounds = list(federated(setup, plan, participation(6, 6), 7))
    module, losses = started(model, 7), []
    for _ in range(4):
        descend(module, np.concatenate(setup.split.train), plan.client_lr)
        losses.append(loss_of(module, setup.split.validation).item())
    close(rounds, losses)


def test_accuracies_are_shares_of_the_held_out_samples(digits: Setup) -> None:
    setup = prepare(TaskSource(), dtype=torch.float64)
    quiet = replace(PLAN, rounds=1, client_lr=1e-300)  # nothing moves: the initial model is scored
    (only,) = federated(setup, quiet, participation(14, 5), 3)
    module, data = started("mlp", 3), load("digits")
    guesses = module(torch.tensor(data.x).double()).argmax(1).numpy() == data.y
    assert only.accuracy == guesses[digits.split.validation].mean()
    assert only.test_accuracy == guesses[digits.split.test].mean()


def test_counts_by_hand(digits: Setup) -> None:
    plan = replace(PLAN, local_epochs=3, uplink=Compression("topk", 0.01), downlink=Compression("quantize", 8))
    taking_part = participation(14, 3)
    sizes = np.array([len(part) for part in digits.split.train])
    for number, done in enumerate(federated(digits, plan, taking_part, 0)):
        assert done.clients == 3
        assert done.samples == 3 * sizes[taking_part.selected[number]].sum()
        assert done.upload_bytes == 3 * 49 * 8  # ceil(0.01 x 4810) entries
        assert done.download_bytes == 3 * (4810 + 4 * 4)


def test_only_clients_whose_update_is_used_train(digits: Setup) -> None:
    whole = participation(14, 5)
    used = np.tile([True, False, True, True, False], (4, 1))
    fewer = Participation(whole.selected, used, used, whole.group_of)
    alone = Participation.complete(whole.selected[:, [0, 2, 3]], whole.group_of)
    lossy, plain = list(federated(digits, PLAN, fewer, 0)), list(federated(digits, PLAN, alone, 0))
    assert [(r.accuracy, r.loss, r.clients, r.upload_bytes) for r in lossy] == [
        (r.accuracy, r.loss, r.clients, r.upload_bytes) for r in plain
    ]
    assert [r.download_bytes / 5 for r in lossy] == [r.download_bytes / 3 for r in plain]  # all that are drawn receive


def test_a_round_in_which_nobody_reports_keeps_the_model(digits: Setup) -> None:
    whole = participation(14, 5)
    used = np.ones((4, 5), dtype=bool)
    used[1:3] = False
    rounds = list(federated(digits, PLAN, Participation(whole.selected, used, used, whole.group_of), 0))
    assert [r.clients for r in rounds] == [5, 0, 0, 5]
    assert rounds[0].loss == rounds[1].loss == rounds[2].loss != rounds[3].loss
    assert (rounds[1].samples, rounds[1].upload_bytes) == (0, 0)


def same(first: Iterator[Round], second: Iterator[Round]) -> bool:
    return list(first) == list(second)


@pytest.mark.parametrize(
    "uplink", ["none", "quantize:3", "qsgd:3", "topk:0.05", "randomk:0.1", "sign", "powersgd:2", "float16"]
)
def test_the_same_seed_gives_the_same_trace(digits: Setup, uplink: str) -> None:
    plan = replace(PLAN, uplink=Compression.parse(uplink))
    taking_part = participation(14, 5)
    assert same(federated(digits, plan, taking_part, 1), federated(prepare(TaskSource()), plan, taking_part, 1))
    assert not same(federated(digits, plan, taking_part, 1), federated(digits, plan, taking_part, 2))


def test_the_first_rounds_do_not_depend_on_how_many_follow(digits: Setup) -> None:
    plan = replace(PLAN, uplink=Compression("topk", 0.05), downlink=Compression("quantize", 6))
    long = list(federated(digits, plan, participation(14, 5), 0))
    for rounds in (1, 3):
        short = federated(digits, replace(plan, rounds=rounds), participation(14, 5, rounds=rounds), 0)
        assert list(short) == long[:rounds]


def test_the_callers_random_state_is_left_alone(digits: Setup) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    list(federated(digits, PLAN, participation(14, 2), 9))
    assert torch.equal(torch.rand(3), expected)


def test_a_model_with_dropout_is_reproducible(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(
        "from torch import nn\n\ndef build():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 10))\n",
        encoding="utf-8",
    )
    setup = prepare(TaskSource(model=f"{path}:build"))
    taking_part = participation(14, 2)
    first = list(federated(setup, PLAN, taking_part, 1))
    torch.manual_seed(123)
    assert list(federated(setup, PLAN, taking_part, 1)) == first
    assert first[-1].accuracy > first[0].accuracy


def test_closing_the_generator_stops_the_training(digits: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*arguments: object, **options: object) -> list[NDArray[np.int64]]:
        calls.append(arguments)
        return batches(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(federation, "batches", counted)
    rounds = federated(digits, PLAN, participation(14, 5), 0)
    assert len(list(islice(rounds, 2))) == 2
    rounds.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in truth
    assert (len(calls), list(rounds)) == (10, [])


def test_compression_costs_accuracy_but_not_the_learning(digits: Setup) -> None:
    taking_part = participation(14, 5, rounds=15)
    plain = replace(PLAN, rounds=15, batch_size=10)
    settings = [
        plain,
        replace(plain, uplink=Compression("topk", 0.01)),
        replace(plain, downlink=Compression("quantize", 2)),
    ]
    exact, sparse, coarse = (list(federated(digits, plan, taking_part, 0))[-1] for plan in settings)
    assert exact.loss < sparse.loss < 2.3
    assert exact.loss < coarse.loss


def test_error_feedback_is_what_makes_a_sparse_uplink_learn(digits: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = replace(PLAN, rounds=15, batch_size=10, uplink=Compression("topk", 0.01))
    taking_part = participation(14, 14, rounds=15)
    remembering = list(federated(digits, plan, taking_part, 0))[-1].loss

    class Forgetting(ErrorFeedback):
        def send(self, client: int, update: Sequence[Tensor], seed: int) -> list[Tensor]:  # noqa: ARG002
            return carry(plan.uplink, update)

    monkeypatch.setattr(federation, "ErrorFeedback", Forgetting)
    assert list(federated(digits, plan, taking_part, 0))[-1].loss > remembering


@dataclass
class Recording:
    """An engine that notes which weights clients start from."""

    engine: Engine
    received: list[Sequence[Tensor]] = field(default_factory=list)
    draws: bool = False
    at_once: int = 1

    def train(self, weights: Sequence[Tensor], batches: Sequence[NDArray[np.int64]], descent: Descent) -> list[Tensor]:
        self.received.append(weights)
        return self.engine.train(weights, batches, descent)

    def updates(
        self, weights: Sequence[Tensor], plans: Sequence[Sequence[NDArray[np.int64]]], descents: Sequence[Descent]
    ) -> list[list[Tensor]]:
        return one_by_one(self.train, weights, plans, descents)

    def scores(self, weights: Sequence[Tensor], samples: NDArray[np.int64]) -> Tensor:
        return self.engine.scores(weights, samples)


def test_clients_start_from_the_decoded_model(digits: Setup) -> None:
    recording, downlink = Recording(digits.engine), Compression("quantize", 4)
    next(federated(replace(digits, engine=recording), replace(PLAN, downlink=downlink), participation(14, 2), 0))
    sent = encode(downlink, digits.initial(stream_seed(0, "init")))
    for received in recording.received:
        for ours, theirs in zip(received, decode(downlink, sent, digits.shapes), strict=True):
            assert torch.equal(ours, theirs)


def test_a_compressed_downlink_leaves_the_servers_own_model_exact(digits: Setup) -> None:
    """With a learning rate that moves nothing, nothing is sent back."""
    quiet = replace(PLAN, client_lr=1e-30)
    taking_part = participation(14, 2)
    plain = list(federated(digits, quiet, taking_part, 0))
    assert list(federated(digits, replace(quiet, downlink=Compression("quantize", 2)), taking_part, 0)) == [
        replace(done, download_bytes=2 * Compression("quantize", 2).wire_bytes(digits.shapes)) for done in plain
    ]


def test_a_divergence_names_the_round(digits: Setup) -> None:
    plan = replace(PLAN, client_lr=1e30)
    with pytest.raises(FloptError, match=r"the training diverged in round 1: try a client_lr below 1e\+30"):
        next(federated(digits, plan, participation(14, 5), 0))


def test_a_divergence_becomes_a_failed_trace(digits: Setup) -> None:
    rounds = federated(digits, replace(PLAN, client_lr=1e30), participation(14, 5), 0)
    trace = record(rounds, seed=0, participation="x")
    assert (trace.status, len(trace)) == ("failed", 0)
    assert "the training diverged" in trace.reason


@pytest.mark.parametrize(
    ("taking_part", "message"),
    [
        (participation(13, 5), "participation: of 13 clients; the task has 14"),
        (participation(14, 5, rounds=3), "participation: lays out 3 rounds; the plan has 4"),
    ],
)
def test_a_participation_that_does_not_fit_is_named(digits: Setup, taking_part: Participation, message: str) -> None:
    with pytest.raises(FloptError, match=message):
        next(federated(digits, PLAN, taking_part, 0))


def test_the_task_s_metric_and_smoothing_are_the_accuracy(digits: Setup) -> None:
    taking_part = participation(14, 5)
    plain = list(federated(digits, PLAN, taking_part, 0))
    worst = list(federated(prepare(TaskSource(metric="worst_client_accuracy")), PLAN, taking_part, 0))
    assert [r.accuracy for r in worst] == [r.worst_client_accuracy for r in plain]
    assert all(r.worst_client_accuracy <= r.accuracy <= r.auc for r in plain)
    smooth = list(federated(prepare(TaskSource(metric="loss", smoothing="mean2")), PLAN, taking_part, 0))
    exact = np.exp([-r.loss for r in plain])
    np.testing.assert_allclose([r.accuracy for r in smooth[1:]], (exact[1:] + exact[:-1]) / 2, rtol=1e-9)


def test_a_round_does_the_same_work_whatever_the_population(digits: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(clients: int) -> tuple[list[Round], int, int]:
        held = digits.split.train
        assert isinstance(held, Holdings)
        many = held.take(np.arange(clients) % len(held))
        looked_up: list[int] = []
        opened: list[tuple[str | int, ...]] = []
        one = Holdings.__getitem__

        def looking(own: Holdings, client: int) -> Indices:
            looked_up.append(client)
            return one(own, client)

        def opening(seed: int, *path: str | int) -> np.random.Generator:
            opened.append(path)
            return stream(seed, *path)

        monkeypatch.setattr(Holdings, "__getitem__", looking)
        monkeypatch.setattr(federation, "stream", opening)
        setup = replace(digits, split=replace(digits.split, train=many))
        selected = np.arange(20).reshape(4, 5)
        taking_part = Participation.complete(selected, np.zeros(clients, dtype=np.int64))
        done = list(federated(setup, replace(PLAN, rounds=4), taking_part, 0))
        monkeypatch.undo()
        return done, len(looked_up), len(opened)

    assert work(100) == work(100_000)
    assert work(100)[2] == 4 * 5
