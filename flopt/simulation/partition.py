"""How data are cut into clients, and each client's samples into training, validation and test."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError, unknown
from flopt.seeds import stream
from flopt.simulation.dataset import Dataset
from flopt.simulation.metrics import METRICS
from flopt.simulation.smoothing import Smoothing
from flopt.task import MANY_CLIENTS, TaskSource

__all__ = ["PARTITIONS", "SPLITS", "Holdings", "Indices", "Split", "check", "partition", "split"]

Indices = NDArray[np.int64]

HELD_OUT = 0.2
"""Share of the samples, or of the clients, that goes to validation; as much again goes to test."""

SHARDS_PER_CLIENT = 2

WITH_ALPHA = ("dirichlet", "quantity")

MOST_ALPHA = 1e6
"""Beyond it shares are equal to the sixth digit already, and far beyond it their sum overflows."""


@dataclass(frozen=True, eq=False)
class Holdings(Sequence[Indices]):
    """The samples of every client, one client after the other in one array: a million clients are three arrays.

    A client's samples are `samples[starts[client]:ends[client]]`, in ascending order; clients may share some.
    """

    samples: Indices
    starts: Indices
    """Shape (clients,), as `ends`."""
    ends: Indices

    @classmethod
    def of(cls, owner: Indices, clients: int, samples: Indices | None = None) -> Holdings:
        """From the client of each sample, a number below `clients`; `samples` ascend (default: 0, 1, 2 ...)."""
        order = np.argsort(owner, kind="stable").astype(np.int64)
        ends = np.cumsum(np.bincount(owner, minlength=clients)).astype(np.int64)
        return cls(order if samples is None else samples[order], np.concatenate(([0], ends[:-1])), ends)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, client: int) -> Indices: ...
    @overload
    def __getitem__(self, client: slice) -> Holdings: ...
    def __getitem__(self, client: int | slice) -> Indices | Holdings:
        if isinstance(client, slice):
            return self.take(np.arange(len(self))[client])
        return self.samples[self.starts[client] : self.ends[client]]

    def take(self, clients: Indices) -> Holdings:
        """Those of some clients, in the order given; no sample is stored twice."""
        return Holdings(self.samples, self.starts[clients], self.ends[clients])

    @property
    def sizes(self) -> Indices:
        """How many samples each client has."""
        return self.ends - self.starts


@dataclass(frozen=True, eq=False)
class Split:
    """Which samples are trained on, by client, and which are held out."""

    train: Sequence[Indices]
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


def partition(dataset: Dataset, source: TaskSource) -> Holdings:
    """Samples of each client, in ascending order: every sample exactly once, no client without samples."""
    check(source)
    if source.clients is not None and source.clients > len(dataset.y):
        raise FloptError(f"task: clients = {source.clients}: data {dataset.name} has only {len(dataset.y)} samples")
    owner = PARTITIONS[source.partition](dataset, source, stream(source.seed, "partition"))
    return Holdings.of(owner, source.clients or int(owner.max()) + 1)


def _natural(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> Indices:  # noqa: ARG001
    """One client for each client id, in the order of the ids; gives the client of each sample, as all partitions."""
    if dataset.client_ids is None:
        raise FloptError(
            f"task: data {dataset.name} has no client ids for a natural partition; "
            "add an array 'client' to it, or use the partition 'iid' or 'dirichlet'"
        )
    return np.asarray(np.unique(dataset.client_ids, return_inverse=True)[1])


def _iid(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> Indices:
    """Samples dealt at random in equal numbers (they differ by at most one)."""
    return _dealt(random.permutation(len(dataset.y)), _equal(len(dataset.y), source.clients or 1))


def _dirichlet(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> Indices:
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
    return owner


def _shards(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> Indices:
    """Samples sorted by label and cut into two equal shards for each client, dealt at random: McMahan et al. 2017."""
    clients = source.clients or 1
    if len(dataset.y) < SHARDS_PER_CLIENT * clients:
        raise FloptError(
            f"task: clients = {clients}: data {dataset.name} has only {len(dataset.y)} samples, "
            f"and each client needs {SHARDS_PER_CLIENT}"
        )
    shuffled = random.permutation(len(dataset.y))
    by_label = shuffled[np.argsort(dataset.y[shuffled], kind="stable")]
    shards = SHARDS_PER_CLIENT * clients
    holder = np.empty(shards, dtype=np.int64)
    holder[random.permutation(shards)] = np.arange(shards) // SHARDS_PER_CLIENT
    return holder[_dealt(by_label, _equal(len(by_label), shards))]


def _quantity(dataset: Dataset, source: TaskSource, random: np.random.Generator) -> Indices:
    """Samples dealt at random in numbers that follow one draw of Dirichlet(alpha), at least one to each client.

    Quantity skew of Li et al., "Federated learning on non-IID data silos: an experimental study", ICDE 2022.
    """
    clients, samples = source.clients or 1, len(dataset.y)
    shares = random.dirichlet(np.full(clients, source.alpha))
    ends = np.arange(1, clients) + np.round(np.cumsum(shares)[:-1] * (samples - clients)).astype(np.int64)
    return _dealt(random.permutation(samples), np.diff(ends, prepend=0, append=samples))


def _equal(samples: int, parts: int) -> Indices:
    """Sizes of parts that differ by at most one, the larger first."""
    return np.full(parts, samples // parts) + (np.arange(parts) < samples % parts)


def _dealt(samples: Indices, sizes: Indices) -> Indices:
    """Whose each sample is, where the first of `samples` go to client 0, the next to client 1 ..."""
    owner = np.empty(len(samples), dtype=np.int64)
    owner[samples] = np.repeat(np.arange(len(sizes)), sizes)
    return owner


def _give_each_one(owner: Indices, clients: int, random: np.random.Generator) -> None:
    """The richest gives, of equal ones the lowest number; a heap finds it, and its samples are looked up once."""
    counts = np.bincount(owner, minlength=clients)
    held = Holdings.of(owner, clients)
    left: dict[int, Indices] = {}
    richest = [(-int(counts[client]), int(client)) for client in np.flatnonzero(counts > 1)]
    heapq.heapify(richest)
    for client in np.flatnonzero(counts == 0):
        negative, giver = richest[0]
        own = left.get(giver, held[giver])
        given = random.choice(own)
        owner[given] = client
        left[giver] = own[own != given]
        heapq.heapreplace(richest, (negative + 1, giver))


PARTITIONS: dict[str, Callable[[Dataset, TaskSource, np.random.Generator], Indices]] = {
    "natural": _natural,
    "iid": _iid,
    "dirichlet": _dirichlet,
    "shards": _shards,
    "quantity": _quantity,
}


def split(parts: Holdings, source: TaskSource) -> Split:
    """Hold out a fifth for validation and a fifth for test, by sample or by whole client."""
    if source.split not in SPLITS:
        raise unknown("split", source.split, SPLITS)
    return SPLITS[source.split](parts, source.seed)


def _by_sample(parts: Holdings, seed: int) -> Split:
    """A fifth of every client's samples, rounded: how many does not depend on the seed, and at least one stays."""
    sizes, fifths = parts.sizes, _fifth(parts.sizes)
    if not fifths.any():
        raise FloptError("task: split 'sample' leaves nothing to validate on; one client needs at least 3 samples")
    owner = np.repeat(np.arange(len(parts)), sizes)
    shuffled = _shuffled_each(parts, owner, seed)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    fifth = np.repeat(fifths, sizes)
    trained, validation, test = (
        _ascending(shuffled[chosen], owner[chosen])
        for chosen in (place >= 2 * fifth, place < fifth, (fifth <= place) & (place < 2 * fifth))
    )
    return Split(Holdings.of(trained[1], len(parts), trained[0]), validation[0], test[0], validation[1], test[1])


def _shuffled_each(parts: Holdings, owner: Indices, seed: int) -> Indices:
    """Every client's samples in a random order, one client after the other.

    Each client has a random stream of its own; among many they share one, as opening a million takes a minute.
    """
    if len(parts) <= MANY_CLIENTS:
        return np.concatenate([_shuffled(part, stream(seed, "split", client)) for client, part in enumerate(parts)])
    everything = np.concatenate(parts) if len(parts.samples) != len(owner) else parts.samples
    return np.asarray(everything[np.lexsort((stream(seed, "split").random(len(owner)), owner))])


def _ascending(samples: Indices, owner: Indices) -> tuple[Indices, Indices]:
    """Samples of all clients in ascending order, and whose each is."""
    order = np.argsort(samples, kind="stable")
    return samples[order], owner[order]


def _by_client(parts: Holdings, seed: int) -> Split:
    """Whole clients, a fifth of them for each purpose and at least one; the others are the task's N clients."""
    if len(parts) < 3:
        raise FloptError(
            f"task: split 'client' needs at least 3 clients (training, validation, test), not {len(parts)}"
        )
    order = _shuffled(np.arange(len(parts)), stream(seed, "split"))
    size = max(1, int(_fifth(len(parts))))
    held_out = [parts.take(order[start : start + size]) for start in (0, size)]
    pooled, tested = (_ascending(np.concatenate(those), np.repeat(np.arange(size), those.sizes)) for those in held_out)
    return Split(parts.take(np.sort(order[2 * size :])), pooled[0], tested[0], pooled[1], tested[1])


def _fifth(count: Indices | int) -> Indices:
    return np.floor(HELD_OUT * np.asarray(count) + 0.5).astype(np.int64)


def _shuffled(values: Indices, random: np.random.Generator) -> Indices:
    return values[random.permutation(len(values))]


SPLITS: dict[str, Callable[[Holdings, int], Split]] = {"sample": _by_sample, "client": _by_client}
