"""The formats and the folder that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from run_files import ROWS, put

Command = Callable[..., tuple[int, str, str]]


def test_what_nothing_says_is_refused(tmp_path: Path, command: Command) -> None:
    study, table = put(tmp_path, s_toml="", r_csv=ROWS)
    line = ("import", str(tmp_path / "out"), table, "--from", "csv", "--predict-counts")
    assert "give --study FILE" in command(*line)[2]
    code, _, err = command(*line, "--study", study)
    assert (code, "nothing says local_epochs" in err) == (2, True)
    assert "did you mean 'csv'" in command(*line[:4], "cvs", "--study", study)[2]
