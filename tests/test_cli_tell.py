"""`flopt tell`: what is told is kept, what cannot be is one line, and a program of its own drives the search."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import flopt
from flopt.results import open_results
from flopt.search.stores.storage import JOURNAL, Journal

Command = Callable[..., tuple[int, str, str]]
Tell = Callable[..., tuple[int, str, str]]

QUICK = tuple(f"--set={key}" for key in ("space=quick", "stopping=none", "lag=2", "budget.runs=3"))
ROUND = {"accuracy": 0.5, "loss": 1.2}

# What a program in another language does: it knows nothing of flopt but the two commands.
PROGRAM = """
import json, math, os, signal, subprocess, sys

flopt, folder, kill_at = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def call(*arguments, message=None):
    done = subprocess.run([*flopt, *arguments], input=message and json.dumps(message), capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)

while (run := call("ask", folder))["number"] is not None:
    rounds = []
    for clients in run["clients"]:
        accuracy = 1 - math.exp(-0.1 * run["plan"]["local_epochs"] * (len(rounds) + len(clients)))
        rounds.append({"accuracy": accuracy, "loss": -math.log(accuracy)})
    if run["number"] == 0:
        assert not call("tell", folder, "--partial", message={"number": 0, "rounds": rounds[:1]})["stop"]
    if run["number"] == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
    call("tell", folder, message={"number": run["number"], "rounds": rounds, "cpu_s": 0.5})
"""


@pytest.fixture
def tell(command: Command, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """`tell("mine", {...})` runs `flopt tell mine` with that message, or those bytes, on stdin."""

    def run(folder: str, message: Any, *options: str) -> tuple[int, str, str]:
        content = message if isinstance(message, bytes) else json.dumps(message).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return command("tell", folder, *options)

    return run


def test_what_is_told_is_kept_and_the_budget_ends(command: Command, tell: Tell, tmp_path: Path) -> None:
    for number in range(3):
        asked = json.loads(command("ask", "mine", *QUICK)[1])
        assert asked["number"] == number
        whole = number == 1
        code, out, err = tell("mine", {"number": number, "rounds": [ROUND] * (asked["rounds"] if whole else 1)})
        assert (code, err) == (0, "")
        assert json.loads(out) == {
            "number": number,
            "status": "ok" if whole else "stopped",
            "why": "" if whole else f"ended by its trainer after 1 of {asked['rounds']} rounds",
            "rounds": asked["rounds"] if whole else 1,
            "untold": [],
        }
    code, out, err = command("ask", "mine")
    assert (code, json.loads(out), err) == (1, {"number": None, "untold": [], "why": "budget.runs is spent"}, "")
    assert len(open_results(tmp_path / "mine").front()) > 0
    with Journal.read(tmp_path / "mine") as journal:
        assert [trial.state.name for trial in journal.trials()] == ["PRUNED", "COMPLETE", "PRUNED"]
    for reader in ("front", "recommend", "report", "plot", "compare"):
        assert command(reader, "mine")[0] == 0, reader
    assert "accuracy on validation data, as told by the program that trained" in command("front", "mine")[1]
    assert "(as told by the program that trained)" in command("compare", "mine")[1]


def test_a_failed_run_is_kept_with_its_reason(command: Command, tell: Tell, tmp_path: Path) -> None:
    command("ask", "mine", *QUICK)
    message = {"number": 0, "rounds": [ROUND], "status": "failed", "reason": "out of memory", "cpu_s": 3}
    assert json.loads(tell("mine", message)[1])["status"] == "failed"
    results = open_results(tmp_path / "mine")
    assert results.failed == {0: "round 2: out of memory"}
    assert results.cpu_s == (3.0,)


def test_partial_says_whether_to_stop_and_keeps_nothing(command: Command, tell: Tell, tmp_path: Path) -> None:
    rounds = json.loads(command("ask", "mine", *QUICK)[1])["rounds"]
    before = (tmp_path / "mine" / JOURNAL).read_bytes()
    for done in (0, 1, rounds):
        code, out, err = tell("mine", {"number": 0, "rounds": [ROUND] * done}, "--partial")
        assert (code, err) == (0, "")
        why = f"all {rounds} rounds are done" if done == rounds else ""
        assert json.loads(out) == {"number": 0, "stop": done == rounds, "why": why}
    assert (tmp_path / "mine" / JOURNAL).read_bytes() == before


WRONG: dict[str, tuple[Any, str]] = {
    "no JSON": (b"{", "stdin: not JSON"),
    "nothing": (b"", "stdin: not JSON"),
    "no text": (b"\xff\xfe", "stdin: not JSON"),
    "wrong field": ({"number": 1, "round": []}, "stdin: no key 'round'; did you mean 'rounds'?"),
    "wrong type": ({"number": 1, "rounds": [{**ROUND, "loss": "low"}]}, "rounds.0.loss = 'low': must be a number"),
    "NaN accuracy": (b'{"number": 1, "rounds": [{"accuracy": NaN, "loss": 1}]}', "run 1, round 1: round: acc"),
    "NaN loss": (b'{"number": 1, "rounds": [{"accuracy": 0.5, "loss": NaN}]}', "loss is NaN (the training diverged)"),
    "accuracy above 1": ({"number": 1, "rounds": [ROUND, {**ROUND, "accuracy": 1.01}]}, "run 1, round 2: "),
    "accuracy below 0": ({"number": 1, "rounds": [{**ROUND, "accuracy": -0.1}]}, "must be between 0 and 1"),
    "too many": ({"number": 1, "rounds": [ROUND] * 500}, "is one too many"),
    "no rounds": ({"number": 1}, "run 1: no round is reported"),
    "no reason": ({"number": 1, "status": "failed"}, "run 1: say in a few words why it failed"),
    "seconds": ({"number": 1, "rounds": [ROUND], "cpu_s": -1}, "cpu_s = -1.0: must be a number of seconds, at least 0"),
    "unknown": ({"number": 7, "rounds": [ROUND]}, "no run 7 is asked; asked and not told: 1"),
    "told twice": ({"number": 0, "rounds": [ROUND]}, "run 0 is told already"),
}  # fmt: skip


def test_what_cannot_be_is_one_line_and_nothing_is_lost(command: Command, tell: Tell, tmp_path: Path) -> None:
    command("ask", "mine", *QUICK)
    tell("mine", {"number": 0, "rounds": [ROUND]})
    command("ask", "mine")
    before = (tmp_path / "mine" / JOURNAL).read_bytes()
    for name, (message, line) in WRONG.items():
        code, out, err = tell("mine", message)
        assert (code, out) == (2, ""), name
        assert err.count("\n") == 1, name
        assert line in err, name
    assert (tmp_path / "mine" / JOURNAL).read_bytes() == before
    assert tell("mine", {"number": 1, "rounds": [ROUND]})[0] == 0


def test_a_folder_that_holds_no_study_is_left_alone(tell: Tell, tmp_path: Path) -> None:
    for folder in ("nowhere", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        code, _, err = tell(folder, {"number": 0, "rounds": [ROUND]})
        assert (code, err) == (2, f"flopt: {folder} is not a study folder: it has no journal.log\n")
    assert not list((tmp_path / "empty").iterdir())


def test_a_folder_in_use_is_said(tell: Tell, tmp_path: Path) -> None:
    with flopt.Search({"space": "quick"}, out=tmp_path / "mine") as search:
        search.ask()
        code, _, err = tell("mine", {"number": 0, "rounds": [ROUND]})
        assert (code, err) == (2, "flopt: mine is in use by another flopt\n")
    assert tell("mine", {"number": 0, "rounds": [ROUND]})[0] == 0


def start(folder: Path, kill_at: int) -> subprocess.CompletedProcess[str]:
    program = folder.parent / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    line = [sys.executable, str(program), json.dumps([sys.executable, "-m", "flopt"]), str(folder), str(kill_at)]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=folder.parent)


@pytest.mark.slow
def test_another_program_that_is_killed_between_ask_and_tell_loses_nothing(command: Command, tmp_path: Path) -> None:
    for name in ("whole", "killed"):
        assert command("ask", name, *QUICK, "--set", "budget.runs=4")[0] == 0
    assert start(tmp_path / "whole", -1).returncode == 0
    assert start(tmp_path / "killed", 2).returncode == -signal.SIGKILL
    assert len(open_results(tmp_path / "killed").plans) == 3
    done = start(tmp_path / "killed", -1)
    assert (done.returncode, done.stderr) == (0, "")
    whole, killed = open_results(tmp_path / "whole"), open_results(tmp_path / "killed")
    assert killed.plans == whole.plans
    assert len(killed.plans) == 4
    assert [trace and trace.to_json() for trace in killed.traces] == [
        trace and trace.to_json() for trace in whole.traces
    ]


@pytest.mark.slow
def test_programs_that_ask_at_the_same_time_get_runs_of_their_own(command: Command, tmp_path: Path) -> None:
    assert command("ask", "mine", *QUICK, "--set", "lag=4")[0] == 0
    line = [sys.executable, "-m", "flopt", "ask", "mine", "--another"]
    several = [subprocess.Popen(line, stdout=subprocess.PIPE, cwd=tmp_path, env={**os.environ}) for _ in range(2)]
    numbers = [json.loads(each.communicate()[0])["number"] for each in several]
    assert sorted(numbers) == [1, 2]
