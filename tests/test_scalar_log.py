"""The formats and the folder that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.importing.scalar_log import read_scalars

Command = Callable[..., tuple[int, str, str]]
STUDY = "[plan]\nlocal_epochs = 2\nclient_fraction = 0.5\n"
ROWS = "run,round,accuracy\na,1,0.3\na,2,0.5\nb,1,0.4\nc,2,0.4\n"
EMISSIONS = "project_name,run_id,duration,emissions,energy_consumed\na,x,60,0.002,0.005\nz,y,60,0.1,0.2\n"


def put(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return [str(folder / name.replace("_", ".")) for name in files]


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
