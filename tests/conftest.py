"""What all tests share: a missing real component skips a test, except with CI=true, where that is a failure."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

# One thread each, here and in every process that a test starts: set before torch is imported, which reads it once.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

with warnings.catch_warnings():  # typer 0.20 reads names that click 8.5 deprecates
    warnings.filterwarnings("ignore", message=".*Click 9", category=DeprecationWarning)
    from flopt.cli import main

if TYPE_CHECKING:
    from flopt.results import Results

FIVE_ACCURACIES = ((0.4, 0.6, 0.7), (0.5, 0.8), (0.3, 0.65), (0.2,))
"""Validation and test accuracy after each round of the first four runs of the hand-made study."""

# No deadline: a first call may import a heavy package. CI draws the same examples every time.
settings.register_profile("flopt", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("flopt")


@pytest.fixture(scope="session")
def needs_program() -> Callable[[str], str]:
    """`needs_program("chromium")` gives the program's path."""

    def find(name: str) -> str:
        path = shutil.which(name)
        return path if path else _missing(f"the program {name!r} is not installed (see `make system`)")

    return find


@pytest.fixture(scope="session")
def needs() -> Callable[[str], NoReturn]:
    """`needs("a git checkout")` where a test has found that its real component is missing."""
    return _missing


@pytest.fixture(scope="session")
def needs_module() -> Callable[[str], None]:
    """`needs_module("ray")` before importing a package that only an extra brings."""

    def check(name: str) -> None:
        if importlib.util.find_spec(name) is None:
            _missing(f"the Python package {name!r} is not installed (see the extras in pyproject.toml)")

    return check


@pytest.fixture
def without_network() -> Callable[[str], str]:
    """`without_network("print(1)")` runs Python in a network namespace with nothing but a loopback; gives stdout."""
    inside = ["unshare", "--net", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"], capture_output=True).returncode:
        _missing("network namespaces are not allowed here")
    loopback = "import fcntl, socket, struct\n"
    loopback += "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x41))\n"  # up and running

    def run(script: str) -> str:
        command = [*inside, sys.executable, "-c", loopback + script]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"with CI=true nothing may be skipped: {reason}")
    pytest.skip(reason)


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """`command("list", "oracles")` runs `flopt list oracles` here, in `tmp_path`; gives exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["flopt", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


@pytest.fixture(scope="session")
def analytic_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished study of the analytic oracle, sixteen whole runs. Copy it to change it."""
    from flopt import tune

    folder = tmp_path_factory.mktemp("studies") / "analytic"
    whole = {"sampler": "tpe", "stopping": "none", "replicates": 0}
    tune({"oracle": "analytic", "workers": 1, "budget": {"runs": 16}, **whole}, out=folder)
    return folder


@pytest.fixture(scope="session")
def five_runs() -> Results:
    """A study made by hand: runs 0 to 3 of three, two, two and one rounds, run 4 failed. See `FIVE_ACCURACIES`."""
    from flopt.plan import Plan
    from flopt.results import Results, problem_of
    from flopt.study import study_of
    from flopt.trace import Round, Trace

    study = study_of({"oracle": "analytic", "space": "quick"}).anchored(Path())
    settings: list[dict[str, float]] = [
        {"rounds": 3},
        {"rounds": 2, "local_epochs": 4},
        {"rounds": 2, "client_fraction": 1.0},
        {"rounds": 1, "client_lr": 0.1},  # the work of run 0, and another plan
    ]
    whole: dict[str, float] = {"rounds": 2}
    plans = [Plan.of({"client_fraction": 0.2, "local_epochs": 1, **each}) for each in [*settings, whole]]
    traces = [
        Trace.of([Round(a, 1 - a, 3, 300, 1000, 500, test_accuracy=a) for a in reached], seed=0, participation="")
        for reached in FIVE_ACCURACIES
    ]
    failed = Trace.of([], seed=0, participation="", status="failed", reason="round 1: loss is NaN")
    parameters = tuple(
        {
            "rounds": max(2, plan.rounds),
            "local_epochs": plan.local_epochs,
            "client_fraction": plan.client_fraction,
            "uplink.kind": "none",
            "uplink.level": 0.5,
        }
        for plan in plans
    )
    return Results(study, problem_of(study), tuple(plans), (*traces, failed), 6e-9, 0, (2.0,) * 5, parameters)
