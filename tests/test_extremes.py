"""Studies at the edge of what can be asked: one axis, one value, twenty axes, one objective, five."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.plan import Plan
from flopt.results import Results, open_results
from flopt.search import samplers
from flopt.search.samplers import SAMPLERS
from flopt.study import study_of
from flopt.tuning import run_study

ONE_VALUE = "rounds = { low = 5, high = 5 }\n"
ONE_AXIS = "local_epochs = { low = 1, high = 4 }\n"
TWENTY = """
rounds = { low = 2, high = 20, log = true }
local_epochs = { low = 1, high = 4 }
local_steps = { low = 0, high = 5 }
client_fraction = { low = 0.1, high = 1.0, log = true }
batch_size = { choices = [5, 10, 20] }
client_lr = { low = 0.01, high = 0.3, log = true }
client_momentum = { low = 0.0, high = 0.9 }
weight_decay = { low = 0.0, high = 0.01 }
proximal_mu = { low = 0.0, high = 0.5 }
algorithm = { choices = ["fedavg", "scaffold"] }
server_optimizer = { choices = ["sgd", "adam", "yogi"] }
server_lr = { low = 0.1, high = 1.0 }
server_momentum = { low = 0.0, high = 0.9 }
server_tau = { low = 0.0001, high = 0.1, log = true }
schedule = { choices = ["constant", "inverse-sqrt", "cosine"] }
warmup_rounds = { low = 0, high = 3 }
uplink = { kind = ["none", "quantize", "topk"], level = { low = 0.0, high = 1.0 } }
downlink = { kind = ["none", "quantize"], level = { low = 0.0, high = 1.0 } }
"""
TWO = ("accuracy", "co2e")
FIVE = ("accuracy", "co2e", "duration", "energy", "traffic")


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samplers that begin to learn after a few runs; and no waiting for disks."""
    monkeypatch.setattr(samplers, "STARTUP_RUNS", 3)
    monkeypatch.setattr(samplers, "POPULATION", 3)
    monkeypatch.setattr(os, "fsync", lambda _: None)


def searched(folder: Path, space: str, objectives: tuple[str, ...], sampler: str, stopping: str = "none") -> Results:
    (folder / "space.toml").write_text(space, encoding="utf-8")
    tables = {"sampler": sampler, "stopping": stopping, "oracle": "analytic", "lag": 2, "workers": 1}
    goals = {"space": str(folder / "space.toml"), "objectives": list(objectives), "budget": {"runs": 8}}
    assert run_study(study_of({**tables, **goals}), folder / "study").ended == "runs"
    return open_results(folder / "study")


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(
    ("space", "axes", "objectives"),
    [(ONE_VALUE, 1, TWO), (ONE_AXIS, 1, TWO), (TWENTY, 20, TWO), (ONE_AXIS, 1, ("co2e",)), (TWENTY, 20, FIVE)],
    ids=("one value", "one axis", "twenty axes", "one objective", "five objectives"),
)
def test_every_sampler_searches_it(
    tmp_path: Path, space: str, axes: int, objectives: tuple[str, ...], sampler: str
) -> None:
    results = searched(tmp_path, space, objectives, sampler)
    assert len(results.problem.space.axes) == axes
    assert not results.failed
    front = results.front()
    assert 1 <= len(front) <= sum(len(trace) for trace in results.traces if trace)
    assert (len(front) == 1) == (len(objectives) == 1)
    if space == ONE_VALUE:
        assert set(results.plans) == {Plan(rounds=5)}


@pytest.mark.parametrize("stopping", ["trajectory", "power-law"])
def test_stopping_stands_the_extremes_too(tmp_path: Path, stopping: str) -> None:
    for name, space, objectives in (("one", ONE_VALUE, ("accuracy",)), ("many", TWENTY, FIVE)):
        (tmp_path / name).mkdir()
        assert len(searched(tmp_path / name, space, objectives, "tpe", stopping).front()) >= 1


@pytest.mark.parametrize(
    ("space", "objectives"),
    [
        (ONE_VALUE, TWO),
        ("client_lr = { low = 0.1, high = 0.1, log = true }\nuplink = { choices = ['none'] }\n", TWO),
        (ONE_AXIS, TWO),
        ("rounds = { low = 2, high = 20 }\n", ("accuracy",)),
        (TWENTY, TWO),
        (TWENTY, FIVE),
    ],
    ids=("one value", "one value of each", "one axis", "one objective", "twenty axes", "five objectives"),
)
def test_the_commands_do_so_by_default(
    command: Callable[..., tuple[int, str, str]], tmp_path: Path, space: str, objectives: tuple[str, ...]
) -> None:
    """The trajectory sampler with its own stopping and with repeats."""
    (tmp_path / "space.toml").write_text(space, encoding="utf-8")
    words = [f"--set={word}" for word in ("space=space.toml", "oracle=analytic", "budget.runs=14", "workers=1")]
    code, out, err = command("tune", "--out", "s", *words, *(f"--objective={name}" for name in objectives))
    assert (code, err) == (0, "")
    assert "14 runs, " in out
    results = open_results(tmp_path / "s")
    assert results.study.sampler == results.study.stopping == "trajectory"
    code, out, _ = command("front", "s", "--json")
    assert (code, len(json.loads(out))) == (0, len(results.front()))
    assert command("recommend", "s")[0] == 0
