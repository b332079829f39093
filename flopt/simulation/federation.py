"""Federated training, round by round."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from flopt.compression import NONE
from flopt.errors import FloptError
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream, stream_seed
from flopt.simulation.aggregation import weighted_average
from flopt.simulation.batches import batches
from flopt.simulation.codecs import carry
from flopt.simulation.descent import Descent
from flopt.simulation.feedback import ErrorFeedback
from flopt.simulation.partition import Indices
from flopt.simulation.scaffold import ControlVariates
from flopt.simulation.schedule import learning_rate
from flopt.simulation.scored import Scored
from flopt.simulation.server import Server
from flopt.simulation.setup import Setup
from flopt.simulation.smoothing import Smoothing
from flopt.simulation.state import Remembering, State
from flopt.trace import Round

__all__ = ["Training", "federated"]


def federated(setup: Setup, plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
    """Train under `plan`, and yield a `Round` after each round; closing the generator stops the training.

    McMahan et al., "Communication-efficient learning of deep networks from decentralized data", AISTATS 2017,
    algorithm 1, with the plan's own server optimiser, client rule and compression. Equal arguments give equal
    rounds, bit by bit, and the first r of them do not depend on `plan.rounds` unless the plan is
    `horizon_dependent`. Raises FloptError where the participation does not fit the task or the plan, and where the
    training diverges.
    """
    training = Training(setup, plan, participation, seed)
    for index in range(plan.rounds):
        yield training.round(index)


def _check(setup: Setup, plan: Plan, participation: Participation) -> None:
    if len(participation.group_of) != setup.clients:
        raise FloptError(f"participation: of {len(participation.group_of)} clients; the task has {setup.clients}")
    if participation.rounds < plan.rounds:
        raise FloptError(f"participation: lays out {participation.rounds} rounds; the plan has {plan.rounds}")


@contextmanager
def _torch_seeded(seed: int | None) -> Iterator[None]:
    """Draw a model's own randomness, such as dropout, from this seed, and leave the caller's state as it was."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed: it also looks for accelerators, a millisecond each time.
        torch.default_generator.manual_seed(seed)
        yield


class Training:
    """One run: the server, and what clients keep between their rounds. Rounds are counted from 0."""

    def __init__(self, setup: Setup, plan: Plan, participation: Participation, seed: int) -> None:
        _check(setup, plan, participation)
        self.setup = setup
        self.plan = plan
        self.participation = participation
        self.seed = seed
        self.server = Server(plan, setup.initial(stream_seed(seed, "init")))
        self.uplink = ErrorFeedback(plan.uplink)
        scaffold = plan.algorithm == "scaffold"
        self.variates = ControlVariates(self.server.weights, setup.clients) if scaffold else None
        self.variates_uplink = ErrorFeedback(plan.uplink)
        self.validation = Smoothing(setup.smoothing)
        self.test = Smoothing(setup.smoothing)

    @property
    def _remembering(self) -> dict[str, Remembering]:
        """All that a round leaves to the next; what is drawn depends on the seed, the round and the client alone."""
        parts: dict[str, Remembering] = {
            "server": self.server,
            "uplink": self.uplink,
            "variates_uplink": self.variates_uplink,
            "validation": self.validation,
            "test": self.test,
        }
        return parts | ({"variates": self.variates} if self.variates else {})

    def state(self) -> State:
        """What `restore` goes on from: dictionaries, lists, tensors and numbers; tensors are not copied."""
        return {name: part.state() for name, part in self._remembering.items()}

    def restore(self, state: State) -> None:
        """Go on where the training that gave this state was; raises KeyError where it is another's."""
        for name, part in self._remembering.items():
            part.restore(state[name])

    def round(self, index: int) -> Round:
        """Train one more round, and say how good the model is after it."""
        clients = [int(client) for client in self.participation.users(index)]
        if clients:  # else nobody reported in time, and the server keeps its model
            self._advance(clients, index)
        return self._report(clients, index, drawn=self.participation.selected.shape[1])

    def _advance(self, clients: Sequence[int], index: int) -> None:
        """One more round of the clients given."""
        received = self._broadcast(self.server.weights, "model", index)
        control = self._broadcast(self.variates.server, "variates", index) if self.variates else None
        changes: list[list[Tensor]] = []
        mean = weighted_average(
            self._sent(received, clients, index, control, changes),
            [len(self.setup.split.train[client]) for client in clients],
        )
        self._check_finite(mean, index)
        self.server.step(mean)
        if self.variates:
            self.variates.gather(changes)

    def _sent(
        self, received: Sequence[Tensor], clients: Sequence[int], index: int, control: Sequence[Tensor] | None,
        changes: list[list[Tensor]],
    ) -> Iterator[list[Tensor]]:  # fmt: skip
        """Each client's update as the server receives it; `changes` takes in those of the control variates."""
        for client, update, descent in self._trained(received, clients, index, control):
            seed = stream_seed(self.seed, "uplink", index, client) if self.compresses else 0
            yield self.uplink.send(client, update, seed)
            if self.variates:
                steps = self.plan.steps_per_round(len(self.setup.split.train[client]))
                change = self.variates.renew(client, update, descent, steps)
                seed = stream_seed(self.seed, "variates", index, client)
                changes.append(self.variates_uplink.send(client, change, seed))

    @property
    def compresses(self) -> bool:
        """Whether a client's update changes on its way."""
        return self.plan.uplink != NONE

    def _broadcast(self, tensors: Sequence[Tensor], what: str, index: int) -> list[Tensor]:
        """What every client of the round receives."""
        if self.plan.downlink == NONE:
            return list(tensors)
        return carry(self.plan.downlink, tensors, stream_seed(self.seed, "downlink", what, index))

    def _trained(
        self, received: Sequence[Tensor], clients: Sequence[int], index: int, control: Sequence[Tensor] | None
    ) -> Iterator[tuple[int, list[Tensor], Descent]]:
        """Each client with what its local training changes in the weights that it received, and how it moved."""
        at_once = self.setup.engine.at_once
        for start in range(0, len(clients), at_once):
            chunk = clients[start : start + at_once]
            descents = [self._descent(client, index, control) for client in chunk]
            cuts = [self._batches(client, index) for client in chunk]
            seed = stream_seed(self.seed, "model", index, chunk[0]) if self.setup.engine.draws else None
            with _torch_seeded(seed):
                updates = self.setup.engine.updates(received, cuts, descents)
            for client, update, descent in zip(chunk, updates, descents, strict=True):
                if self.compresses or self.variates:  # else the mean shows it, and some compressions would hide it
                    self._check_finite(update, index)
                yield client, update, descent

    def _batches(self, client: int, index: int) -> list[Indices]:
        plan, samples = self.plan, self.setup.split.train[client]
        random = stream(self.seed, "batches", index, client)
        return batches(samples, epochs=plan.local_epochs, steps=plan.local_steps, size=plan.batch_size, random=random)

    def _descent(self, client: int, index: int, control: Sequence[Tensor] | None) -> Descent:
        plan = self.plan
        return Descent(
            lr=learning_rate(plan, index),
            momentum=plan.client_momentum,
            weight_decay=plan.weight_decay,
            proximal_mu=plan.proximal_mu,
            correction=None if self.variates is None or control is None else self.variates.correction(client, control),
        )

    def validated(self) -> Scored:
        """The present model on the validation data."""
        split = self.setup.split
        return self.setup.scored(self.server.weights, split.validation, split.validation_clients)

    def _report(self, clients: Sequence[int], index: int, drawn: int) -> Round:
        """What the round did, and how good the model is after it; all that were drawn have received the model."""
        setup, plan = self.setup, self.plan
        seen = self.validated()
        if not math.isfinite(seen.loss):
            raise self._diverged(index)
        test = setup.scored(self.server.weights, setup.split.test, setup.split.test_clients)
        return Round(
            accuracy=self.validation.add(seen.measured(setup.metric)),
            loss=seen.loss,
            clients=len(clients),
            samples=int(sum(plan.local_samples(len(setup.split.train[client])) for client in clients)),
            download_bytes=drawn * plan.download_bytes(setup.shapes),
            upload_bytes=len(clients) * plan.upload_bytes(setup.shapes),
            test_accuracy=self.test.add(test.measured(setup.metric)),
            balanced_accuracy=seen.measured("balanced_accuracy"),
            auc=seen.auc(),
            worst_client_accuracy=seen.measured("worst_client_accuracy"),
        )

    def _check_finite(self, values: Sequence[Tensor], index: int) -> None:
        # A sum is as infinite as its worst part, and quicker than looking at every entry.
        if not all(math.isfinite(float(value.sum())) for value in values):
            raise self._diverged(index)

    def _diverged(self, index: int) -> FloptError:
        return FloptError(
            f"the training diverged in round {index + 1}: try a client_lr below {self.plan.client_lr:g} "
            "or fewer local epochs"
        )
