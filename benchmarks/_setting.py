"""The task that simulators are compared on, and the loop that everybody writes for it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream, stream_seed
from flopt.simulation.batches import batches
from flopt.simulation.data import Dataset, load
from flopt.simulation.federation import federated
from flopt.simulation.models import build
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource

SEED = 0
CLIENTS, PER_ROUND = 40, 10
LR = {"logreg": 0.05, "mlp": 0.1, "cnn": 0.1}


def mlp(features: tuple[int, ...], classes: int) -> nn.Module:
    """One hidden layer of 128 units."""
    inputs = int(np.prod(features))
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, classes))


@dataclass(frozen=True, eq=False)
class Setting:
    """MNIST-5k, 40 clients cut by Dirichlet(0.5), 10 in each round, 2 local epochs, batches of 10, plain SGD."""

    data: Dataset
    setup: Setup
    module: nn.Module
    plan: Plan
    drawn: Participation

    @classmethod
    def of(cls, model: str, rounds: int) -> Setting:
        """The setting for one of the models in LR; the MLP is this file's own."""
        reference = f"{__file__}:mlp" if model == "mlp" else model
        source = TaskSource(data="mnist5k", partition="dirichlet", clients=CLIENTS, alpha=0.5, model=reference)
        data = load("mnist5k")
        module = build(reference, data.features, data.classes, stream_seed(SEED, "init"))
        plan = Plan(rounds=rounds, client_fraction=PER_ROUND / CLIENTS, client_lr=LR[model])
        draws = [stream(SEED, "clients", r).choice(CLIENTS, PER_ROUND, replace=False) for r in range(rounds)]
        drawn = Participation.complete(np.array(draws), np.zeros(CLIENTS, dtype=np.int64))
        return cls(data, prepare(source), module, plan, drawn)

    def flopt(self, setup: Setup | None = None) -> list[float]:
        """Train with flopt; gives the validation accuracy after each round."""
        return [done.accuracy for done in federated(setup or self.setup, self.plan, self.drawn, SEED)]

    def naive(self) -> list[float]:
        """Per client: deepcopy, torch.optim.SGD, tensor indexing, no DataLoader; gives the accuracies too."""
        x, y = torch.tensor(self.data.x), torch.tensor(self.data.y)
        server, accuracies = copy.deepcopy(self.module), []
        for index, clients in enumerate(self.drawn.selected):
            server.load_state_dict(self._round(server, x, y, index, clients.tolist()))
            with torch.no_grad():
                found = [
                    float((server(x[rows]).argmax(1) == y[rows]).float().mean())
                    for rows in map(torch.from_numpy, (self.setup.split.validation, self.setup.split.test))
                ]
            accuracies.append(found[0])
        return accuracies

    def _round(
        self, server: nn.Module, x: torch.Tensor, y: torch.Tensor, index: int, clients: list[int]
    ) -> dict[str, torch.Tensor]:
        parts, plan = self.setup.split.train, self.plan
        total = sum(len(parts[client]) for client in clients)
        mean = {name: torch.zeros_like(value) for name, value in server.state_dict().items()}
        for client in clients:
            local = copy.deepcopy(server)
            optimiser = torch.optim.SGD(local.parameters(), lr=plan.client_lr)
            random = stream(SEED, "batches", index, client)
            for batch in batches(parts[client], epochs=plan.local_epochs, size=plan.batch_size, random=random):
                rows = torch.from_numpy(batch)
                optimiser.zero_grad()
                cross_entropy(local(x[rows]), y[rows]).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            for name, value in local.state_dict().items():
                mean[name] += value * (len(parts[client]) / total)
        return mean

    def save(self, path: Path) -> None:
        """Write what a peer needs: samples, clients, held-out samples, draws, and initial weights of dense layers."""
        parts, split = self.setup.split.train, self.setup.split
        weights: dict[str, Any] = {
            f"weight{n}": value.detach().numpy() for n, value in enumerate(self.module.parameters())
        }
        np.savez(
            path, x=self.data.x.reshape(len(self.data.x), -1), y=self.data.y, train=np.concatenate(parts),
            sizes=[len(part) for part in parts], validation=split.validation, test=split.test,
            selected=self.drawn.selected, lr=self.plan.client_lr, epochs=self.plan.local_epochs,
            batch=self.plan.batch_size, **weights,
        )  # fmt: skip
