"""The centralised run: all clients' training data in one place, trained by plain SGD, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import torch

from flopt.compression import NONE
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.simulation.federation import federated
from flopt.simulation.setup import prepare
from flopt.task import TaskSource
from flopt.trace import Round

__all__ = ["CAP_EPOCHS", "PooledRun", "pooled", "train_until"]

CAP_EPOCHS = 200
"""A run that looks for an accuracy ends here at the latest."""


@dataclass(frozen=True)
class PooledRun:
    """How long it took to an accuracy."""

    epochs: int
    accuracy: float
    """Best validation accuracy seen."""
    reached: bool
    """False where the run ended before it: the epochs are then too few."""


def train_until(source: TaskSource, plan: Plan, accuracy: float, *, seed: int, cap: int = CAP_EPOCHS) -> PooledRun:
    """Train until a validation accuracy is reached, or for `cap` epochs."""
    best = 0.0
    for epochs, done in zip(count(1), pooled(source, plan, epochs=cap, seed=seed), strict=False):
        best = max(best, done.accuracy)
        if best >= accuracy or epochs == cap:
            break
    return PooledRun(epochs, best, best >= accuracy)


def pooled(source: TaskSource, plan: Plan, *, epochs: int, seed: int) -> Iterator[Round]:
    """A `Round` after each epoch over the pooled training data, with the plan's batch size and learning rate.

    Federated averaging of one client that holds everything and sends its model as it is: plain SGD, on the same
    held-out data, from the same initial weights as the federated run of that seed. Bytes and compression mean nothing.
    """
    torch.set_num_threads(1)
    setup = prepare(source)
    everything = np.sort(np.concatenate(setup.split.train))
    alone = replace(setup, split=replace(setup.split, train=(everything,)))
    nobody_else = Participation.complete(np.zeros((epochs, 1), dtype=np.int64), np.zeros(1, dtype=np.int64))
    whole = replace(plan, rounds=epochs, local_epochs=1, client_fraction=1.0, uplink=NONE, downlink=NONE)
    return federated(alone, whole, nobody_else, seed)
