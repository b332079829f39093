"""The oracle that really trains."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import flopt
from flopt.errors import FloptError
from flopt.oracle import Resumable
from flopt.oracles.simulated import simulated
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
from flopt.task import TaskSource
from flopt.trace import record


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def drawn(rounds: int, clients: int = 14) -> Participation:
    selected = np.array([stream(0, "clients", number).choice(clients, 5, replace=False) for number in range(rounds)])
    return Participation.complete(selected, np.zeros(clients, dtype=np.int64))


@pytest.mark.parametrize("model", ["logreg", "mlp"])
def test_the_default_plan_learns_the_digits(model: str) -> None:
    plan = Plan()
    trace = record(simulated(TaskSource(model=model))(plan, drawn(plan.rounds), 0), seed=0, participation="x")
    assert (trace.status, len(trace)) == ("ok", 40)
    assert trace.accuracy[-1] >= 0.93
    assert trace.columns["test_accuracy"][-1] >= (0.93 if model == "mlp" else 0.91)
    assert trace.loss[-1] < trace.loss[0] / 2


def test_unseen_writers_are_harder() -> None:
    by_writer = list(simulated(TaskSource(split="client"))(Plan(), drawn(40, clients=8), 0))
    by_sample = list(simulated(TaskSource())(Plan(), drawn(40), 0))
    assert 0.7 < by_writer[-1].accuracy < by_sample[-1].accuracy


def test_one_thread_is_enough() -> None:
    torch.set_num_threads(2)
    simulated(TaskSource(model="logreg"))
    assert torch.get_num_threads() == 1


CODE = """
import numpy as np
from flopt.oracles.simulated import simulated
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import TaskSource

taking_part = Participation.complete(np.array([[3, 1, 7], [0, 13, 3]]), np.zeros(14, dtype=np.int64))
print([(r.accuracy, r.loss.hex(), r.test_accuracy) for r in simulated(TaskSource())(Plan(rounds=2), taking_part, 5)])
"""


def test_another_process_gives_the_same_bits() -> None:
    root = str(Path(flopt.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": root, "PYTHONHASHSEED": "77"},
    )
    taking_part = Participation.complete(np.array([[3, 1, 7], [0, 13, 3]]), np.zeros(14, dtype=np.int64))
    rounds = simulated(TaskSource())(Plan(rounds=2), taking_part, 5)
    assert done.stdout.strip() == str([(r.accuracy, r.loss.hex(), r.test_accuracy) for r in rounds])


def test_bad_data_are_refused_when_the_oracle_is_built() -> None:
    with pytest.raises(FloptError, match=r"no data file absent\.npz"):
        simulated(TaskSource(data="absent.npz"))


def test_it_goes_on_from_a_file_after_another_process_was_killed(tmp_path: Path) -> None:
    code = f"""
import os
from pathlib import Path
import numpy as np
from flopt.oracles.simulated import simulated
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
from flopt.task import TaskSource

selected = np.array([stream(0, "clients", number).choice(14, 5, replace=False) for number in range(6)])
taking_part = Participation.complete(selected, np.zeros(14, dtype=np.int64))
rounds = simulated(TaskSource()).resume(
    Plan(rounds=6), taking_part, 5, Path({str(tmp_path / "run.ckpt")!r}), every_s=0, tell=print)
for number, _ in enumerate(rounds):
    if number == 3:
        os.kill(os.getpid(), 9)
"""
    root = str(Path(flopt.__file__).parents[1])
    killed = subprocess.run([sys.executable, "-c", code], check=False, env={**os.environ, "PYTHONPATH": root})
    assert killed.returncode == -9
    oracle, told = simulated(TaskSource()), list[str]()
    assert isinstance(oracle, Resumable)
    rounds = oracle.resume(Plan(rounds=6), drawn(6), 5, tmp_path / "run.ckpt", every_s=0, tell=told.append)
    assert list(rounds) == list(oracle(Plan(rounds=6), drawn(6), 5))
    assert told == []


def test_a_checkpoint_of_a_model_that_has_changed_is_not_taken(tmp_path: Path) -> None:
    own, kept, told = tmp_path / "own.py", tmp_path / "run.ckpt", list[str]()
    text = "from torch import nn\n\ndef build():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))\n"
    plan = Plan(rounds=3)
    for change in ("", "\n"):
        own.write_text(text + change, encoding="utf-8")
        oracle = simulated(TaskSource(model=f"{own}:build"))
        rounds = oracle.resume(plan, drawn(3), 0, kept, every_s=0, tell=told.append)
        next(rounds)
        rounds.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in truth
    why = "of another run: plan, task, seed, participants or versions differ; the run begins again from round 1"
    assert told == [f"checkpoint {kept}: {why}"]
