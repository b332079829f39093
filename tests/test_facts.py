"""Facts of tasks: shipped, measured and cached."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import flopt
from flopt.errors import FloptError
from flopt.simulation import facts as module
from flopt.simulation.facts import SHIPPED, facts, measured, shipped_text
from flopt.task import Task, TaskSource

SOURCE = TaskSource(partition="iid", clients=7, model="logreg")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "flopt"


def forbid_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: TaskSource) -> Task:
        raise AssertionError(f"{source} was measured again")

    monkeypatch.setattr(module, "measured", refuse)


def test_the_shipped_file_is_what_the_data_and_models_say() -> None:
    assert json.loads(SHIPPED.read_text(encoding="utf-8")) == json.loads(shipped_text())


def test_the_default_task() -> None:
    task = facts(TaskSource())
    assert (task.name, task.clients, sum(task.client_samples)) == ("digits/natural/mlp", 14, 1077)
    assert task.tensors == ((64, 64), (64,), (10, 64), (10,))
    assert task.flop_per_sample == 20224
    assert task.majority_share == 183 / 1797


def test_the_sizes_of_natural_clients_do_not_depend_on_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(TaskSource(model="logreg", seed=9)) == measured(TaskSource(model="logreg"))
    forbid_measuring(monkeypatch)
    assert facts(TaskSource(seed=9)) == facts(TaskSource())


@pytest.mark.parametrize("model", ["logreg", "mlp"])
@pytest.mark.parametrize("split", ["sample", "client"])
def test_shipped_facts_import_neither_torch_nor_sklearn(model: str, split: str) -> None:
    code = (
        "import sys; from flopt.simulation.facts import facts; from flopt.task import TaskSource\n"
        f"facts(TaskSource(model={model!r}, split={split!r}))\n"
        "print([name for name in ('torch', 'sklearn', 'scipy') if name in sys.modules])"
    )
    root = str(Path(flopt.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": root, "XDG_CACHE_HOME": os.devnull},
    )
    assert done.stdout.strip() == "[]"


def test_other_facts_are_measured_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = facts(SOURCE)
    assert (first.clients, len(list(cache.iterdir()))) == (7, 1)
    forbid_measuring(monkeypatch)
    assert facts(SOURCE) == first


@pytest.mark.parametrize("field", ["seed", "clients", "model"])
def test_the_cache_tells_sources_apart(cache: Path, field: str) -> None:
    other = {"seed": 1, "clients": 8, "model": "mlp"}[field]
    facts(SOURCE)
    facts(replace(SOURCE, **{field: other}))  # type: ignore[arg-type]  # one field of three types
    assert len(list(cache.iterdir())) == 2


def test_a_broken_cache_is_measured_again(cache: Path) -> None:
    first = facts(SOURCE)
    for content in ("", "{}", "[1]", '{"name": 3, "client_samples": []}'):
        next(cache.iterdir()).write_text(content, encoding="utf-8")
        assert facts(SOURCE) == first


def test_without_a_writable_cache_facts_are_only_slower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert facts(SOURCE).clients == 7


def saved(path: Path, samples: int) -> str:
    np.savez(path, X=np.eye(samples, 4), y=np.arange(samples) % 2, client=np.arange(samples) % 3)
    return str(path)


def test_the_cache_follows_the_contents_of_the_user_s_files(tmp_path: Path) -> None:
    data, model = tmp_path / "own.npz", tmp_path / "own.py"
    model.write_text("from torch import nn\ndef build():\n    return nn.Linear(4, 2)\n", encoding="utf-8")
    source = TaskSource(data=saved(data, 30), model=f"{model}:build")
    first = facts(source)
    assert (first.name, first.client_samples) == ("own/natural/own.py:build", (6, 6, 6))
    saved(data, 60)
    assert facts(source).client_samples == (12, 12, 12)
    model.write_text("from torch import nn\ndef build():\n    return nn.Linear(4, 2, bias=False)\n", encoding="utf-8")
    assert (first.parameters, facts(source).parameters) == (10, 8)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (TaskSource(data="absent.npz"), r"no data file absent\.npz"),
        (TaskSource(model="absent.py:build"), r"no file absent\.py"),
        (TaskSource(model="mlpp"), "no model 'mlpp'; did you mean 'mlp'"),
        (TaskSource(partition="naturel"), "no partition 'naturel'; did you mean 'natural'"),
    ],
)
def test_bad_sources_are_named(source: TaskSource, message: str) -> None:
    with pytest.raises(FloptError, match=message):
        facts(source)
