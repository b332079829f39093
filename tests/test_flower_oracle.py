from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("flwr")

from flower_apps import EXAMPLE, changed

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.flower.app import read_app
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import AppSource, Task, TaskSource
from flopt.trace import Trace, record

SHAPES = ((32, 64), (32,), (10, 32), (10,))
TASK = Task("digits", (360,) * 4, SHAPES, 1e4, 0.1, least_clients=2)


def traced(folder: Path, metric: str = "accuracy", used: int = 4, **settings: float | str) -> Trace:
    source = TaskSource(metric=metric, clients=4, app=AppSource(str(folder)))
    plan: Plan = read_app(folder).run_config.plan({"rounds": 2, "local_epochs": 1, "fraction-train": 1.0} | settings)
    selected = np.tile(np.arange(4), (plan.rounds, 1))
    fate = np.tile(np.arange(4) < used, (plan.rounds, 1))
    who = Participation(selected, fate, fate, np.zeros(4, dtype=np.int64))
    return record(load_oracle("flower", source, TASK)(plan, who, 0), seed=0, participation=who.fingerprint)


def test_a_trace_holds_what_happened() -> None:
    trace = traced(EXAMPLE)
    assert (trace.status, trace.reason, len(trace)) == ("ok", "", 2)
    assert trace.columns["clients"].tolist() == [4, 4]
    assert trace.columns["samples"].tolist() == [1440, 1440]
    assert trace.accuracy[-1] > 0.2


def test_the_fleets_losses_are_lost_here_too() -> None:
    trace = traced(EXAMPLE, used=3)
    assert trace.columns["clients"].tolist() == [3, 3]
    assert trace.columns["upload_bytes"][0] < trace.columns["download_bytes"][0]


@pytest.mark.parametrize(
    ("metric", "settings", "message"),
    [
        ("f1", {}, "round 1: task.metric = 'f1': the app reports no such metric; it reports clients: accuracy, loss; "),
        ("accuracy", {"hidden-units": 16}, r"round 1: .*the plan changes the model's tensors: \(\(16, 64\)"),
    ],
)
def test_a_run_that_cannot_count_has_failed(metric: str, settings: dict[str, int], message: str) -> None:
    trace = traced(EXAMPLE, metric, **settings)
    assert trace.status == "failed"
    assert trace.reason.startswith("round 1: ")
    assert re.search(message, trace.reason), trace.reason


def test_a_broken_client_is_a_failed_run_and_no_error(tmp_path: Path) -> None:
    old = "    loss = train("
    folder = changed(tmp_path / "app", "digits_app/client_app.py", old, f"    raise ValueError('boom')\n{old}")
    trace = traced(folder)
    assert trace.status == "failed"
    assert "train: ValueError: boom (client_app.py:" in trace.reason


def test_without_an_app_the_oracle_says_what_to_give() -> None:
    with pytest.raises(FloptError, match=r"give task\.flower_app"):
        load_oracle("flower", TaskSource(), TASK)
