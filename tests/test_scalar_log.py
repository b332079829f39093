"""The formats and the folder that they make."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_files import put

from flopt.errors import FloptError
from flopt.importing.scalar_log import read_scalars


def test_scalars_of_a_csv_download(tmp_path: Path) -> None:
    (file,) = put(tmp_path, log_csv="Wall time,Step,Value\n1.0,0,0.25\n2.0,1,0.5\n")
    assert [(r.number, r.accuracy) for r in read_scalars(Path(file), "accuracy")[0].rounds] == [(1, 0.25), (2, 0.5)]
    (bad,) = put(tmp_path, bad_csv="Step,Value\n1,x\n")
    with pytest.raises(FloptError, match="line 2, column Value"):
        read_scalars(Path(bad), "accuracy")


def test_event_files_need_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = put(tmp_path, events_out="")
    monkeypatch.setattr("flopt.importing.scalar_log.find_spec", lambda _: None)
    with pytest.raises(FloptError, match="pip install tensorboard"):
        read_scalars(Path(file), "accuracy")
