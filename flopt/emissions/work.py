"""Work: what a plan makes the fleet do in one round, before anything is priced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.task import Task

__all__ = ["Work", "expected_work", "joined_works"]

Array = NDArray[np.float64]

HELD_OUT = 1 / 3
"""Validation samples of a client for each training sample: the shipped split is 60/20/20."""


@dataclass(frozen=True, eq=False)
class Work:
    """Expected work of one round; every array has the same shape, one entry for each plan."""

    clients: Array
    """K: updates wanted in a round."""
    samples: Array
    """Samples that one client trains on: local epochs x mean training samples of a client, or steps x batch."""
    held_out_samples: Array
    """Samples that one client scores the model on, if the plan has it evaluate."""
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
        clients = np.maximum(1.0, np.floor(self.clients * (population / self.population) + 0.5))
        return replace(self, clients=clients, population=population)

    def __len__(self) -> int:
        return len(self.clients)

    def __getitem__(self, plans: slice | int | NDArray[np.intp]) -> Work:
        return replace(
            self,
            clients=np.asarray(self.clients[plans]),
            samples=np.asarray(self.samples[plans]),
            held_out_samples=np.asarray(self.held_out_samples[plans]),
            download_bytes=np.asarray(self.download_bytes[plans]),
            upload_bytes=np.asarray(self.upload_bytes[plans]),
        )

    def distinct(self) -> tuple[Work, NDArray[np.intp]]:
        """The works that differ, and for each plan the place of its own among them."""
        columns = (self.clients, self.samples, self.held_out_samples, self.download_bytes, self.upload_bytes)
        _, first, place = np.unique(np.stack(columns), axis=1, return_index=True, return_inverse=True)
        return self[first], place.reshape(-1)


def expected_work(plans: Sequence[Plan], task: Task) -> Work:
    """The work of one round of each plan, arrays of shape (plans,)."""
    return Work(
        clients=np.array([task.clients_per_round(plan.client_fraction) for plan in plans], dtype=np.float64),
        samples=np.array([plan.local_samples(task.mean_samples) for plan in plans], dtype=np.float64),
        held_out_samples=np.full(len(plans), task.mean_samples * HELD_OUT),
        download_bytes=np.array([plan.download_bytes(task.tensors) for plan in plans], dtype=np.float64),
        upload_bytes=np.array([plan.upload_bytes(task.tensors) for plan in plans], dtype=np.float64),
        flop_per_sample=task.flop_per_sample,
        population=float(task.clients),
    )


def joined_works(works: Sequence[Work]) -> Work:
    """The work of several single plans, arrays of shape (plans,); they have one task and one population."""
    first = works[0]
    return replace(
        first,
        clients=np.stack([work.clients for work in works]),
        samples=np.stack([work.samples for work in works]),
        held_out_samples=np.stack([work.held_out_samples for work in works]),
        download_bytes=np.stack([work.download_bytes for work in works]),
        upload_bytes=np.stack([work.upload_bytes for work in works]),
    )
