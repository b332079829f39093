"""A table of curves: valid at birth, and the same after a file."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from flopt.errors import FloptError
from flopt.oracles.table import CURVES, Table, differing, load_table, read_head, save_table
from flopt.plan import Plan
from flopt.task import TaskSource

PLANS = (Plan(rounds=3), Plan(rounds=3, local_epochs=5))


def table(plans: tuple[Plan, ...] = PLANS, *, seeds: int = 2) -> Table:
    values = np.linspace(0, 1, len(plans) * seeds * 3, dtype=np.float32).reshape(len(plans), seeds, 3)
    return Table({"data": "digits"}, plans, tuple(range(seeds)), {name: values.copy() for name in CURVES})


def test_a_file_reads_back_as_the_same_table(tmp_path: Path) -> None:
    before = table()
    before.curves["loss"].setflags(write=True)
    before.curves["loss"][1, 1, 2] = np.nan
    save_table(before, tmp_path / "t.npz")
    after = load_table(tmp_path / "t.npz")
    assert (after.task, after.plans, after.seeds, after.rounds) == (before.task, before.plans, before.seeds, 3)
    assert all(np.array_equal(after.curves[name], before.curves[name], equal_nan=True) for name in CURVES)
    assert [file.name for file in tmp_path.iterdir()] == ["t.npz"]


@pytest.mark.parametrize(
    ("plans", "message"),
    [
        ((), "table: 0 plans, 2 seeds; at least one of each"),
        ((Plan(rounds=3), Plan(rounds=4)), "table: all plans must have the same rounds"),
        ((Plan(rounds=3, schedule="cosine"),), "none may depend on how many they are"),
        ((Plan(rounds=5),), r"table: no curves 'accuracy' of shape \(1, 2, 5\)"),
    ],
)
def test_bad_tables_are_refused(plans: tuple[Plan, ...], message: str) -> None:
    with pytest.raises(FloptError, match=message):
        table(plans)


@pytest.mark.parametrize("content", [b"", b"PK nothing"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.npz").write_bytes(content)
    with pytest.raises(FloptError, match=r"t\.npz: not a table of `flopt record`"):
        load_table(tmp_path / "t.npz")
    with pytest.raises(FloptError, match=r"no file .*absent\.npz"):
        load_table(tmp_path / "absent.npz")


def test_another_npz_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", X=np.ones(3))
    with pytest.raises(FloptError, match="not a table of `flopt record`"):
        load_table(tmp_path / "t.npz")


def test_the_head_says_what_the_table_is_of(tmp_path: Path) -> None:
    save_table(table(), tmp_path / "t.npz")
    head = read_head(tmp_path / "t.npz")
    assert (head["task"], head["seeds"]) == ({"data": "digits"}, [0, 1])
    assert tuple(map(Plan.of, head["plans"])) == PLANS


def test_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flopt.oracles.table.FORMAT", "flopt curves 9")
    save_table(table(), tmp_path / "t.npz")
    monkeypatch.undo()
    with pytest.raises(FloptError, match="written as 'flopt curves 9'; this flopt reads 'flopt curves 1'"):
        load_table(tmp_path / "t.npz")


def test_a_task_differs_by_its_keys() -> None:
    source = TaskSource("mnist5k", "dirichlet", clients=40, alpha=0.3)
    assert differing(asdict(source), source) == []
    assert differing(asdict(source), replace(source, device="cuda")) == []
    assert differing(asdict(source), replace(source, alpha=0.1, clients=20, seed=1)) == ["clients", "alpha", "seed"]
    assert differing(asdict(TaskSource()), TaskSource(seed=1)) == []
    assert differing(asdict(TaskSource()), TaskSource(seed=1, split="client")) == ["split", "seed"]
