"""Torture: whatever is killed and whenever, nothing finished is lost, nothing is done twice, nobody is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from database import PASSWORD, program, server
from torture import RUNS, Torture, run_of

from flopt.results import open_results
from flopt.search.stores.storage import Journal

MANY = int(os.environ.get("FLOPT_KILLS", "0"))
"""Kills of every pair of executor and storage; `make torture` sets it."""


def dump(folder: Path) -> list[dict[str, Any]]:
    """All that is stored of a study, but for dates and for what its runs took."""
    taken = {"cpu_s", "elapsed_s", "wasted_cpu_s", "attempts", "where"}
    with Journal.read(folder) as journal:
        return [
            {
                "state": trial.state.name,
                "values": trial.values,
                "params": trial.params,
                "attributes": {name: value for name, value in trial.user_attrs.items() if name not in taken},
            }
            for trial in journal.trials()
        ]


@pytest.mark.slow
def test_a_local_study_with_a_journal_is_killed_and_killed(tmp_path: Path) -> None:
    torture = Torture(tmp_path, seed=1)
    undisturbed = torture.undisturbed()
    torture.kill(MANY or 50)
    assert len(torture.stored) == RUNS
    assert dump(torture.study) == dump(undisturbed)
    np.testing.assert_array_equal(torture.front().losses, open_results(undisturbed).front().losses)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["trajectory", "gp", "tpe", "nsga2"])
def test_any_sampler_goes_on_after_kills_as_if_there_had_been_none(tmp_path: Path, sampler: str) -> None:
    extra = {"sampler": sampler, "space": "cross_device", "stopping": "trajectory", "replicates": 1}
    torture = Torture(tmp_path, seed=3, extra=extra, runs=30)
    undisturbed = torture.undisturbed()
    torture.kill(4)
    assert dump(torture.study) == dump(undisturbed)
    np.testing.assert_array_equal(torture.front().losses, open_results(undisturbed).front().losses)


@pytest.fixture(scope="module")
def database(needs_module: Callable[[str], None], needs: Callable[[str], NoReturn]) -> Iterator[str]:
    needs_module("psycopg")
    if program("initdb") is None:
        needs("PostgreSQL is not installed (see `make system`)")
    with server() as url:
        yield url


@pytest.fixture(scope="module")
def dask(needs_module: Callable[[str], None]) -> Iterator[str]:
    """The address of a Dask cluster of two workers on the loopback."""
    needs_module("distributed")
    script = (
        "import sys\nfrom distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    cluster = LocalCluster(n_workers=2, threads_per_worker=1, host='127.0.0.1', dashboard_address=None)\n"
        "    print(cluster.scheduler_address.removeprefix('tcp://'), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cluster:
        assert cluster.stdin is not None
        assert cluster.stdout is not None
        yield f"dask://{cluster.stdout.readline().strip()}"
        cluster.stdin.close()


def check_shared(torture: Torture) -> None:
    """Whatever the drivers' timing, every run is what its plan and seed make of it, and stands there once."""
    assert len(torture.stored) == RUNS
    trials = torture.trials()
    assert all(trial.state.is_finished() for trial in trials)
    assert len({str(run_of(trial)) for trial in trials}) == RUNS
    assert len(torture.front()) > 0


@pytest.mark.slow
def test_a_local_study_in_a_database(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    torture = Torture(tmp_path, seed=2, extra={"storage": database})
    torture.kill(MANY or 5)
    check_shared(torture)


@pytest.mark.slow
def test_a_study_on_dask_with_a_journal(dask: str, tmp_path: Path) -> None:
    torture = Torture(tmp_path, seed=3, extra={"executor": dask})
    undisturbed = torture.undisturbed()
    torture.kill(MANY or 5)
    assert dump(torture.study) == dump(undisturbed)


@pytest.mark.slow
def test_a_study_on_dask_in_a_database(
    dask: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    torture = Torture(tmp_path, seed=4, extra={"executor": dask, "storage": database})
    torture.kill(MANY or 5)
    check_shared(torture)


RAY = """
import os, signal, subprocess, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
os.environ["HOME"] = {home!r}  # Ray keeps a token there
os.environ["RAY_AUTH_MODE"] = "disabled"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
START = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--num-cpus=2", "--include-dashboard=false"]

if __name__ == "__main__":
    import ray
    from torture import Torture
    head = subprocess.Popen([*START, "--block"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            start_new_session=True)
    try:
        for attempt in range(120):
            try:
                ray.init(address="auto", log_to_driver=False)
                break
            except ConnectionError:
                time.sleep(1)
        ray.shutdown()
        torture = Torture(Path({home!r}), seed={seed}, extra={extra!r})
        torture.kill({kills})
    finally:
        os.killpg(head.pid, signal.SIGTERM)
        head.wait(60)
"""


def on_ray(folder: Path, seed: int, extra: dict[str, Any], without_network: Callable[[str], str]) -> Torture:
    """Tortured in a network namespace, because Ray listens beyond the loopback."""
    script = folder / "go.py"
    tests = str(Path(__file__).parent)
    script.write_text(RAY.format(tests=tests, home=str(folder), seed=seed, extra=extra, kills=MANY or 5))
    go = f"import runpy, sys; sys.argv = [{str(script)!r}]; runpy.run_path({str(script)!r}, run_name='__main__')"
    without_network(go)
    torture = Torture(folder, seed, extra)
    torture.reported = RUNS
    torture.check()
    return torture


@pytest.mark.slow
def test_a_study_on_ray_with_a_journal(
    tmp_path: Path, without_network: Callable[[str], str], needs_module: Callable[[str], None]
) -> None:
    needs_module("ray")
    torture = on_ray(tmp_path, 5, {"executor": "ray"}, without_network)
    assert dump(torture.study) == dump(torture.undisturbed())


@pytest.mark.slow
def test_a_study_on_ray_in_a_database(
    tmp_path: Path,
    without_network: Callable[[str], str],
    needs_module: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs_module("ray")
    needs_module("psycopg")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with server(through_file=True) as url:
        check_shared(on_ray(tmp_path, 6, {"executor": "ray", "storage": url}, without_network))
