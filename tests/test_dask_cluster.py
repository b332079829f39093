"""Dask for real: a scheduler and two workers on the loopback, and whatever a run does to its worker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from bad_runs import bad_study, check_bad_runs

from flopt import tune
from flopt.cli.runs import run_rows
from flopt.errors import FloptError
from flopt.search.executors.dask_cluster import dask_executor

pytestmark = pytest.mark.slow


@pytest.fixture
def scheduler(tmp_path: Path, needs_module: Callable[[str], None]) -> Iterator[str]:
    """The address of a Dask scheduler that has two workers of one thread."""
    needs_module("distributed")
    where = tmp_path / "scheduler.json"
    quiet = ["--no-dashboard", "--host", "127.0.0.1"]
    commands = [
        ["distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(where)],
        ["distributed.cli.dask_worker", "--scheduler-file", str(where), "--nworkers", "2", "--nthreads", "1"],
    ]
    started = [
        subprocess.Popen([sys.executable, "-m", *command, *quiet], cwd=tmp_path, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    import distributed

    try:
        connect: Any = distributed.Client  # it has no types
        client = connect(scheduler_file=str(where), timeout=120)
        client.wait_for_workers(2, timeout=120)
        address = client.scheduler.address.removeprefix("tcp://")
        client.close()
        yield f"dask://{address}"
    finally:
        family = [child for each in started for child in psutil.Process(each.pid).children(recursive=True)]
        for each in reversed(started):
            each.terminate()
            each.wait(60)
        assert not psutil.wait_procs(family, timeout=60)[1], "a process of the cluster is left"


def test_a_run_that_breaks_its_worker_fails_alone(scheduler: str, tmp_path: Path) -> None:
    tune(bad_study(tmp_path, scheduler), out=tmp_path / "out")
    rows = check_bad_runs(tmp_path / "out")
    assert len({row.where for row in rows}) > 1


ENDLESS = """
import os, time
from pathlib import Path

def rounds(plan, participation, seed):
    (Path(__file__).parent / f"{os.getpid()}.begun").touch()
    time.sleep(3600)
    yield
"""

GO = """
import json, sys
from flopt import tune
if __name__ == "__main__":
    tune(json.loads(sys.argv[1]), out=sys.argv[2])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_runs_end_with_a_driver_that_is_stopped_or_killed(
    scheduler: str, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "endless.py").write_text(ENDLESS, encoding="utf-8")
    study = {"oracle": str(tmp_path / "endless.py"), "sampler": "random", "executor": scheduler, "workers": 2}
    driver = subprocess.Popen([sys.executable, "-c", GO, json.dumps(study), str(tmp_path / "out")])
    while len(begun := list(tmp_path.glob("*.begun"))) < 2:
        assert driver.poll() is None
        time.sleep(0.1)
    training = [psutil.Process(int(each.stem)) for each in begun]
    while driver.poll() is None:  # the first one lets runs end, the second one does not
        driver.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            driver.wait(1)
    assert not psutil.wait_procs(training, timeout=60)[1], "a run goes on that nobody wants"
    assert [row.status for row in run_rows(tmp_path / "out")[:2]] == ["open", "open"]


def test_no_scheduler_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, needs_module: Callable[[str], None]) -> None:
    needs_module("distributed")
    monkeypatch.setattr("flopt.search.executors.dask_cluster.CONNECT_WITHIN_S", 1)
    with pytest.raises(FloptError, match=r"executor = 'dask://127\.0\.0\.1:9': .+") as error:
        dask_executor("dask://127.0.0.1:9")
    assert "\n" not in str(error.value)
