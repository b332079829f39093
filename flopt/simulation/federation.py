"""Federated averaging, round by round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from flopt.errors import FloptError
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream_seed
from flopt.simulation.aggregation import weighted_average
from flopt.simulation.batches import batches
from flopt.simulation.codecs import carry
from flopt.simulation.feedback import ErrorFeedback
from flopt.simulation.partition import Indices
from flopt.simulation.setup import Setup
from flopt.trace import Round

__all__ = ["federated"]


def federated(setup: Setup, plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
    """Train by FedAvg under `plan`, and yield a `Round` after each round; closing the generator stops the training.

    McMahan et al., "Communication-efficient learning of deep networks from decentralized data", AISTATS 2017,
    algorithm 1, with the plan's compression in both directions. Equal arguments give equal rounds, bit by bit, and
    the first r of them do not depend on `plan.rounds`. A training that diverges raises FloptError.
    """
    _check(setup, plan, participation)
    weights = setup.initial(stream_seed(seed, "init"))
    uplink = ErrorFeedback(plan.uplink)
    for index, drawn in enumerate(participation.selected[: plan.rounds]):
        clients = [int(client) for client in drawn]
        weights = _trained_round(setup, plan, weights, uplink, clients, seed, index)
        yield _round(setup, plan, weights, clients, index)


def _check(setup: Setup, plan: Plan, participation: Participation) -> None:
    if len(participation.group_of) != setup.clients:
        raise FloptError(f"participation: of {len(participation.group_of)} clients; the task has {setup.clients}")
    if participation.rounds < plan.rounds:
        raise FloptError(f"participation: lays out {participation.rounds} rounds; the plan has {plan.rounds}")


def _trained_round(
    setup: Setup,
    plan: Plan,
    weights: Sequence[Tensor],
    uplink: ErrorFeedback,
    clients: Sequence[int],
    seed: int,
    index: int,
) -> list[Tensor]:
    """The server's weights after one more round."""
    received = carry(plan.downlink, weights)
    updates = []
    for client in clients:
        update = _local_update(setup, plan, received, client, seed, index)
        updates.append(uplink.send(client, update))
    change = weighted_average(updates, [len(setup.split.train[client]) for client in clients])
    return [w + c for w, c in zip(weights, change, strict=True)]


def _local_update(
    setup: Setup, plan: Plan, received: Sequence[Tensor], client: int, seed: int, index: int
) -> list[Tensor]:
    """What a client's local training changes in the weights that it received."""
    samples = setup.split.train[client]
    steps = batches(
        samples, seed=seed, round_index=index, client=client, epochs=plan.local_epochs, size=plan.batch_size
    )
    with torch.random.fork_rng(devices=[]):
        # A model's own randomness, such as dropout, is drawn from torch's global generator.
        torch.manual_seed(stream_seed(seed, "model", index, client))
        local = setup.engine.train(received, steps, plan.client_lr)
    _check_finite(local, plan, index)
    return [after - before for after, before in zip(local, received, strict=True)]


def _check_finite(values: Sequence[Tensor], plan: Plan, index: int) -> None:
    if not all(bool(torch.isfinite(value).all()) for value in values):
        raise FloptError(
            f"the training diverged in round {index + 1}: try a client_lr below {plan.client_lr:g} "
            "or fewer local epochs"
        )


def _round(setup: Setup, plan: Plan, weights: Sequence[Tensor], clients: Sequence[int], index: int) -> Round:
    accuracy, loss = _evaluated(setup, weights, setup.split.validation)
    _check_finite([loss], plan, index)
    return Round(
        accuracy=accuracy,
        loss=float(loss),
        clients=len(clients),
        samples=plan.local_epochs * sum(len(setup.split.train[client]) for client in clients),
        download_bytes=len(clients) * plan.downlink.wire_bytes(setup.shapes),
        upload_bytes=len(clients) * plan.uplink.wire_bytes(setup.shapes),
        test_accuracy=_evaluated(setup, weights, setup.split.test)[0],
    )


def _evaluated(setup: Setup, weights: Sequence[Tensor], samples: Indices) -> tuple[float, Tensor]:
    """Accuracy in [0, 1] and mean cross-entropy in nats."""
    scores = setup.engine.scores(weights, samples)
    labels = setup.labels[torch.from_numpy(samples)]
    return int((scores.argmax(1) == labels).sum()) / len(labels), cross_entropy(scores, labels)
