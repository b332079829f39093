"""The commands as a stranger meets them: help, version, exit codes, and what is imported when."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from flopt.cli.commands.pricing import Kind
from flopt.cli.listing import _KINDS
from flopt.version import __version__

Command = Callable[..., tuple[int, str, str]]

# Runs a command line and prints, as the last line of stdout, which packages it imported.
WATCHED = """
import json, sys
from flopt.cli import main
sys.argv = ["flopt", *sys.argv[1:]]
try:
    main()
finally:
    print()
    print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def imported(*arguments: str, cwd: Path) -> set[str]:
    line = [sys.executable, "-c", WATCHED, *arguments]
    done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("tune", "--help"), ("estimate", "--help"), ("init", "s.toml")],
    ids=" ".join,
)
def test_help_imports_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    heavy = {"numpy", "scipy", "torch", "optuna", "sklearn", "matplotlib"}
    assert not imported(*arguments, cwd=tmp_path) & heavy


@pytest.mark.parametrize(
    "arguments",
    [("estimate",), ("estimate", "--json", "--fleet", "jetson_lab", "--country", "FRA"), ("list", "objectives")],
    ids=" ".join,
)
def test_an_estimate_needs_neither_torch_nor_optuna(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert not imported(*arguments, cwd=tmp_path) & {"torch", "optuna", "sklearn", "matplotlib"}


def test_a_front_needs_no_torch(analytic_study: Path, tmp_path: Path) -> None:
    assert not imported("front", str(analytic_study), cwd=tmp_path) & {"torch", "sklearn"}


def test_without_a_command_the_help_is_printed_once(command: Command) -> None:
    code, out, err = command()
    assert (code, err) == (0, "")
    assert out.count("Usage:") == 1
    assert command("--help") == (0, out, "")
    for name in ("init", "tune", "front", "recommend", "estimate", "list"):
        assert name in out


@pytest.mark.parametrize("name", ["init", "tune", "front", "recommend", "estimate", "list"])
def test_every_command_has_help(command: Command, name: str) -> None:
    code, out, err = command(name, "--help")
    assert (code, err) == (0, "")
    assert f"flopt {name}" in out


def test_the_version(command: Command) -> None:
    assert command("--version") == (0, f"{__version__}\n", "")
    assert command("--version", "list", "oracles") == (0, f"{__version__}\n", "")


def test_the_kinds_that_are_offered_are_those_that_are_listed() -> None:
    assert set(get_args(Kind)) == set(_KINDS)


def test_python_m_flopt_is_the_command(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "flopt"]
    done = subprocess.run([*line, "list", "oracles"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("name ")
    done = subprocess.run([*line, "front", "nowhere"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "flopt: nowhere is not a study folder: it has no journal.log\n"


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    line = f"{sys.executable} -m flopt list countries --json | head -1"
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[\n", "")


def test_ctrl_c_anywhere_is_130_without_a_traceback(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flopt.cli.listing.print_list", interrupted)
    code, out, err = command("list", "oracles")
    assert (code, out) == (130, "")
    assert err in ("", "flopt: interrupted\n")
