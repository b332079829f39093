"""Stopping after any round and going on from the file gives the very same rounds, whatever the plan."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flopt.compression import SCHEMES, Compression
from flopt.errors import FloptError
from flopt.participation import Participation
from flopt.plan import ALGORITHMS, SCHEDULES, SERVER_OPTIMIZERS, Plan
from flopt.seeds import stream
from flopt.simulation.checkpoint import Checkpoint
from flopt.simulation.federation import Training, federated
from flopt.simulation.resumption import fingerprint, resumed
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource
from flopt.trace import Round

ROUNDS, CLIENTS = 5, 14
SOURCE = TaskSource(model="logreg", smoothing="mean3")
PLAN = Plan(rounds=ROUNDS, batch_size=40, uplink=Compression("topk", 0.05), server_momentum=0.5)


def taking_part() -> Participation:
    """Three of a round, so that some come again; one drops out, and in the third round all do."""
    selected = np.array([stream(0, "test", number).choice(6, 3, replace=False) for number in range(ROUNDS)])
    used = np.ones(selected.shape, dtype=bool)
    used[2], used[1, 0] = False, False
    return Participation(selected, used, used, np.zeros(CLIENTS, dtype=np.int64))


WHO = taking_part()


@pytest.fixture(scope="module")
def setup() -> Setup:
    torch.set_num_threads(1)
    return prepare(SOURCE)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "run.ckpt", "0123456789ab")


class Told(list[str]):
    """What was told."""

    def __call__(self, line: str) -> None:
        self.append(line)


def going(
    setup: Setup, plan: Plan, checkpoint: Checkpoint, told: Told, *, every_s: float = 3600, seed: int = 3
) -> Iterator[Round]:
    return resumed(setup, plan, WHO, seed, checkpoint, every_s=every_s, tell=told)


def stopped(rounds: Iterator[Round], after: int) -> list[Round]:
    """The first rounds, and then the generator is closed."""
    done = list(islice(rounds, after))
    rounds.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in truth
    return done


def compressions(*, downlink: bool) -> st.SearchStrategy[Compression]:
    kinds = [kind for kind, scheme in SCHEMES.items() if scheme.downlink or not downlink]
    return st.builds(Compression.at_level, st.sampled_from(kinds), st.floats(0, 1))


plans = st.builds(
    Plan,
    rounds=st.just(ROUNDS),
    local_epochs=st.integers(1, 2),
    local_steps=st.sampled_from([0, 3]),
    batch_size=st.just(40),
    client_momentum=st.sampled_from([0.0, 0.9]),
    weight_decay=st.sampled_from([0.0, 0.01]),
    proximal_mu=st.sampled_from([0.0, 0.1]),
    algorithm=st.sampled_from(sorted(ALGORITHMS)),
    server_optimizer=st.sampled_from(sorted(SERVER_OPTIMIZERS)),
    server_lr=st.sampled_from([0.01, 0.5]),
    server_momentum=st.sampled_from([0.0, 0.9]),
    schedule=st.sampled_from(sorted(SCHEDULES)),
    warmup_rounds=st.integers(0, 2),
    uplink=compressions(downlink=False),
    downlink=compressions(downlink=True),
)


@settings(max_examples=60)
@given(plan=plans, stops=st.lists(st.integers(1, ROUNDS - 1), min_size=1, max_size=3), every=st.booleans())
def test_any_plan_stopped_anywhere_gives_the_same_rounds(
    setup: Setup, plan: Plan, stops: list[int], *, every: bool
) -> None:
    whole = list(federated(setup, plan, WHO, 3))
    with TemporaryDirectory() as folder:
        checkpoint, told = Checkpoint(Path(folder) / "run.ckpt", "0123456789ab"), Told()
        for after in stops:
            assert stopped(going(setup, plan, checkpoint, told, every_s=0 if every else 3600), after) == whole[:after]
        assert list(going(setup, plan, checkpoint, told)) == whole
    assert told == []


@pytest.mark.parametrize("kind", sorted(SCHEMES))
@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_kind_of_compression_and_every_algorithm(
    setup: Setup, checkpoint: Checkpoint, algorithm: str, kind: str
) -> None:
    plan = replace(PLAN, algorithm=algorithm, uplink=Compression.at_level(kind, 0.3), server_optimizer="yogi")
    whole = list(federated(setup, plan, WHO, 3))
    for after in range(1, ROUNDS):
        stopped(going(setup, plan, checkpoint, Told()), after)
    assert list(going(setup, plan, checkpoint, Told())) == whole


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_the_other_engines(tmp_path: Path, model: str) -> None:
    setup, told = prepare(TaskSource(model=model, smoothing="ema0.3")), Told()
    checkpoint = Checkpoint(tmp_path / "run.ckpt", "0123456789ab")
    whole = list(federated(setup, PLAN, WHO, 3))
    stopped(going(setup, PLAN, checkpoint, told), 3)
    assert (list(going(setup, PLAN, checkpoint, told)), told) == (whole, [])


def test_dropout_and_the_general_engine(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(
        "from torch import nn\n\ndef build():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 10))\n",
        encoding="utf-8",
    )
    setup, told = prepare(TaskSource(model=f"{path}:build")), Told()
    checkpoint = Checkpoint(tmp_path / "run.ckpt", "0123456789ab")
    whole = list(federated(setup, PLAN, WHO, 3))
    stopped(going(setup, PLAN, checkpoint, told), 2)
    torch.manual_seed(77)
    assert (list(going(setup, PLAN, checkpoint, told)), told) == (whole, [])


def test_rounds_before_the_checkpoint_are_not_trained_again(
    setup: Setup, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(going(setup, PLAN, checkpoint, Told()), 3)
    trained: list[int] = []
    one = Training.round

    def noted(training: Training, index: int) -> Round:
        trained.append(index)
        return one(training, index)

    monkeypatch.setattr(Training, "round", noted)
    assert len(list(going(setup, PLAN, checkpoint, Told()))) == ROUNDS
    assert trained == [3, 4]


def test_a_kill_costs_what_came_after_the_last_checkpoint(
    setup: Setup, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    killed = going(setup, PLAN, checkpoint, Told(), every_s=15)
    sizes = []
    for _ in range(3):
        next(killed)
        found = checkpoint.read()
        sizes.append(len(found[0]) if found else 0)
    assert sizes == [0, 2, 2]  # 10 s is too early, 20 s is not; a write of 10 s is then paid back first


def test_a_finished_run_writes_nothing_more(setup: Setup, checkpoint: Checkpoint) -> None:
    assert len(list(going(setup, PLAN, checkpoint, Told()))) == ROUNDS
    assert not checkpoint.file.exists()
    stopped(going(setup, PLAN, checkpoint, Told()), ROUNDS)
    assert not checkpoint.file.exists()


def test_a_foreign_file_costs_time_alone(setup: Setup, checkpoint: Checkpoint) -> None:
    checkpoint.file.write_bytes(b"something else")
    told = Told()
    assert list(going(setup, PLAN, checkpoint, told)) == list(federated(setup, PLAN, WHO, 3))
    why = "not a checkpoint of this version of flopt; the run begins again from round 1"
    assert told == [f"checkpoint {checkpoint.file}: {why}"]


@pytest.mark.parametrize("other", [TaskSource(model="logreg", seed=1), TaskSource(model="mlp")])
def test_weights_of_other_data_or_of_another_model_are_found_out(
    setup: Setup, checkpoint: Checkpoint, other: TaskSource
) -> None:
    """Its digest and fingerprint are right here: a file that a task imports may have changed unseen."""
    stopped(going(prepare(other), replace(PLAN, uplink=Compression("sign")), checkpoint, Told()), 3)
    told = Told()
    assert list(going(setup, PLAN, checkpoint, told)) == list(federated(setup, PLAN, WHO, 3))
    assert len(told) == 1
    assert "the run begins again from round 1" in told[0]
    assert "\n" not in told[0]


def test_a_disk_that_is_full_is_told_once(
    setup: Setup, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Checkpoint, "write", full)
    told = Told()
    assert list(going(setup, PLAN, checkpoint, told, every_s=0)) == list(federated(setup, PLAN, WHO, 3))
    assert told == [
        f"checkpoint {checkpoint.file}: not written ([Errno 28] No space left on device); the run goes on without it"
    ]


def test_a_divergence_stays_one(setup: Setup, checkpoint: Checkpoint) -> None:
    """Weights that overflow in the fourth round: the file of the third leads there again."""
    plan = replace(PLAN, uplink=Compression("none"), weight_decay=1e7, local_steps=3, batch_size=10)
    reasons = []
    for _ in range(2):
        with pytest.raises(FloptError, match="diverged in round 4") as diverged:
            list(going(setup, plan, checkpoint, Told(), every_s=0))
        reasons.append(str(diverged.value))
    assert reasons[0] == reasons[1]
    found = checkpoint.read()
    assert found is not None
    assert len(found[0]) == 3


@pytest.mark.parametrize("every_s", [-1.0, float("nan")])
def test_seconds_are_checked(setup: Setup, checkpoint: Checkpoint, every_s: float) -> None:
    with pytest.raises(FloptError, match=r"checkpoint: every_s = .*: must be a number of seconds, at least 0"):
        next(going(setup, PLAN, checkpoint, Told(), every_s=every_s))


def test_the_fingerprint_follows_everything_that_the_rounds_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    same = fingerprint(SOURCE, ["a"], PLAN, WHO, 3)
    assert fingerprint(replace(SOURCE), ("a",), replace(PLAN), taking_part(), 3) == same
    fewer = Participation.complete(WHO.selected, WHO.group_of)
    others = [
        fingerprint(replace(SOURCE, seed=1), ["a"], PLAN, WHO, 3),
        fingerprint(SOURCE, ["b"], PLAN, WHO, 3),
        fingerprint(SOURCE, ["a"], replace(PLAN, client_lr=0.06), WHO, 3),
        fingerprint(SOURCE, ["a"], PLAN, fewer, 3),
        fingerprint(SOURCE, ["a"], PLAN, WHO, 4),
    ]
    monkeypatch.setattr(torch, "__version__", "0.0")
    others.append(fingerprint(SOURCE, ["a"], PLAN, WHO, 3))
    assert len({same, *others}) == 7
