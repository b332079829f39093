"""The batch plan: each epoch is a fresh permutation, cut in order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flopt.seeds import stream
from flopt.simulation.batches import batches

SAMPLES = np.arange(100, 123)


@given(st.integers(1, 30), st.integers(1, 3))
def test_every_epoch_visits_each_sample_once(size: int, epochs: int) -> None:
    plan = batches(SAMPLES, epochs=epochs, size=size, random=stream(0))
    per_epoch = -(-len(SAMPLES) // size)
    assert len(plan) == epochs * per_epoch
    for epoch in range(epochs):
        one = plan[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert sorted(np.concatenate(one).tolist()) == SAMPLES.tolist()
        assert all(len(batch) == size for batch in one[:-1])


def test_epochs_are_shuffled_anew() -> None:
    first, second = batches(SAMPLES, epochs=2, size=23, random=stream(0))
    assert not np.array_equal(first, second)


def test_more_epochs_begin_like_fewer() -> None:
    short = batches(SAMPLES, epochs=1, size=5, random=stream(3))
    long = batches(SAMPLES, epochs=4, size=5, random=stream(3))
    assert all(np.array_equal(a, b) for a, b in zip(short, long, strict=False))


@given(st.integers(1, 30), st.integers(1, 20))
def test_steps_are_all_full_and_visit_every_sample_before_any_again(size: int, steps: int) -> None:
    plan = batches(SAMPLES, epochs=7, size=size, random=stream(0), steps=steps)
    assert [len(batch) for batch in plan] == [size] * steps
    visited = np.concatenate(plan).tolist()
    for start in range(0, len(visited), len(SAMPLES)):
        one = visited[start : start + len(SAMPLES)]
        assert len(set(one)) == len(one)


def test_more_steps_begin_like_fewer() -> None:
    short = batches(SAMPLES, epochs=1, size=5, random=stream(3), steps=4)
    long = batches(SAMPLES, epochs=1, size=5, random=stream(3), steps=30)
    assert np.array_equal(short, long[:4])
