"""`flopt export`: files for others."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.plan import Plan
from flopt.results import open_results

Command = Callable[..., tuple[int, str, str]]


def test_the_front_as_csv_is_that_of_the_folder(command: Command, analytic_study: Path) -> None:
    code, out, err = command("export", analytic_study)
    assert (code, err) == (0, "")
    assert out == (analytic_study / "front.csv").read_text(encoding="utf-8")


def test_a_file_s_ending_chooses_the_format(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    point = open_results(analytic_study).front().points[0]
    name = f"{point.number}@{point.run.rounds}"
    assert command("export", analytic_study, "-o", "front.tex") == (0, "", "flopt: wrote front.tex\n")
    assert r"\toprule" in (tmp_path / "front.tex").read_text(encoding="utf-8")
    assert command("export", analytic_study, "--run", name, "-o", "plan.toml")[0] == 0
    plan = tomllib.loads((tmp_path / "plan.toml").read_text(encoding="utf-8"))["plan"]
    assert Plan.of(plan) == point.run.plan
    assert json.loads(command("export", analytic_study, "--run", name, "--format", "json")[1])["run"] == point.number


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "xml"), "no format 'xml'"),
        (("--format", "flower"), "not for the front; name one plan by --run ID, or write csv"),
        (("--run", "0", "--format", "parquet"), "not for one plan; write flower"),
        (("--run", "99999"), "--run 99999: not on the front; there are "),
        (("--format", "parquet"), "say where by --out FILE.parquet"),
        (("-o", "none/front.csv"), "No such file"),
    ],
)
def test_a_bad_option_is_one_line(command: Command, analytic_study: Path, words: tuple[str, ...], said: str) -> None:
    code, out, err = command("export", analytic_study, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
