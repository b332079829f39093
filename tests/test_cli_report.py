"""`flopt report`: the page of a study, and one line where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]


def test_the_page_is_written_where_it_is_asked_for(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    code, out, _ = command("report", analytic_study, "-o", "mine.html")
    assert (code, out) == (0, "mine.html\n")
    assert "<!doctype html>" in (tmp_path / "mine.html").read_text(encoding="utf-8")[:20]


def test_tune_has_written_it_into_the_folder(analytic_study: Path) -> None:
    assert (analytic_study / "report.html").stat().st_size > 1e6


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("nowhere",), "nowhere"), (("STUDY", "-o", "report.txt"), "report report.txt: must end in .html or .htm")],
)
def test_misuse_is_one_line(command: Command, analytic_study: Path, arguments: tuple[str, ...], says: str) -> None:
    code, out, error = command("report", *(analytic_study if word == "STUDY" else word for word in arguments))
    assert (code, out) == (2, "")
    assert says in error
    assert len(error.splitlines()) == 1


def test_a_study_whose_limits_nothing_meets_has_a_page_that_says_so(
    command: Command, analytic_study: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "strict"
    shutil.copytree(analytic_study, folder)
    study = folder / "study.toml"
    limited = "[limits]\naccuracy = {at_least = 0.9999}\n"
    study.write_text(study.read_text(encoding="utf-8").replace("[limits]\n", limited), encoding="utf-8")
    code, _, error = command("report", folder)
    assert code == 1
    assert "no run has a point within the limits" in error
    assert "No run has a point within the limits." in (folder / "report.html").read_text(encoding="utf-8")


def test_an_objective_that_gives_nan_is_one_line(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    folder = tmp_path / "nan"
    shutil.copytree(analytic_study, folder)
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from flopt import objective\n\n"
        "@objective(direction='minimize', unit='kg')\n"
        "def odd(run):\n    return float('nan') if run.accuracy > 0 else 0.0\n"
    )
    study = folder / "study.toml"
    old = study.read_text(encoding="utf-8")
    study.write_text(old.replace('"co2e"]', f'"{mine}"]'), encoding="utf-8")
    code, _, error = command("report", folder)
    assert code == 2
    assert "objective 'odd'" in error
    assert len(error.splitlines()) == 1
