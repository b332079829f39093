"""Partitions and splits: every sample once, no empty client, equal seeds equal cuts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.errors import FloptError
from flopt.seeds import stream
from flopt.simulation import partition as module
from flopt.simulation.data import Dataset
from flopt.simulation.partition import Holdings, partition, split
from flopt.task import TaskSource


def labelled(samples: int, classes: int = 3, *, clients: int | None = None) -> Dataset:
    y = np.arange(samples) % classes
    ids = None if clients is None else np.arange(samples) % clients
    return Dataset.of("made", np.ones((samples, 2)), y, ids)


SOURCES = st.one_of(
    st.builds(TaskSource, partition=st.just("iid"), clients=st.integers(1, 30), seed=st.integers(0, 99)),
    st.builds(
        TaskSource,
        partition=st.just("dirichlet"),
        clients=st.integers(1, 30),
        alpha=st.floats(1e-3, 100),
        seed=st.integers(0, 99),
    ),
)


@given(SOURCES, st.integers(30, 90))
def test_every_sample_has_one_client_and_every_client_has_samples(source: TaskSource, samples: int) -> None:
    parts = partition(labelled(samples), source)
    assert len(parts) == source.clients
    assert min(map(len, parts)) >= 1
    assert sorted(np.concatenate(parts).tolist()) == list(range(samples))
    assert all(np.all(np.diff(part) > 0) for part in parts)


@pytest.mark.parametrize("kind", ["iid", "dirichlet"])
def test_the_seed_decides_the_cut(kind: str) -> None:
    source = TaskSource(partition=kind, clients=5, alpha=0.5 if kind == "dirichlet" else None)
    first, again, other = (partition(labelled(60), s) for s in (source, source, replace(source, seed=1)))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_natural_clients_follow_the_ids_and_not_the_seed() -> None:
    data = Dataset.of("made", np.ones((6, 1)), np.array([0, 1] * 3), np.array(list("zazbza")))
    for seed in (0, 1):
        assert [part.tolist() for part in partition(data, TaskSource(seed=seed))] == [[1, 5], [3], [0, 2, 4]]


def test_iid_clients_differ_by_at_most_one_sample() -> None:
    sizes = [len(part) for part in partition(labelled(62), TaskSource(partition="iid", clients=4))]
    assert sorted(sizes) == [15, 15, 16, 16]


def test_a_small_alpha_is_skewed_and_a_large_one_is_not() -> None:
    data = labelled(3000)

    def largest_share(alpha: float) -> float:
        parts = partition(data, TaskSource(partition="dirichlet", clients=10, alpha=alpha))
        return float(np.mean([np.bincount(data.y[part], minlength=3).max() / len(part) for part in parts]))

    assert largest_share(0.05) > 0.8
    assert largest_share(1000) < 0.4


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (TaskSource(), "data made has no client ids for a natural partition; add an array 'client'"),
        (TaskSource(clients=3), "clients = 3: a natural partition has the clients of its data"),
        (TaskSource(alpha=1), "alpha = 1: only the partitions dirichlet and quantity take it"),
        (TaskSource(partition="iid", clients=3, alpha=1), "only the partitions dirichlet and quantity take it"),
        (TaskSource(partition="iid"), "clients = None: a partition 'iid' needs at least 1"),
        (TaskSource(partition="iid", clients=0), "clients = 0: a partition 'iid' needs at least 1"),
        (TaskSource(partition="iid", clients=13), "clients = 13: data made has only 12 samples"),
        (TaskSource(partition="dirichlet", clients=3), "alpha = None: a partition 'dirichlet' needs a number above 0"),
        (TaskSource(partition="dirichlet", clients=3, alpha=0), "alpha = 0: .* needs a number above 0"),
        (TaskSource(partition="dirichlet", clients=3, alpha=float("nan")), "alpha = nan: .* needs a number above 0"),
        (TaskSource(partition="dirichlet", clients=3, alpha=float("inf")), "alpha = inf: .*, at most 1e\\+06"),
        (TaskSource(partition="idd"), "no partition 'idd'; did you mean 'iid'"),
        (TaskSource(seed=-1), "task: seed = -1: must not be negative"),
        (TaskSource(split="samples"), "no split 'samples'; did you mean 'sample'"),
    ],
)
def test_bad_sources_are_named(source: TaskSource, message: str) -> None:
    with pytest.raises(FloptError, match=message):
        partition(labelled(12), source)


def parts_of(sizes: list[int]) -> Holdings:
    return Holdings.of(np.repeat(np.arange(len(sizes)), sizes), len(sizes))


@given(st.lists(st.integers(1, 30), min_size=3, max_size=12), st.sampled_from(["sample", "client"]), st.integers(0, 99))
def test_a_split_uses_every_sample_once(sizes: list[int], kind: str, seed: int) -> None:
    sizes[0] = max(sizes[0], 3)
    parts = parts_of(sizes)
    done = split(parts, TaskSource(split=kind, seed=seed))
    assert min(map(len, done.train)) >= 1
    assert min(len(done.validation), len(done.test)) >= 1
    assert sorted(np.concatenate([*done.train, done.validation, done.test]).tolist()) == list(range(sum(sizes)))


def test_a_split_by_sample_keeps_three_fifths_of_each_client_whatever_the_seed() -> None:
    for seed in (0, 1):
        done = split(parts_of([1, 2, 3, 10, 114]), TaskSource(seed=seed))
        assert [len(part) for part in done.train] == [1, 2, 1, 6, 68]
        assert len(done.validation) == len(done.test) == 0 + 0 + 1 + 2 + 23


def test_a_split_by_client_keeps_whole_clients_apart() -> None:
    parts = parts_of([5] * 14)
    done = split(parts, TaskSource(split="client"))
    assert len(done.train) == 8
    assert len(done.validation) == len(done.test) == 15
    whole = {tuple(part.tolist()) for part in parts}
    assert {tuple(part.tolist()) for part in done.train} < whole
    assert {tuple(part.tolist()) for part in done.validation.reshape(3, 5)} < whole


def test_a_split_of_tiny_clients_is_refused() -> None:
    with pytest.raises(FloptError, match="leaves nothing to validate on; one client needs at least 3 samples"):
        split(parts_of([2, 2, 2]), TaskSource())


def test_a_split_by_client_needs_three() -> None:
    with pytest.raises(FloptError, match=r"needs at least 3 clients \(training, validation, test\), not 2"):
        split(parts_of([9, 9]), TaskSource(split="client"))


def test_shards_give_each_client_two_runs_of_labels() -> None:
    source = TaskSource(partition="shards", clients=6, seed=3)
    parts = partition(data := labelled(120), source)
    assert [len(part) for part in parts] == [20] * 6
    assert sorted(np.concatenate(parts).tolist()) == list(range(120))
    assert max(len(set(data.y[part].tolist())) for part in parts) <= 4
    with pytest.raises(FloptError, match="has only 12 samples, and each client needs 2"):
        partition(labelled(12), TaskSource(partition="shards", clients=7))


@pytest.mark.parametrize("alpha", [0.01, 0.5, 1e6])
def test_quantity_skew_gives_everybody_something(alpha: float) -> None:
    parts = partition(labelled(200), TaskSource(partition="quantity", clients=20, alpha=alpha))
    sizes = [len(part) for part in parts]
    assert (len(sizes), min(sizes) >= 1, sum(sizes)) == (20, True, 200)
    assert sorted(np.concatenate(parts).tolist()) == list(range(200))
    assert max(sizes) == 10 if alpha > 1e5 else max(sizes) > 20


@pytest.mark.parametrize("kind", ["sample", "client"])
def test_held_out_samples_know_their_clients(kind: str) -> None:
    parts = parts_of([10, 20, 5, 30, 15])
    done = split(parts, TaskSource(split=kind))
    for samples, clients in ((done.validation, done.validation_clients), (done.test, done.test_clients)):
        groups = [tuple(samples[clients == client]) for client in np.unique(clients)]
        owners = [{index for index, part in enumerate(parts) if set(group) & set(part)} for group in groups]
        assert all(len(owner) == 1 for owner in owners)
        assert len(set.union(*owners)) == len(groups)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (TaskSource(metric="acuracy"), "no metric 'acuracy'; did you mean 'accuracy'"),
        (TaskSource(smoothing="mean"), "task: smoothing = 'mean': must be last, meanN"),
        (TaskSource(partition="quantity", clients=3), "alpha = None: a partition 'quantity' needs a number above 0"),
    ],
)
def test_bad_metrics_and_smoothings_are_named(source: TaskSource, message: str) -> None:
    with pytest.raises(FloptError, match=message):
        partition(labelled(12), source)


def test_clients_of_one_array_are_its_slices() -> None:
    held = Holdings.of(np.array([2, 0, 2, 0, 0]), 3)
    assert [part.tolist() for part in held] == [[1, 3, 4], [], [0, 2]]
    assert held.sizes.tolist() == [3, 0, 2]
    assert [part.tolist() for part in held.take(np.array([2, 0, 2]))] == [[0, 2], [1, 3, 4], [0, 2]]
    assert [part.tolist() for part in held[1:]] == [[], [0, 2]]
    assert held[-1].base is held.samples
    with pytest.raises(IndexError):
        held[3]


@pytest.mark.parametrize("kind", ["iid", "dirichlet", "quantity"])
def test_many_clients_are_cut_and_split_by_few_streams(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[object, ...]] = []

    def counted(seed: int, *path: str | int) -> np.random.Generator:
        opened.append(path)
        return stream(seed, *path)

    monkeypatch.setattr(module, "stream", counted)
    clients, samples = 20_000, 70_000
    source = TaskSource(partition=kind, clients=clients, alpha=None if kind == "iid" else 0.5)
    parts = partition(labelled(samples), source)
    done = split(parts, source)
    assert len(opened) == 2
    assert (len(parts), len(done.train)) == (clients, clients)
    kept = np.concatenate([np.concatenate(list(done.train)), done.validation, done.test])
    assert np.array_equal(np.sort(kept), np.arange(samples))
    owner = np.empty(samples, dtype=np.int64)
    owner[parts.samples] = np.repeat(np.arange(clients), parts.sizes)
    assert np.array_equal(owner[done.validation], done.validation_clients)
    assert np.array_equal(owner[done.test], done.test_clients)
    fifths = np.floor(0.2 * parts.sizes + 0.5)
    assert np.array_equal(np.bincount(done.test_clients, minlength=clients), fifths)
    assert all(set(done.train[client]) <= set(parts[client]) for client in range(0, clients, 997))
    assert split(parts, source).test.tolist() == done.test.tolist()
    assert split(parts, replace(source, seed=1)).test.tolist() != done.test.tolist()
