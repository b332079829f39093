"""Export: a plan and a front in the formats of others, read back."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.reading.export import PLAN_FORMATS, find_point, flower_config, latex_table, plan_text, write_parquet
from flopt.reading.table import front_rows
from flopt.results import Results


def test_points_are_found_by_their_names(five_runs: Results) -> None:
    front = five_runs.front()
    assert find_point(front, "0@1") is front.points[0]
    assert find_point(front, "0") is front.points[2]  # its last one
    with pytest.raises(FloptError, match="--run 0@3: not on the front; there are 0@1, 0@2"):
        find_point(front, "0@3")
    with pytest.raises(FloptError, match="not on the front; there are 0@1, 1@1, 0@2, 1@2"):
        find_point(front, "9")
    with pytest.raises(FloptError, match="write RUN@ROUND or RUN"):
        find_point(front, "<script>")


@pytest.mark.parametrize("kind", PLAN_FORMATS)
def test_every_format_says_the_same_plan(five_runs: Results, kind: str) -> None:
    point = five_runs.front().points[3]
    text = plan_text(point, front_rows(five_runs.front(), five_runs.problem)[3], kind)
    if kind == "toml":
        assert Plan.of(tomllib.loads(text)["plan"]) == point.run.plan
    if kind == "json":
        assert Plan.of(json.loads(text)["plan"]) == point.run.plan
        assert json.loads(text)["run"] == 1
    if kind == "flower":
        config = tomllib.loads(text)["tool"]["flwr"]["app"]["config"]
        assert config == {
            "num-server-rounds": 2,
            "local-epochs": 4,
            "fraction-train": 0.2,
            "batch-size": 10,
            "learning-rate": 0.05,
        }
    if kind == "csv":
        (row,) = csv.DictReader(io.StringIO(text))
        assert (row["run"], row["round"], row["local_epochs"]) == ("1", "2", "4")
    if kind == "latex":
        assert r"local\_epochs & 4 \\" in text


def test_what_flower_has_no_key_for_is_said_beside_it(five_runs: Results) -> None:
    assert "uplink" not in flower_config(Plan.of({"uplink": "quantize:4"}))
    point = five_runs.front().points[0]
    assert plan_text(point, {}, "flower").startswith("# flopt: run 0, stopped after round 1; accuracy 0.4, ")


def test_the_front_as_a_latex_table(five_runs: Results) -> None:
    lines = latex_table(five_runs.front()).splitlines()
    assert lines[1] == r"\begin{tabular}{lrrrrrl}"
    assert [line for line in lines if line.endswith(r" \\")][1].startswith(r"0@1 & 0.4000 & 42.2 \textmu{}g & 1 & ")
    assert len(lines) == 4 + 1 + 4 + 2


def test_parquet_reads_back(five_runs: Results, tmp_path: Path, needs_module: Callable[[str], None]) -> None:
    needs_module("pyarrow")
    import pyarrow.parquet

    rows = front_rows(five_runs.front(), five_runs.problem)
    write_parquet(rows, tmp_path / "front.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "front.parquet").to_pylist() == rows
