"""Dask for real: a scheduler and two workers on the loopback, and whatever a run does to its worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from bad_runs import bad_study, check_bad_runs

from flopt import tune
from flopt.errors import FloptError
from flopt.search.dask_cluster import dask_executor

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


def test_no_scheduler_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, needs_module: Callable[[str], None]) -> None:
    needs_module("distributed")
    monkeypatch.setattr("flopt.search.dask_cluster.CONNECT_WITHIN_S", 1)
    with pytest.raises(FloptError, match=r"executor = 'dask://127\.0\.0\.1:9': .+") as error:
        dask_executor("dask://127.0.0.1:9")
    assert "\n" not in str(error.value)
