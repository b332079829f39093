"""How data are cut into clients, and each client's samples into training, validation and test."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError, unknown
from flopt.seeds import stream
from flopt.simulation.dataset import Dataset
from flopt.simulation.metrics import METRICS
from flopt.simulation.smoothing import Smoothing
from flopt.task import TaskSource

__all__ = ["PARTITIONS", "SPLITS", "Indices", "Split", "check", "partition", "split"]

Indices = NDArray[np.int64]

HELD_OUT = 0.2
"""Share of the samples, or of the clients, that goes to validation; as much again goes to test."""

SHARDS_PER_CLIENT = 2

WITH_ALPHA = ("dirichlet", "quantity")

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
    validation_clients: Indices
    """Whose each validation sample is, as numbers from 0 on."""
    test_clients: Indices
    """Whose each test sample is."""


def check(source: TaskSource) -> None:
    """Refuse names and settings that no data set could satisfy; needs no data."""
    if source.app is not None:
        raise FloptError('task.flower_app: a Flower app is trained by oracle = "flower" alone, not by flopt itself')
    if source.partition not in PARTITIONS:
        raise unknown("partition", source.partition, PARTITIONS)
    if source.split not in SPLITS:
        raise unknown("split", source.split, SPLITS)
    if source.metric not in METRICS:
        raise unknown("metric", source.metric, METRICS)
    Smoothing(source.smoothing)
    if source.seed < 0:
        raise FloptError(f"task: seed = {source.seed}: must not be negative")
    if source.partition == "natural":
        if source.clients is not None:
            raise FloptError(f"task: clients = {source.clients}: a natural partition has the clients of its data")
    elif source.clients is None or source.clients < 1:
        raise FloptError(f"task: clients = {source.clients}: a partition {source.partition!r} needs at least 1")
    if source.partition not in WITH_ALPHA:
        if source.alpha is not None:
            raise FloptError(f"task: alpha = {source.alpha}: only the partitions {' and '.join(WITH_ALPHA)} take it")
    elif source.alpha is None or not 0 < source.alpha <= MOST_ALPHA:
        raise FloptError(
            f"task: alpha = {source.alpha}: a partition {source.partition!r} needs a number above 0, "
            f"at most {MOST_ALPHA:g}"
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


def _shards(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> list[Indices]:
    """Samples sorted by label and cut into two equal shards for each client, dealt at random: McMahan et al. 2017."""
    clients = source.clients or 1
    if len(dataset.y) < SHARDS_PER_CLIENT * clients:
        raise FloptError(
            f"task: clients = {clients}: data {dataset.name} has only {len(dataset.y)} samples, "
            f"and each client needs {SHARDS_PER_CLIENT}"
        )
    shuffled = random.permutation(len(dataset.y))
    by_label = shuffled[np.argsort(dataset.y[shuffled], kind="stable")]
    shards = np.array_split(by_label, SHARDS_PER_CLIENT * clients)
    dealt = random.permutation(len(shards)).reshape(clients, SHARDS_PER_CLIENT)
    return [np.concatenate([shards[shard] for shard in hand]) for hand in dealt]


def _quantity(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> list[Indices]:
    """Samples dealt at random in numbers that follow one draw of Dirichlet(alpha), at least one to each client.

    Quantity skew of Li et al., "Federated learning on non-IID data silos: an experimental study", ICDE 2022.
    """
    clients, samples = source.clients or 1, len(dataset.y)
    shares = random.dirichlet(np.full(clients, source.alpha))
    ends = np.arange(1, clients) + np.round(np.cumsum(shares)[:-1] * (samples - clients)).astype(np.int64)
    return np.split(random.permutation(samples), ends)


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
    "shards": _shards,
    "quantity": _quantity,
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
    train = tuple(np.sort(part[2 * size :]) for part, size in zip(held, sizes, strict=True))
    validation, of_validation = _pooled([part[:size] for part, size in zip(held, sizes, strict=True)])
    test, of_test = _pooled([part[size : 2 * size] for part, size in zip(held, sizes, strict=True)])
    return Split(train, validation, test, of_validation, of_test)


def _pooled(parts: Sequence[Indices]) -> tuple[Indices, Indices]:
    """Samples of all clients in ascending order, and whose each is."""
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    samples = np.concatenate(parts)
    order = np.argsort(samples, kind="stable")
    return samples[order], owner[order]


def _by_client(parts: Sequence[Indices], seed: int) -> Split:
    """Whole clients, a fifth of them for each purpose and at least one; the others are the task's N clients."""
    if len(parts) < 3:
        raise FloptError(
            f"task: split 'client' needs at least 3 clients (training, validation, test), not {len(parts)}"
        )
    order = _shuffled(np.arange(len(parts)), stream(seed, "split"))
    size = max(1, _fifth(len(parts)))
    validation, test, train = order[:size], order[size : 2 * size], np.sort(order[2 * size :])
    pooled, of_pooled = _pooled([parts[client] for client in validation])
    tested, of_tested = _pooled([parts[client] for client in test])
    return Split(tuple(parts[client] for client in train), pooled, tested, of_pooled, of_tested)


def _fifth(count: int) -> int:
    return math.floor(HELD_OUT * count + 0.5)


def _shuffled(values: Indices, random: np.random.Generator) -> Indices:
    return values[random.permutation(len(values))]


SPLITS: dict[str, Callable[[Sequence[Indices], int], Split]] = {"sample": _by_sample, "client": _by_client}
