"""The formats and the folder that they make."""

from __future__ import annotations

from collections.abc import Callable
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


def test_event_files_as_torch_and_nvflare_write_them(needs_module: Callable[[str], None], tmp_path: Path) -> None:
    needs_module("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path / "site-1") as writer:
        for number in range(3):
            writer.add_scalar("val_acc", (number + 1) / 4, number)
            writer.add_scalar("train_loss", 1.0, number)
    (file,) = (tmp_path / "site-1").iterdir()
    for place, name in ((tmp_path / "site-1", "site-1"), (file, file.stem)):
        (run,) = read_scalars(place, "val_acc")
        assert (run.name, [(each.number, each.accuracy) for each in run.rounds]) == (
            name,
            [(1, 0.25), (2, 0.5), (3, 0.75)],
        )
    with pytest.raises(FloptError, match=r"no scalar 'val_ac'; did you mean 'val_acc'"):
        read_scalars(file, "val_ac")
    (tmp_path / "empty.tfevents").write_bytes(b"")
    assert read_scalars(tmp_path / "empty.tfevents", "val_acc")[0].flaw() == "it has no round"
    with pytest.raises(FloptError, match="which has tfevents in its name"):
        read_scalars(Path(put(tmp_path, log_out="")[0]), "val_acc")
