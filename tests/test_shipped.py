"""The shipped tables: each is of its task, found by the whole task, and searched without data or torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.oracles.shipped import TABLES, shipped_table, shipped_tables, with_named_task
from flopt.oracles.table import CURVES, load_table
from flopt.recording import record_table
from flopt.results import problem_of
from flopt.simulation.facts import facts
from flopt.study import load_study, study_of
from flopt.task import TaskSource

Command = Callable[..., tuple[int, str, str]]

MNIST = TaskSource("mnist5k", "dirichlet", clients=40, alpha=0.3)
DIGITS = {"data": "digits"}
SMALL = {"space": "quick", "oracle": "analytic", "workers": 1}


@pytest.fixture
def without_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither data nor torch: only what is shipped with flopt may be read."""

    def absent(source: TaskSource) -> None:
        raise FloptError(f"{source} was measured: its data are needed")

    monkeypatch.setattr("flopt.simulation.facts.measured", absent)


@pytest.fixture(scope="session")
def recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small tables, of a formula instead of training."""
    folder = tmp_path_factory.mktemp("tables")
    task = {"data": "mnist5k", "partition": "dirichlet", "clients": 40}
    for name, table in {"digits": DIGITS, "m_a01": task | {"alpha": 0.1}, "m_a03": task | {"alpha": 0.3}}.items():
        record_table(study_of({**SMALL, "task": table}), 8, 1, 30, folder / f"{name}.npz")
    return folder


@pytest.fixture
def made(recorded_once: Path, monkeypatch: pytest.MonkeyPatch, without_data: None) -> Path:  # noqa: ARG001
    """They stand in the place of the shipped ones."""
    monkeypatch.setattr("flopt.oracles.shipped.TABLES", recorded_once)
    return recorded_once


@pytest.mark.parametrize("file", sorted(TABLES.glob("*.npz")), ids=lambda file: file.stem)
def test_every_shipped_table_serves_its_task(file: Path, without_data: None) -> None:  # noqa: ARG001
    table = load_table(file)
    (told,) = [each for each in shipped_tables() if each.file == file]
    assert (told.plans, told.seeds, told.rounds) == (len(table.plans), len(table.seeds), table.rounds)
    assert told.plans >= 200
    assert (told.seeds, told.rounds) == (5, 100)
    study = load_study(None, told.settings)
    problem = problem_of(study)
    assert shipped_table(problem.source) == file
    plan = table.plans[7]
    oracle = load_oracle("recorded", problem.source, problem.task)
    rounds = list(oracle(plan, problem.participation(plan, 3), 3))
    np.testing.assert_array_equal(
        np.array([r.accuracy for r in rounds], dtype=np.float32), table.curves["accuracy"][7, 3]
    )
    for name in CURVES:
        assert np.isfinite(table.curves[name]).mean() > 0.5, "most recorded runs failed"


def test_all_shipped_tables_together_are_small() -> None:
    assert sum(file.stat().st_size for file in TABLES.glob("*.npz")) < 3e6


def test_the_table_of_the_whole_task_is_taken(made: Path) -> None:
    assert shipped_table(MNIST) == made / "m_a03.npz"
    assert shipped_table(replace(MNIST, alpha=0.1)) == made / "m_a01.npz"
    assert shipped_table(TaskSource(seed=4)) == made / "digits.npz"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (replace(MNIST, clients=20), r"the nearest, m_a03, has task\.clients = 40 \(here 20\): take it by --set task="),
        (replace(MNIST, seed=1, alpha=0.1), r"the nearest, m_a01, has task\.seed = 0 \(here 1\)"),
        (
            TaskSource("mnist5k"),
            r"m_a01, has task\.partition = 'dirichlet' \(here 'natural'\), task\.clients = 40 \(he",
        ),
        (TaskSource("flights"), r"the nearest, digits, has task\.data = 'digits' \(here 'flights'\)"),
        (TaskSource(model="cnn"), r"task\.model = 'mlp' \(here 'cnn'\).*\(shipped: digits, m_a01, m_a03\)"),
    ],
)
def test_another_task_is_told_the_nearest_table(made: Path, source: TaskSource, message: str) -> None:  # noqa: ARG001
    with pytest.raises(FloptError, match=message):
        shipped_table(source)


def test_without_tables_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flopt.oracles.shipped.TABLES", tmp_path)
    with pytest.raises(FloptError, match="no tables are shipped here; make one with flopt record"):
        shipped_table(TaskSource())


def test_a_task_can_be_named(made: Path) -> None:  # noqa: ARG001
    study = load_study(None, ["task=m_a01", "seed=9"])
    assert study.source() == replace(MNIST, alpha=0.1, seed=0)
    assert study_of({"task": "m_a03"}).source() == MNIST
    assert with_named_task({"task": DIGITS}) == {"task": DIGITS}
    with pytest.raises(FloptError, match=r"command line: no task 'm_a02'; did you mean 'm_a0"):
        load_study(None, ["task=m_a02"])


def test_a_named_task_is_searched_without_its_data(made: Path, command: Command) -> None:  # noqa: ARG001
    options = ("--set", "task=m_a03", "--set", "oracle=recorded", "--set", "space=quick", "--set", "seed=3")
    code, out, err = command("tune", *options, "--set", "budget.runs=8", "--workers", "1", "--out", "s")
    assert (code, "8 runs" in out) == (0, True), err
    assert json.loads(command("front", "s", "--json")[1])


def test_a_task_that_cannot_be_looked_up_is_said_before_its_data_are_missed(made: Path, command: Command) -> None:  # noqa: ARG001
    code, _, err = command("tune", "--set", "task.data=mnist5k", "--set", "oracle=recorded")
    assert (code, err.count("\n")) == (2, 1)
    assert "take it by --set task=m_a01" in err


def test_what_is_listed_selects_its_table(made: Path, command: Command) -> None:
    entries = json.loads(command("list", "tables", "--json")[1])
    assert [entry["name"] for entry in entries] == ["digits", "m_a01", "m_a03"]
    for entry in entries:
        assert (entry["plans"], entry["seeds"], entry["rounds"]) == (8, 1, 30)
        settings = entry["select"].replace("--set ", "").split()
        assert shipped_table(load_study(None, settings).source()) == made / f"{entry['name']}.npz"
        assert facts(TaskSource(**entry["task"])).name.startswith(entry["task"]["data"])
