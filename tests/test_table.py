"""The front as a table: a unit in every column's name, expected beside realised, written whole or not at all."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from flopt.catalogue import load_objective
from flopt.emissions.footprint import PARTS
from flopt.fronts import Front
from flopt.objectives import objective
from flopt.plan import PLAN_FIELDS, Plan
from flopt.reading.table import Row, column, front_rows, write_csv
from flopt.results import Results, open_results
from flopt.run import Run

UNITS = ("_kg", "_kwh", "_s", "_bytes")
LEARNED = {"accuracy", "accuracy_low", "accuracy_high", "test_accuracy", "realised_samples"}
SURE = {"seeds", "probability_non_dominated", "probability_under_coefficients"}
PLAIN = {"run", "round", *PLAN_FIELDS, *LEARNED, *SURE, "oracle", "network"}


@pytest.fixture(scope="module")
def results(analytic_study: Path) -> Results:
    return open_results(analytic_study)


@pytest.fixture(scope="module")
def front(results: Results) -> Front:
    return results.front()


@pytest.fixture(scope="module")
def rows(front: Front, results: Results) -> list[Row]:
    return front_rows(front, results.problem)


def test_an_objective_s_column_has_its_unit() -> None:
    assert column(load_objective("co2e")) == "co2e_kg"
    assert column(load_objective("accuracy")) == "accuracy"


def test_every_quantity_has_its_unit_in_its_name(rows: list[Row]) -> None:
    for name in set(rows[0]) - PLAIN:
        assert re.sub("_(low|high)$", "", name).endswith(UNITS), name
    assert set(rows[0]) >= PLAIN
    assert all(list(row) == list(rows[0]) for row in rows)


def test_rows_go_from_cheap_to_dear_and_get_better(rows: list[Row]) -> None:
    assert [float(row["co2e_kg"]) for row in rows] == sorted(float(row["co2e_kg"]) for row in rows)
    assert [float(row["accuracy"]) for row in rows] == sorted(float(row["accuracy"]) for row in rows)


def test_a_row_is_its_point(rows: list[Row], front: Front) -> None:
    for row, point in zip(rows, front.points, strict=True):
        run = point.run
        assert (row["run"], row["round"], row["rounds"]) == (point.number, run.rounds, run.rounds)
        assert Plan.of({name: row[name] for name in PLAN_FIELDS}) == run.plan
        assert (row["accuracy"], row["expected_co2e_kg"]) == (run.accuracy, run.co2e_kg)
        assert sum(float(row[f"co2e_{part}_kg"]) for part in PARTS) == pytest.approx(run.co2e_kg, rel=1e-12)
        assert row["test_accuracy"] == run.trace.columns["test_accuracy"][-1]
        assert row["oracle"] == "analytic"


def test_what_was_realised_stands_beside_what_was_expected(rows: list[Row], front: Front) -> None:
    for row, point in zip(rows, front.points, strict=True):
        assert row["realised_samples"] == point.run.trace.columns["samples"].sum()
        assert row["realised_upload_bytes"] == point.run.upload_bytes
        assert row["realised_download_bytes"] == point.run.download_bytes
        assert 0.2 < float(row["realised_co2e_kg"]) / float(row["expected_co2e_kg"]) < 5


def test_the_table_reads_back_exactly(rows: list[Row], front: Front, results: Results, tmp_path: Path) -> None:
    write_csv(front, results.problem, tmp_path / "front.csv")
    with (tmp_path / "front.csv").open(encoding="utf-8", newline="") as lines:
        read = list(csv.DictReader(lines))
    for found, row in zip(read, rows, strict=True):
        assert {name: type(row[name])(text) for name, text in found.items()} == row


def test_rows_are_plain_values(rows: list[Row]) -> None:
    assert {type(value) for row in rows for value in row.values()} <= {int, float, str}
    assert json.loads(json.dumps(rows)) == rows


def test_an_empty_front_has_a_header(results: Results, tmp_path: Path) -> None:
    write_csv(Front(results.problem.objectives, ()), results.problem, tmp_path / "front.csv")
    assert (tmp_path / "front.csv").read_text(encoding="utf-8") == "run,round\n"


def test_the_old_table_stays_until_the_new_one_is_whole(
    front: Front, results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "front.csv"
    file.write_text("old\n", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(csv.DictWriter, "writerows", full)
    with pytest.raises(OSError, match="No space"):
        write_csv(front, results.problem, file)
    assert file.read_text(encoding="utf-8") == "old\n"
    monkeypatch.undo()
    write_csv(front, results.problem, file)
    assert file.read_text(encoding="utf-8").startswith("run,round,")
    assert [path.name for path in tmp_path.iterdir()] == ["front.csv"]


def test_an_objective_of_the_user_s_own_has_a_column(results: Results) -> None:
    @objective(direction="maximize", unit="1/kg")
    def yield_(run: Run) -> float:
        return run.accuracy / run.co2e_kg

    front = Front((yield_,), ())
    assert column(yield_) == "yield__1/kg"
    assert front_rows(front, results.problem) == []
