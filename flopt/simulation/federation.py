"""Federated averaging, round by round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from flopt.errors import FloptError
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream, stream_seed
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
    the first r of them do not depend on `plan.rounds`. Raises FloptError where the participation does not fit the
    task or the plan, and where the training diverges.
    """
    _check(setup, plan, participation)
    training = _Training(setup, plan, seed, ErrorFeedback(plan.uplink))
    weights = setup.initial(stream_seed(seed, "init"))
    for index in range(plan.rounds):
        clients = [int(client) for client in participation.users(index)]
        if clients:  # else nobody reported in time, and the server keeps its model
            weights = training.advance(weights, clients, index)
        yield training.report(weights, clients, index, drawn=participation.selected.shape[1])


def _check(setup: Setup, plan: Plan, participation: Participation) -> None:
    if len(participation.group_of) != setup.clients:
        raise FloptError(f"participation: of {len(participation.group_of)} clients; the task has {setup.clients}")
    if participation.rounds < plan.rounds:
        raise FloptError(f"participation: lays out {participation.rounds} rounds; the plan has {plan.rounds}")


@dataclass(frozen=True, eq=False)
class _Training:
    """One run: what is the same in all its rounds, and the residuals of its uplinks. Rounds are counted from 0."""

    setup: Setup
    plan: Plan
    seed: int
    uplink: ErrorFeedback

    def advance(self, weights: Sequence[Tensor], clients: Sequence[int], index: int) -> list[Tensor]:
        """The server's weights after one more round."""
        received = carry(self.plan.downlink, weights)
        updates = [self.uplink.send(client, self._update(received, client, index)) for client in clients]
        change = weighted_average(updates, [len(self.setup.split.train[client]) for client in clients])
        return [before + step for before, step in zip(weights, change, strict=True)]

    def _update(self, received: Sequence[Tensor], client: int, index: int) -> list[Tensor]:
        """What a client's local training changes in the weights that it received."""
        plan, samples = self.plan, self.setup.split.train[client]
        random = stream(self.seed, "batches", index, client)
        with torch.random.fork_rng(devices=[]):
            # A model's own randomness, such as dropout, is drawn from this generator. Not torch.manual_seed: it
            # also looks for accelerators, a millisecond each time.
            torch.default_generator.manual_seed(stream_seed(self.seed, "model", index, client))
            steps = batches(samples, epochs=plan.local_epochs, size=plan.batch_size, random=random)
            local = self.setup.engine.train(received, steps, plan.client_lr)
        self._check_finite(local, index)
        return [after - before for after, before in zip(local, received, strict=True)]

    def report(self, weights: Sequence[Tensor], clients: Sequence[int], index: int, drawn: int) -> Round:
        """What the round did, and how good the model is after it; all that were drawn have received the model."""
        setup, plan = self.setup, self.plan
        accuracy, loss = _evaluated(setup, weights, setup.split.validation)
        self._check_finite([loss], index)
        return Round(
            accuracy=accuracy,
            loss=float(loss),
            clients=len(clients),
            samples=plan.local_epochs * sum(len(setup.split.train[client]) for client in clients),
            download_bytes=drawn * plan.downlink.wire_bytes(setup.shapes),
            upload_bytes=len(clients) * plan.uplink.wire_bytes(setup.shapes),
            test_accuracy=_evaluated(setup, weights, setup.split.test)[0],
        )

    def _check_finite(self, values: Sequence[Tensor], index: int) -> None:
        if not all(bool(torch.isfinite(value).all()) for value in values):
            raise FloptError(
                f"the training diverged in round {index + 1}: try a client_lr below {self.plan.client_lr:g} "
                "or fewer local epochs"
            )


def _evaluated(setup: Setup, weights: Sequence[Tensor], samples: Indices) -> tuple[float, Tensor]:
    """Accuracy in [0, 1] and mean cross-entropy in nats."""
    scores = setup.engine.scores(weights, samples)
    labels = setup.labels[torch.from_numpy(samples)]
    return int((scores.argmax(1) == labels).sum()) / len(labels), cross_entropy(scores, labels)
