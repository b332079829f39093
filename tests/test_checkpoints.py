"""Checkpoints: one file for each run, outside of everybody's way once the run is stored."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import tomlkit

from flopt import tune
from flopt.oracles.simulated import Simulated
from flopt.results import open_results
from flopt.search.executors.checkpoints import Checkpoints
from flopt.trace import Round


def test_a_run_has_a_file_wherever_its_worker_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoints(Path("study"), 2.5).of(7)
    assert checkpoint.file == tmp_path / "study" / "checkpoints" / "7.checkpoint"
    assert (checkpoint.folder, checkpoint.every_s) == (tmp_path / "study", 2.5)


def test_a_stored_run_leaves_nothing_and_the_others_stay(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, 0.0)
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name in ("1.checkpoint", "1.checkpoint.123.draft", "11.checkpoint"):
        (folder / name).touch()
    checkpoints.drop(1)
    assert os.listdir(folder) == ["11.checkpoint"]
    checkpoints.drop(11)
    assert not folder.exists()
    checkpoints.drop(12)


LONG = "[rounds]\nlow = 40\nhigh = 60\n\n[local_epochs]\nlow = 1\nhigh = 3\n"


@pytest.mark.slow
def test_kill_9_in_the_middle_of_a_long_run_goes_on_from_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "long.toml").write_text(LONG, encoding="utf-8")
    tables: dict[str, Any] = {
        "space": str(tmp_path / "long.toml"),
        "sampler": "random",
        "stopping": "none",
        "workers": 2,
        "budget": {"runs": 2},
        "run": {"checkpoint_s": 0.0},
        "task": {"model": "logreg"},
    }
    (tmp_path / "study.toml").write_text(tomlkit.dumps(tables), encoding="utf-8")
    killed, checkpoints = tmp_path / "killed", tmp_path / "killed" / "checkpoints"
    command = [sys.executable, "-m", "flopt", "tune", str(tmp_path / "study.toml"), "--out", str(killed)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not any(checkpoints.glob("*.checkpoint")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert not psutil.wait_procs(family, timeout=30)[1], "a worker outlived its driver"
    taken_up = []
    resume = Simulated.resume

    def spy(self: Simulated, *arguments: Any, **named: Any) -> Iterator[Round]:
        taken_up.append(arguments[3].is_file())
        return resume(self, *arguments, **named)

    monkeypatch.setattr(Simulated, "resume", spy)
    tune({**tables, "workers": 1}, out=killed)
    assert any(taken_up)
    assert not checkpoints.exists(), "what is stored needs no checkpoint"
    whole = tune({**tables, "workers": 2}, out=tmp_path / "whole")
    again = open_results(killed)
    assert [trace and trace.to_json() for trace in again.traces] == [
        trace and trace.to_json() for trace in whole.traces
    ]
    assert (killed / "front.csv").read_bytes() == (tmp_path / "whole" / "front.csv").read_bytes()
