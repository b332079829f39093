from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

pytest.importorskip("flwr")

from flower_apps import EXAMPLE, changed

from flopt.errors import FloptError
from flopt.flower.app import read_app
from flopt.flower.engine import Settings, reports
from flopt.flower.oracle import scored
from flopt.flower.real import run_for_real
from flopt.task import AppSource, Task, TaskSource
from flopt.trace import record

SOURCE = TaskSource(clients=4, app=AppSource(str(EXAMPLE)))
TASK = Task("digits", (360,) * 4, ((32, 64), (32,), (10, 32), (10,)), 1e4, 0.1, least_clients=2)


def test_without_an_app_there_is_nothing_to_run() -> None:
    with pytest.raises(FloptError, match=r"no task\.flower_app"):
        run_for_real(TaskSource(), TASK, read_app(EXAMPLE).run_config.plan({}), 0)


@pytest.mark.slow
@pytest.mark.flower_run
def test_flwr_run_and_the_engine_here_give_the_same_accuracies(needs_module: Callable[[str], None]) -> None:
    needs_module("ray")
    # All clients: whom a strategy draws follows the order of Flower's node numbers, which are new in every run.
    plan = read_app(EXAMPLE).run_config.plan({"rounds": 3, "client_fraction": 1.0})
    real = run_for_real(SOURCE, TASK, plan, 0)
    here = Settings(4, read_app(EXAMPLE).run_config.values(plan, 0))
    own = record(scored(reports(read_app(EXAMPLE), here), SOURCE), seed=0, participation="")
    assert real.status == "ok", real.reason
    # Replies are added up in the order of the same numbers, which may change the last bit of a sum, and no other.
    np.testing.assert_array_max_ulp(real.accuracy, own.accuracy, maxulp=4)
    assert len(real) == 3
    for name in ("clients", "samples", "download_bytes", "upload_bytes"):
        assert real.columns[name].tolist() == own.columns[name].tolist(), name
    assert not [p for p in psutil.Process().children(recursive=True) if "superlink" in " ".join(p.cmdline())]


@pytest.mark.slow
@pytest.mark.flower_run
def test_a_server_that_raises_is_a_failure_although_flwr_ends_with_zero(
    needs_module: Callable[[str], None], tmp_path: Path
) -> None:
    needs_module("ray")
    old = "    strategy.start("
    broken = changed(tmp_path / "app", "digits_app/server_app.py", old, f"    raise RuntimeError('no')\n{old}")
    source = replace(SOURCE, app=AppSource(str(broken)))
    with pytest.raises(FloptError, match="finished:failed"):
        run_for_real(source, TASK, read_app(broken).run_config.plan({}), 0)


@pytest.mark.slow
@pytest.mark.flower_run
def test_in_a_namespace_without_a_network_a_real_run_completes(
    needs_module: Callable[[str], None], without_network: Callable[[str], str]
) -> None:
    needs_module("ray")
    plan = "read_app(EXAMPLE).run_config.plan({'rounds': 1})"
    script = f"from test_real import *\ntrace = run_for_real(SOURCE, TASK, {plan}, 0)\nprint(trace.status, len(trace))"
    assert without_network(script).split() == ["ok", "1"]
