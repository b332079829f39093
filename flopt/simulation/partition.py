"""How data are cut into clients, and each client's samples into training, validation and test."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError, unknown
from flopt.seeds import stream
from flopt.simulation.data import Dataset
from flopt.task import TaskSource

__all__ = ["PARTITIONS", "SPLITS", "Indices", "Split", "check", "partition", "split"]

Indices = NDArray[np.int64]

HELD_OUT = 0.2
"""Share of the samples, or of the clients, that goes to validation; as much again goes to test."""

MOST_ALPHA = 1e6
"""Beyond it shares are equal to the sixth digit already, and far beyond it their sum overflows."""


@dataclass(frozen=True, eq=False)
class Split:
    """Which samples are trained on, by client, and which are held out."""

    train: tuple[Indices, ...]
    """Training samples of each of the task's N clients; none is empty."""
    validation: Indices
    """Held-out samples of all clients that the search may look at."""
    test: Indices
    """Held-out samples of all clients that are scored once, at the end."""


def check(source: TaskSource) -> None:
    """Refuse names and settings that no data set could satisfy; needs no data."""
    if source.partition not in PARTITIONS:
        raise unknown("partition", source.partition, PARTITIONS)
    if source.split not in SPLITS:
        raise unknown("split", source.split, SPLITS)
    if source.seed < 0:
        raise FloptError(f"task: seed = {source.seed}: must not be negative")
    if source.partition == "natural":
        if source.clients is not None:
            raise FloptError(f"task: clients = {source.clients}: a natural partition has the clients of its data")
    elif source.clients is None or source.clients < 1:
        raise FloptError(f"task: clients = {source.clients}: a partition {source.partition!r} needs at least 1")
    if source.partition != "dirichlet":
        if source.alpha is not None:
            raise FloptError(f"task: alpha = {source.alpha}: only the partition 'dirichlet' takes it")
    elif source.alpha is None or not 0 < source.alpha <= MOST_ALPHA:
        raise FloptError(
            f"task: alpha = {source.alpha}: a partition 'dirichlet' needs a number above 0, at most {MOST_ALPHA:g}"
        )


def partition(dataset: Dataset, source: TaskSource) -> list[Indices]:
    """Samples of each client, in ascending order: every sample exactly once, no client without samples."""
    check(source)
    if source.clients is not None and source.clients > len(dataset.y):
        raise FloptError(f"task: clients = {source.clients}: data {dataset.name} has only {len(dataset.y)} samples")
    parts = PARTITIONS[source.partition](dataset, source, stream(source.seed, "partition"))
    return [np.sort(part).astype(np.int64) for part in parts]


def _natural(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> list[Indices]:  # noqa: ARG001
    """One client for each client id, in the order of the ids."""
    if dataset.client_ids is None:
        raise FloptError(
            f"task: data {dataset.name} has no client ids for a natural partition; "
            "add an array 'client' to it, or use the partition 'iid' or 'dirichlet'"
        )
    ids, codes = np.unique(dataset.client_ids, return_inverse=True)
    return _groups(codes, len(ids))


def _iid(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> list[Indices]:
    """Samples dealt at random in equal numbers (they differ by at most one)."""
    return np.array_split(random.permutation(len(dataset.y)), source.clients or 1)


def _dirichlet(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> list[Indices]:
    """Each class dealt to the clients in shares drawn from Dirichlet(alpha), every sample once.

    Skew by a Dirichlet draw is due to Hsu, Qi and Brown, "Measuring the effects of non-identical data distribution"
    (2019); they draw the classes of each client, this draws the clients of each class, after Yurochkin et al. (2019).
    A client that is dealt nothing then takes one sample from the client that holds most.
    """
    clients = source.clients or 1
    owner = np.empty(len(dataset.y), dtype=np.int64)
    for label in range(dataset.classes):
        rows = random.permutation(np.flatnonzero(dataset.y == label))
        shares = random.dirichlet(np.full(clients, source.alpha))
        ends = np.round(np.cumsum(shares) * len(rows)).astype(np.int64)
        owner[rows] = np.minimum(np.searchsorted(ends, np.arange(len(rows)), side="right"), clients - 1)
    _give_each_one(owner, clients, random)
    return _groups(owner, clients)


def _give_each_one(owner: Indices, clients: int, random: np.random.Generator) -> None:
    counts = np.bincount(owner, minlength=clients)
    for client in np.flatnonzero(counts == 0):
        richest = int(np.argmax(counts))
        owner[random.choice(np.flatnonzero(owner == richest))] = client
        counts[richest] -= 1


def _groups(owner: Indices, groups: int) -> list[Indices]:
    order = np.argsort(owner, kind="stable")
    return np.split(order, np.cumsum(np.bincount(owner, minlength=groups))[:-1])


PARTITIONS: dict[str, Callable[[Dataset, TaskSource, np.random.Generator], list[Indices]]] = {
    "natural": _natural,
    "iid": _iid,
    "dirichlet": _dirichlet,
}


def split(parts: Sequence[Indices], source: TaskSource) -> Split:
    """Hold out a fifth for validation and a fifth for test, by sample or by whole client."""
    if source.split not in SPLITS:
        raise unknown("split", source.split, SPLITS)
    return SPLITS[source.split](parts, source.seed)


def _by_sample(parts: Sequence[Indices], seed: int) -> Split:
    """A fifth of every client's samples, rounded: how many does not depend on the seed, and at least one stays."""
    held = [_shuffled(part, stream(seed, "split", client)) for client, part in enumerate(parts)]
    sizes = [_fifth(len(part)) for part in parts]
    if not sum(sizes):
        raise FloptError("task: split 'sample' leaves nothing to validate on; one client needs at least 3 samples")
    return Split(
        tuple(np.sort(part[2 * size :]) for part, size in zip(held, sizes, strict=True)),
        np.sort(np.concatenate([part[:size] for part, size in zip(held, sizes, strict=True)])),
        np.sort(np.concatenate([part[size : 2 * size] for part, size in zip(held, sizes, strict=True)])),
    )


def _by_client(parts: Sequence[Indices], seed: int) -> Split:
    """Whole clients, a fifth of them for each purpose and at least one; the others are the task's N clients."""
    if len(parts) < 3:
        raise FloptError(
            f"task: split 'client' needs at least 3 clients (training, validation, test), not {len(parts)}"
        )
    order = _shuffled(np.arange(len(parts)), stream(seed, "split"))
    size = max(1, _fifth(len(parts)))
    validation, test, train = order[:size], order[size : 2 * size], np.sort(order[2 * size :])
    return Split(
        tuple(parts[client] for client in train),
        np.sort(np.concatenate([parts[client] for client in validation])),
        np.sort(np.concatenate([parts[client] for client in test])),
    )


def _fifth(count: int) -> int:
    return math.floor(HELD_OUT * count + 0.5)


def _shuffled(values: Indices, random: np.random.Generator) -> Indices:
    return values[random.permutation(len(values))]


SPLITS: dict[str, Callable[[Sequence[Indices], int], Split]] = {"sample": _by_sample, "client": _by_client}
