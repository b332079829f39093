"""Checkpoints: one file for each run, outside of everybody's way once the run is stored."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flopt.search.checkpoints import Checkpoints


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
