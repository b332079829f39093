"""`flopt runs`: every run, and what a bad one cost; the study around it goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tomlkit
from bad_runs import bad_study, check_bad_runs

from flopt.cli.runs import run_rows
from flopt.search.stores.storage import JOURNAL

Command = Callable[..., tuple[int, str, str]]


def test_every_run_with_its_end_and_what_it_took(analytic_study: Path, command: Command) -> None:
    code, table, errors = command("runs", analytic_study)
    assert (code, errors) == (0, "")
    lines = table.splitlines()
    assert lines[0].split() == ["run", "status", "rounds", "attempts", "CPU", "wasted", "CO2e", "where", "reason"]
    assert "16 runs: 16 ok" in lines
    assert "estimated" in lines[-1]
    code, text, _ = command("runs", analytic_study, "--json")
    rows = json.loads(text)
    assert [row["run"] for row in rows] == list(range(16))
    for row in rows:
        assert row["rounds"] == row["planned_rounds"]
        assert row["energy_kwh"] == pytest.approx(row["cpu_s"] * 15 / 3.6e6)  # 15 W
        assert row["co2e_kg"] == pytest.approx(row["energy_kwh"] * 0.34414, rel=1e-4)  # Germany's grid


def test_a_run_that_is_not_done_is_open_and_where_there_is_none_it_says_so(
    analytic_study: Path, tmp_path: Path, command: Command
) -> None:
    folder = tmp_path / "cut"
    shutil.copytree(analytic_study, folder)
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if b'"trace"' in line)
    (folder / JOURNAL).write_bytes(b"".join(lines[:first]))
    assert {(row.status, row.rounds, row.cpu_s) for row in run_rows(folder)} == {("open", 0, None)}
    assert command("runs", folder)[0] == 0
    added = next(n for n, line in enumerate(lines) if b'"plan"' in line)
    (folder / JOURNAL).write_bytes(b"".join(lines[:added]))
    assert command("runs", folder) == (1, "", f"flopt: {folder}: no run yet\n")
    assert command("runs", tmp_path / "nowhere")[0] == 2


@pytest.mark.slow
def test_runs_that_hang_eat_memory_exit_raise_and_give_garbage_fail_alone(tmp_path: Path, command: Command) -> None:
    (tmp_path / "study.toml").write_text(tomlkit.dumps(bad_study(tmp_path)), encoding="utf-8")
    code, said, _ = command("tune", "study.toml", "--out", "out")
    assert code == 0
    assert "6 runs, 5 failed, " in said
    check_bad_runs(tmp_path / "out")
    _, table, _ = command("runs", "out")
    assert "6 runs: 5 failed, 1 ok" in table
    assert "its worker process ended with exit code 9 (2 attempts)" in table
