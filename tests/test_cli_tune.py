"""`flopt tune`: the same front for any number of workers, in one go or in several, and after Ctrl-C."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]

ANALYTIC = ("--set", "oracle=analytic", "--set", "space=quick")

# Slow enough to be interrupted in the middle; without the file `slow` it is quick, and just as good.
SLOW = """
import time
from pathlib import Path
from flopt import Round

def rounds(plan, participation, seed):
    for index, clients in enumerate(participation.selected):
        if Path(__file__).with_name("slow").exists():
            time.sleep(0.05)
        accuracy = 1 - 0.9 * 0.8 ** (index * plan.local_epochs * plan.client_fraction)
        yield Round(accuracy, 1.0, clients=len(clients), samples=10, download_bytes=5, upload_bytes=5)
"""
INTERRUPTED = """
import os
import signal
from pathlib import Path
from flopt import Round

CALLS = Path(__file__).with_name("calls")
DRIVER = int(Path(__file__).with_name("driver").read_text())

def rounds(plan, participation, seed):
    CALLS.write_text(CALLS.read_text() + "x" if CALLS.exists() else "x")
    if len(CALLS.read_text()) == 3:
        os.kill(DRIVER, signal.SIGINT)
    for clients in participation.selected:
        yield Round(0.5, 1.0, clients=len(clients), samples=10, download_bytes=5, upload_bytes=5)
"""


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "front.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_it_prints_the_front_and_writes_the_folder(command: Command, tmp_path: Path) -> None:
    code, out, err = command("tune", *ANALYTIC, "--set", "budget.runs=8", "--workers", 1, "--out", "my study")
    assert (code, err) == (0, "")
    head, *lines = out.splitlines()
    assert head.split()[:2] == ["run@round", "accuracy"]
    found = rows(tmp_path / "my study")
    assert [line.split()[0] for line in lines[: len(found)]] == [f"{row['run']}@{row['round']}" for row in found]
    assert "8 runs, " in out
    assert "; budget.runs is spent\n" in out
    assert "the search itself emitted about " in out
    assert out.endswith("written: my study/front.csv, front.png, front.svg, report.html\n")
    assert {"study.toml", "journal.log", "front.csv", "front.png", "front.svg", "report.html"} <= {
        file.name for file in (tmp_path / "my study").iterdir()
    }


def test_one_and_two_workers_find_the_same_and_a_second_call_trains_nothing(command: Command, tmp_path: Path) -> None:
    line = ("tune", *ANALYTIC, "--set", "budget.runs=8")
    assert command(*line, "--workers", 1, "--out", "one")[0] == 0
    assert command(*line, "--workers", 2, "--out", "two")[0] == 0
    one, two = tmp_path / "one", tmp_path / "two"
    assert (one / "front.csv").read_bytes() == (two / "front.csv").read_bytes()
    journal = (two / "journal.log").read_bytes()
    code, out, err = command(*line, "--workers", 2, "--out", "two")
    assert (code, err) == (0, "")
    assert "8 runs, " in out
    assert (two / "journal.log").read_bytes() == journal
    assert (one / "front.csv").read_bytes() == (two / "front.csv").read_bytes()


def test_the_folder_is_named_after_the_study_file(command: Command, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "mine.toml").write_text(
        'oracle = "analytic"\nworkers = 1\n[budget]\nruns = 2\n', encoding="utf-8"
    )
    assert command("tune", "files/mine.toml")[0] == 0
    assert rows(tmp_path / "studies" / "mine")
    assert command("tune", *ANALYTIC, "--set", "budget.runs=2", "--workers", 1)[0] == 0
    assert rows(tmp_path / "studies" / "default")


def test_the_study_in_the_folder_runs_the_same_study_from_anywhere(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "space.toml").write_text("[rounds]\nlow = 2\nhigh = 5\n", encoding="utf-8")
    line = ("--set", "space=space.toml", "--set", "oracle=analytic", "--set", "budget.runs=3", "--workers", 1)
    assert command("tune", *line, "--out", "s")[0] == 0
    journal = (tmp_path / "s" / "journal.log").read_bytes()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert command("tune", "../s/study.toml", "--out", "../s")[0] == 0
    assert (tmp_path / "s" / "journal.log").read_bytes() == journal


def test_a_user_s_objective_is_searched(command: Command, tmp_path: Path) -> None:
    (tmp_path / "my objectives.py").write_text(
        "from flopt import objective\n"
        "@objective(direction='minimize', unit='L')\n"
        "def water(run):\n    return 1.8 * run.energy_kwh\n",
        encoding="utf-8",
    )
    goals = ("--objective", "accuracy", "--objective", "my objectives.py:water")
    code, out, err = command("tune", *ANALYTIC, *goals, "--set", "budget.runs=4", "--workers", 2, "--out", "s")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split()[:3] == ["run@round", "accuracy", "water"]
    for row in rows(tmp_path / "s"):
        assert float(row["water_L"]) == pytest.approx(1.8 * float(row["expected_energy_kwh"]), rel=1e-15)


def test_a_budget_that_depends_on_the_machine_is_said(command: Command) -> None:
    line = ("tune", *ANALYTIC, "--set", "budget.runs=2", "--workers", 1, "--out", "s")
    code, _, err = command(*line, "--set", "budget.minutes=60")
    assert code == 0
    assert err == "flopt: a budget in minutes or kg depends on this machine's speed, so the front does too\n"


def test_ctrl_c_finishes_the_run_in_progress_and_keeps_what_is_done(command: Command, tmp_path: Path) -> None:
    (tmp_path / "oracle.py").write_text(INTERRUPTED, encoding="utf-8")
    (tmp_path / "driver").write_text(str(os.getpid()), encoding="utf-8")
    line = ("tune", "--set", "space=quick", "--set", "oracle=oracle.py", "--set", "budget.runs=4", "--workers", 1)
    code, out, _ = command(*line, "--out", "s")
    assert code == 130
    assert "interrupted; the same command goes on from here" in out
    assert rows(tmp_path / "s")
    code, out, _ = command(*line, "--out", "s")
    assert code == 0
    assert "4 runs, " in out
    assert (tmp_path / "calls").read_text(encoding="utf-8") == "x" * 4  # no run was begun twice


@pytest.mark.slow
def test_ctrl_c_in_a_terminal_finishes_the_runs_in_progress(command: Command, tmp_path: Path) -> None:
    (tmp_path / "oracle.py").write_text(SLOW, encoding="utf-8")
    (tmp_path / "space.toml").write_text(
        "[rounds]\nlow = 4\nhigh = 12\n[local_epochs]\nlow = 1\nhigh = 5\n[client_fraction]\nlow = 0.1\nhigh = 1.0\n",
        encoding="utf-8",
    )
    (tmp_path / "slow").touch()
    line = ["tune", "--set", "oracle=oracle.py", "--set", "space=space.toml", "--set", "budget.runs=12"]
    with subprocess.Popen(
        [sys.executable, "-m", "flopt", *line, "--workers", "2", "--out", "interrupted"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # as a terminal does: the signal goes to the workers too
    ) as process:
        until_runs(tmp_path / "interrupted" / "journal.log", 3, process)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "interrupted; the same command goes on from here" in out
    (said,) = re.findall(r"^(\d+) runs, ", out, flags=re.MULTILINE)
    assert 3 <= int(said) < 12
    assert rows(tmp_path / "interrupted")

    (tmp_path / "slow").unlink()
    for folder in ("interrupted", "at once"):
        code, _, err = command(*line, "--workers", 1, "--out", folder)
        assert (code, err) == (0, "")
    assert rows(tmp_path / "interrupted") == rows(tmp_path / "at once")


def until_runs(journal: Path, runs: int, process: subprocess.Popen[str]) -> None:
    """Wait until the journal holds the traces of so many runs."""
    deadline = time.monotonic() + 60
    while not journal.exists() or journal.read_bytes().count(b'"trace"') < runs:
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < deadline, "it does not get on"
        time.sleep(0.02)


def test_trainings_that_diverge_are_failed_runs_and_the_search_goes_on(command: Command, tmp_path: Path) -> None:
    space = "[client_lr]\nchoices = [0.05, 1e30]\n[rounds]\nlow = 2\nhigh = 3\n"
    (tmp_path / "wild.toml").write_text(space, encoding="utf-8")
    settings = ("oracle=simulated", "space=wild.toml", "sampler=random", "budget.runs=8")
    code, out, err = command("tune", *(part for each in settings for part in ("--set", each)), "--out", "study")
    assert code == 0, err
    wild = {line.split()[2] for line in err.splitlines() if "the training diverged in round 1" in line}
    assert 0 < len(wild) < 8
    assert f"8 runs, {len(wild)} failed" in out
    found = rows(tmp_path / "study")
    assert found
    assert not wild & {row["run"] for row in found}
