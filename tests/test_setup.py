"""A task made ready to train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from flopt.errors import FloptError
from flopt.simulation.dense import DenseEngine
from flopt.simulation.facts import facts
from flopt.simulation.local import AutogradEngine
from flopt.simulation.setup import prepare
from flopt.task import TaskSource


@pytest.mark.parametrize("split", ["sample", "client"])
def test_a_setup_has_the_sizes_that_the_facts_say(split: str) -> None:
    source = TaskSource(split=split)
    setup, task = prepare(source), facts(source)
    assert tuple(map(len, setup.split.train)) == task.client_samples
    assert (setup.clients, setup.shapes) == (task.clients, task.tensors)


def test_initial_weights_follow_the_seed_given_and_not_that_of_the_task() -> None:
    one, two = prepare(TaskSource(seed=0)), prepare(TaskSource(seed=1))
    assert all(torch.equal(a, b) for a, b in zip(one.initial(3), two.initial(3), strict=True))
    assert not torch.equal(one.initial(3)[0], one.initial(4)[0])
    assert not any(weight.requires_grad for weight in one.initial(3))


def test_double_precision_starts_from_the_same_weights() -> None:
    single = prepare(TaskSource()).initial(0)
    double = prepare(TaskSource(), dtype=torch.float64).initial(0)
    assert all(torch.equal(a.double(), b) for a, b in zip(single, double, strict=True))


def test_the_user_s_own_data_and_model(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", X=np.eye(30, 6).reshape(30, 2, 3), y=np.arange(30) % 4 * 10)
    (tmp_path / "own.py").write_text(
        "from torch import nn\n\n"
        "def build(features, classes):\n    return nn.Sequential(nn.Flatten(), nn.Tanh(), nn.Linear(6, classes))\n",
        encoding="utf-8",
    )
    source = TaskSource(
        data=str(tmp_path / "own.npz"), partition="iid", clients=5, model=f"{tmp_path / 'own.py'}:build"
    )
    setup = prepare(source)
    assert isinstance(setup.engine, AutogradEngine)
    assert (setup.clients, setup.shapes, int(setup.labels.max())) == (5, ((4, 6), (4,)), 3)


def test_shipped_models_get_the_fast_engine() -> None:
    assert isinstance(prepare(TaskSource(model="logreg")).engine, DenseEngine)
    assert isinstance(prepare(TaskSource(model="mlp")).engine, DenseEngine)


def test_a_bad_source_is_refused_before_the_data_are_read() -> None:
    with pytest.raises(FloptError, match="no partition 'sherds'"):
        prepare(TaskSource(data="absent.npz", partition="sherds"))
