"""`flopt plot`: a picture where it is asked for, one line where it cannot be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.cli.commands.showing import KINDS as NAMED
from flopt.figures import KINDS

Command = Callable[..., tuple[int, str, str]]


def test_a_picture_is_written(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    line = ("plot", analytic_study, "front", "-o", "my front.svg", "--theme", "dark", "--width", 8)
    assert command(*line, "--at-least", "accuracy=0.8") == (0, "", "flopt: wrote my front.svg\n")
    assert (tmp_path / "my front.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert command("plot", analytic_study, "history", "--with", analytic_study)[0] == 0
    assert (tmp_path / "history.png").stat().st_size > 3000


def test_the_help_names_every_kind() -> None:
    assert NAMED.split(", ") == list(KINDS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fronts",), "no kind of figure 'fronts'; did you mean 'front'?"),
        (("front", "-o", "x.jpg"), "must end in .png, .svg, .pdf"),
        (("parts", "--with", "."), "--with has no effect on it"),
        (("front", "--width", "1"), "width = 1 cm: must be between 4 and 60"),
        (("countries", "--country", "DEUX"), "DEUX"),
        (("front", "--objective", "acuracy"), "acuracy"),
    ],
)
def test_a_bad_option_is_one_line_and_writes_nothing(
    command: Command, analytic_study: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    code, out, err = command("plot", analytic_study, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not list(tmp_path.glob("*.*g"))


def test_a_study_without_a_point_is_exit_1(command: Command) -> None:
    impossible = ("--set", "limits.co2e.at_most=1e-30", "--set", "oracle=analytic", "--workers", 1)
    assert command("tune", *impossible, "--out", "empty")[0] == 1
    said = (1, "", "flopt: empty: no run has a point within the limits yet\n")
    assert command("plot", "empty", "front") == said
    assert command("export", "empty") == said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"plan"', '"settings"', "run 0 has no plan: not written by this version of flopt"),
        ('"columns":', '"pillars":', "trace: not one of flopt's (KeyError: 'columns')"),
    ],
)
def test_a_folder_of_another_version_is_one_line(
    command: Command, analytic_study: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    folder = tmp_path / "old"
    shutil.copytree(analytic_study, folder)
    journal = folder / "journal.log"
    journal.write_text(journal.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    code, out, err = command("plot", folder, "front")
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_an_objective_that_is_not_a_number_is_one_line(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    (tmp_path / "nan.py").write_text(
        "from flopt import objective\n@objective(direction='minimize', unit='')\n"
        "def broken(run):\n    return float('nan')\n",
        encoding="utf-8",
    )
    code, out, err = command("plot", analytic_study, "front", "--objective", "accuracy", "--objective", "nan.py")
    assert (code, out) == (2, "")
    assert "gave nan" in err
    assert err.count("\n") == 1
