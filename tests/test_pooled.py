"""The centralised run: plain SGD on all training data, and how many epochs it takes to an accuracy."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from flopt.compression import Compression
from flopt.oracles.pooled import CAP_EPOCHS, PooledRun, pooled, train_until
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream_seed
from flopt.simulation.facts import facts
from flopt.simulation.federation import federated
from flopt.simulation.setup import prepare
from flopt.task import TaskSource
from flopt.trace import Round

SOURCE = TaskSource(model="logreg")
PLAN = Plan(rounds=3, local_epochs=4, client_fraction=0.2, client_lr=0.1, uplink=Compression("quantize", 4))


def epochs(count: int, *, plan: Plan = PLAN, seed: int = 0) -> list[Round]:
    return list(pooled(SOURCE, plan, epochs=count, seed=seed))


def test_an_epoch_is_every_training_sample_once() -> None:
    found, task = epochs(3), facts(SOURCE)
    assert [done.samples for done in found] == [sum(task.client_samples)] * 3
    assert [done.clients for done in found] == [1] * 3
    assert found[-1].accuracy > found[0].accuracy > task.majority_share


def test_it_does_not_depend_on_what_is_federated_in_the_plan() -> None:
    other = Plan(rounds=50, local_epochs=1, client_fraction=1.0, client_lr=0.1)
    assert epochs(2) == epochs(2, plan=other)
    assert epochs(2) == epochs(3)[:2]
    assert epochs(2) != epochs(2, plan=replace(PLAN, client_lr=0.2))
    assert epochs(2) != epochs(2, seed=1)


def test_on_a_task_of_one_client_it_is_federated_averaging_itself() -> None:
    source = TaskSource(partition="iid", clients=1, model="logreg")
    everyone = Participation.complete(np.zeros((2, 1), dtype=np.int64), np.zeros(1, dtype=np.int64))
    plain = Plan(rounds=2, local_epochs=1, client_fraction=1.0, client_lr=0.1)
    assert list(pooled(source, plain, epochs=2, seed=3)) == list(federated(prepare(source), plain, everyone, 3))


def test_it_starts_from_the_weights_of_the_federated_run() -> None:
    setup = prepare(SOURCE)
    still = replace(PLAN, client_lr=1e-12)
    first = next(pooled(SOURCE, still, epochs=1, seed=5))
    scores = setup.engine.scores(setup.initial(stream_seed(5, "init")), setup.split.validation)
    guessed, labels = scores.argmax(1).numpy(), np.asarray(setup.labels)[setup.split.validation]
    right = (guessed == labels).mean()
    assert first.accuracy == pytest.approx(float(right), abs=1e-6)


def test_it_ends_at_the_first_epoch_that_is_good_enough() -> None:
    curve = [done.accuracy for done in epochs(6)]
    best = list(itertools.accumulate(curve, max))
    for index, accuracy in enumerate(best):
        first = best.index(accuracy)
        assert train_until(SOURCE, PLAN, accuracy, seed=0) == PooledRun(first + 1, accuracy, True)
        assert index >= first


def test_an_accuracy_that_is_never_reached_ends_at_the_cap_and_says_so() -> None:
    found = train_until(SOURCE, PLAN, 1.5, seed=0, cap=3)
    assert found == PooledRun(3, max(done.accuracy for done in epochs(3)), False)
    assert CAP_EPOCHS > 100
