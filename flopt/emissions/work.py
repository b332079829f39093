"""Work: what a plan makes the fleet do in one round, before anything is priced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.task import Task

__all__ = ["Work", "expected_work"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Work:
    """Expected work of one round; every array has the same shape, one entry for each plan."""

    clients: Array
    """K: clients drawn in a round."""
    samples: Array
    """Samples that one client trains on: local epochs x mean training samples of a client, or steps x batch."""
    download_bytes: Array
    """Bytes that one client receives."""
    upload_bytes: Array
    """Bytes that one client sends."""
    flop_per_sample: float
    population: float
    """Clients that K is drawn from."""

    def scaled_to(self, population: float) -> Work:
        """The same shares of a population of another size: K grows or shrinks with it, to one client at least."""
        if population < 1:
            raise FloptError(f"population = {population:g}: must be at least 1")
        clients = np.maximum(1.0, self.clients * (population / self.population))
        return replace(self, clients=clients, population=population)


def expected_work(plans: Sequence[Plan], task: Task) -> Work:
    """The work of one round of each plan, arrays of shape (plans,)."""
    return Work(
        clients=np.array([task.clients_per_round(plan.client_fraction) for plan in plans], dtype=np.float64),
        samples=np.array([plan.local_samples(task.mean_samples) for plan in plans], dtype=np.float64),
        download_bytes=np.array([plan.download_bytes(task.tensors) for plan in plans], dtype=np.float64),
        upload_bytes=np.array([plan.upload_bytes(task.tensors) for plan in plans], dtype=np.float64),
        flop_per_sample=task.flop_per_sample,
        population=float(task.clients),
    )
