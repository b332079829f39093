"""The formats and the folder that they make."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from run_files import ROWS, STUDY, put

from flopt.results import open_results

Command = Callable[..., tuple[int, str, str]]


def test_a_table_becomes_a_folder_that_reads_like_any_other(tmp_path: Path, command: Command) -> None:
    study, table = put(tmp_path, s_toml=STUDY, r_csv=ROWS)
    out = tmp_path / "out"
    line = ("import", str(out), table, "--from", "csv", "--study", study)
    code, _, err = command(*line)
    assert (code, "run 'a': missing columns: clients, samples" in err, out.exists()) == (2, True, False)
    code, told, err = command(*line, "--predict-counts", "--json")
    assert code == 0
    assert json.loads(told)["left_out"] == {"c": "round 1 is missing, or stands out of order"}
    results = open_results(out)
    assert [plan.local_epochs for plan in results.plans] == [2, 2]
    assert [point.values["accuracy"] for point in results.front().points][-1] == 0.5
    assert command("reprice", str(out), "--country", "FRA")[0] == 0
    assert command(*line, "--predict-counts")[0] == 2  # the folder holds a study
