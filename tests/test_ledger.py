from __future__ import annotations

import json
from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.flower.ledger import Ledger, ledger_trace, read_ledger


def row(co2e_g: float, *, warm_up: bool = False) -> dict[str, float | bool]:
    measured = {"wall_s": 1.0, "cpu_s": 1.0, "download_bytes": 10, "upload_bytes": 20, "samples": 5}
    return {**measured, "energy_j": 3.0, "co2e_g": co2e_g, "warm_up": warm_up}


def booked(file: Path | None = None) -> Ledger:
    ledger = Ledger(file)
    ledger.add(1, "train", [row(9, warm_up=True), row(1)], 2, 0.5)
    ledger.add_metrics(1, "evaluate", {"accuracy": 0.5, "loss": 0.7, "name": "x"})
    ledger.add(2, "train", [row(1), row(1)], 2, 0.5)
    return ledger


def test_warm_up_is_told_apart_and_not_expected_again() -> None:
    ledger = Ledger()
    ledger.add(1, "train", [row(9, warm_up=True), row(1)], 3, 0.5)
    assert ledger.entries[0]["warm_up"] == {"replies": 1, "energy_j": 3.0, "co2e_g": 9.0}
    assert ledger.total("co2e_g") == 10.5
    assert ledger.expected_g() == 2.5


def test_a_ledger_is_a_trace_and_a_round_without_a_score_keeps_the_last(tmp_path: Path) -> None:
    booked(tmp_path / "l.jsonl")
    trace = ledger_trace(tmp_path / "l.jsonl")
    assert trace.accuracy.tolist() == [0.5, 0.5]
    assert trace.loss.tolist() == [0.7, 0.7]
    assert trace.columns["upload_bytes"].tolist() == [40, 40]


@pytest.mark.parametrize(
    ("number", "rows", "came", "told"),
    [(4, 1, 1, "round 3 is missing"), (3, 1, 2, "round 3 had clients without the meter"), (3, 0, 1, "round 3 had")],
)
def test_what_is_not_the_whole_of_a_run_is_no_trace(
    tmp_path: Path, number: int, rows: int, came: int, told: str
) -> None:
    booked(tmp_path / "l.jsonl").add(number, "train", [row(1)] * rows, came, 0.5)
    with pytest.raises(FloptError, match=told):
        ledger_trace(tmp_path / "l.jsonl")


def test_a_torn_last_line_is_passed_over_and_any_other_named(tmp_path: Path) -> None:
    file = tmp_path / "l.jsonl"
    booked(file)
    text = file.read_text()
    file.write_text(text[:-20])
    assert len(read_ledger(file)) == 2
    file.write_text('{"a": 1}\n' + text)
    with pytest.raises(FloptError, match=r"line 1: no line of a flopt ledger \(flopt_ledger must be 1\)"):
        read_ledger(file)
    file.write_text(json.dumps({"flopt_ledger": 1, "round": 1, "phase": "train", "measured": {}, "estimated": {}}))
    with pytest.raises(FloptError, match=r"line 1: .*no wall_s, cpu_s"):
        read_ledger(file)


def test_a_metric_that_never_stands_is_named_with_those_that_do(tmp_path: Path) -> None:
    booked(tmp_path / "l.jsonl")
    with pytest.raises(FloptError, match=r"no metric 'f1'; it has accuracy, loss"):
        ledger_trace(tmp_path / "l.jsonl", "f1")


def test_another_trainings_ledger_is_not_written_over(tmp_path: Path) -> None:
    booked(tmp_path / "l.jsonl")
    with pytest.raises(FloptError, match="another training"):
        Ledger(tmp_path / "l.jsonl")


def test_an_empty_ledger_is_a_failed_run(tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text("")
    assert ledger_trace(tmp_path / "l.jsonl").status == "failed"
