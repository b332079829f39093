"""The formats and the folder that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from run_files import ROWS, STUDY, put

from flopt.flower.ledger import Ledger
from flopt.results import open_results

Command = Callable[..., tuple[int, str, str]]


def test_what_nothing_says_is_refused(tmp_path: Path, command: Command) -> None:
    study, table = put(tmp_path, s_toml="", r_csv=ROWS)
    line = ("import", str(tmp_path / "out"), table, "--from", "csv", "--predict-counts")
    assert "give --study FILE" in command(*line)[2]
    code, _, err = command(*line, "--study", study)
    assert (code, "nothing says local_epochs" in err) == (2, True)
    assert "did you mean 'csv'" in command(*line[:4], "cvs", "--study", study)[2]


def test_a_meters_ledger_becomes_a_run_with_its_own_counts_and_a_partly_metered_one_has_none(
    tmp_path: Path, command: Command
) -> None:
    reply = {"wall_s": 1.0, "cpu_s": 1.0, "download_bytes": 19240, "upload_bytes": 19240, "samples": 300}
    reply |= {"energy_j": 3.0, "co2e_g": 1.0, "warm_up": False}
    for name, came in (("whole", 7), ("partly", 9)):
        ledger = Ledger(tmp_path / f"{name}.jsonl")
        for number in (1, 2):
            ledger.add(number, "train", [reply] * 7, came, 0.0)
            ledger.add_metrics(number, "evaluate", {"accuracy": number / 4})
    (study,) = put(tmp_path, s_toml=STUDY)

    def line(name: str, *more: str) -> tuple[int, str, str]:
        return command(
            "import", tmp_path / name, tmp_path / f"{name}.jsonl", "--from", "flower", "--study", study, *more
        )

    assert line("whole")[0] == 0
    (trace,) = open_results(tmp_path / "whole").traces
    assert trace is not None
    assert trace.accuracy.tolist() == [0.25, 0.5]
    assert trace.columns["clients"].tolist() == [7, 7]
    assert trace.columns["upload_bytes"].tolist() == [7 * 19240] * 2
    code, _, err = line("partly")
    assert (code, "missing columns: clients, samples, download_bytes, upload_bytes" in err) == (2, True)
    assert line("partly", "--predict-counts")[0] == 0
    code, _, err = line("whole", "--set", "plan.rounds=3")
    assert (code, "left out: it was cut off after 2 of 3 rounds" in err) == (1, True)
