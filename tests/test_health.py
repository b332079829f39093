"""The doctor: everything that a crash leaves is mended, and what is lost is said."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.health import mend
from flopt.results import open_results
from flopt.search.samplers import propose
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.space import IntAxis, Space

PROPOSAL = propose("random", Space("mine", {"rounds": IntAxis(1, 9)}), ["maximize", "minimize"], [], [False, False], 0)


@pytest.fixture
def folder(analytic_study: Path, tmp_path: Path) -> Path:
    """A finished study of sixteen runs."""
    return Path(shutil.copytree(analytic_study, tmp_path / "study"))


def lines(folder: Path) -> list[bytes]:
    return (folder / JOURNAL).read_bytes().splitlines(keepends=True)


def test_a_healthy_study_is_left_as_it_is(folder: Path) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    health = mend(folder)
    assert (health.runs, health.finished, health.repaired, health.damaged) == (16, 16, (), ())
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_what_a_kill_leaves_is_mended_at_once(folder: Path) -> None:
    with Journal.reopen(folder) as journal:
        journal.add(PROPOSAL, journal.trials()[0].user_attrs | {"trace": None})  # run 16 is in progress
    with (folder / JOURNAL).open("ab") as file:
        file.write(b'{"op_code":8,"half')
    lock = folder / f"{JOURNAL}.lock"
    lock.symlink_to(JOURNAL)
    os.utime(lock, (0, 0), follow_symlinks=False)
    (folder / "checkpoints").mkdir()
    for name in ("3.checkpoint", "16.checkpoint", "16.draft", "99.checkpoint"):
        (folder / "checkpoints" / name).write_text("x")
    health = mend(folder)
    assert (health.runs, health.finished, health.damaged) == (17, 16, ())
    assert health.repaired == (
        "removed a lock that another program had left",
        "cut off 18 bytes of a half-written line; what it told of is done again",
        "removed 3 checkpoints that no run goes on from",
    )
    assert [file.name for file in (folder / "checkpoints").iterdir()] == ["16.checkpoint"]
    assert mend(folder).repaired == ()


def test_an_older_format_is_brought_to_todays(folder: Path) -> None:
    (folder / JOURNAL).write_bytes(b"".join(line for line in lines(folder) if b'"format":' not in line))
    assert mend(folder).repaired == ("brought from format 1 to 2",)
    assert mend(folder).repaired == ()
    assert len(open_results(folder).plans) == 16


def newer(folder: Path) -> None:
    with Journal.reopen(folder) as journal:
        journal.study.set_user_attr("format", {"format": 9, "flopt": "7.1"})


def broken_in_the_middle(folder: Path) -> None:
    content = lines(folder)
    sixth = [number for number, line in enumerate(content) if b'"trace":' in line][5]
    (folder / JOURNAL).write_bytes(b"".join([*content[: sixth + 1], b'{"op_code":\n', *content[sixth + 2 :]]))


def without_header(folder: Path) -> None:
    (folder / JOURNAL).write_bytes(lines(folder)[0][:20])


def a_run_without_plan(folder: Path) -> None:
    with Journal.reopen(folder) as journal:
        journal.add(PROPOSAL, {})


def a_trace_that_is_none(folder: Path) -> None:
    with Journal.reopen(folder) as journal:
        journal.add(PROPOSAL, journal.trials()[0].user_attrs | {"trace": {"accuracy": [7]}})


def without_study_file(folder: Path) -> None:
    (folder / "study.toml").unlink()


@pytest.mark.parametrize(
    ("break_it", "said", "finished"),
    [
        (newer, "written by flopt 7.1 in format 9; this flopt", 16),
        (broken_in_the_middle, "before it are whole, with 6 finished runs; the rest is lost", 6),
        (without_header, "its header is cut off; no run can be read", 0),
        (a_run_without_plan, "run 16: it has no plan", 16),
        (a_trace_that_is_none, "run 16: trace: not one of flopt's", 16),
        (without_study_file, "study.toml; `flopt tune` with the study's file", 16),
    ],
)
def test_what_cannot_be_mended_is_said_with_what_is_kept(
    folder: Path, break_it: Callable[[Path], None], said: str, finished: int
) -> None:
    break_it(folder)
    health = mend(folder)
    assert len(health.damaged) == 1
    assert said in health.damaged[0]
    assert "\n" not in health.damaged[0]
    assert health.finished == finished


def test_a_study_in_use_is_left_alone(folder: Path) -> None:
    with Journal.reopen(folder), pytest.raises(FloptError, match="is in use by another flopt"):
        mend(folder)


def test_a_checkpoint_that_points_elsewhere_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "3.checkpoint").symlink_to(tmp_path / "mine.txt")
    mend(folder)
    assert (tmp_path / "mine.txt").read_text() == "x"
