"""The formats and the folder that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Command = Callable[..., tuple[int, str, str]]
STUDY = "[plan]\nlocal_epochs = 2\nclient_fraction = 0.5\n"
ROWS = "run,round,accuracy\na,1,0.3\na,2,0.5\nb,1,0.4\nc,2,0.4\n"
EMISSIONS = "project_name,run_id,duration,emissions,energy_consumed\na,x,60,0.002,0.005\nz,y,60,0.1,0.2\n"


def put(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return [str(folder / name.replace("_", ".")) for name in files]


def test_what_nothing_says_is_refused(tmp_path: Path, command: Command) -> None:
    study, table = put(tmp_path, s_toml="", r_csv=ROWS)
    line = ("import", str(tmp_path / "out"), table, "--from", "csv", "--predict-counts")
    assert "give --study FILE" in command(*line)[2]
    code, _, err = command(*line, "--study", study)
    assert (code, "nothing says local_epochs" in err) == (2, True)
    assert "did you mean 'csv'" in command(*line[:4], "cvs", "--study", study)[2]
