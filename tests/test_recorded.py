"""The oracle that looks curves up."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.oracles.recorded import Lookup, recorded
from flopt.oracles.table import CURVES, Table, save_table
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import Task, TaskSource
from flopt.trace import record

SOURCE = TaskSource()
TASK = Task("made", (10, 20, 30), ((4, 5), (4,)), 100.0, 0.5)
PLANS = tuple(Plan(rounds=4, local_epochs=epochs) for epochs in (1, 2, 3, 5))
TAKING_PART = Participation.complete(np.array([[0, 1], [1, 2], [0, 2], [0, 1]]), np.zeros(3, dtype=np.int64))


def table() -> Table:
    """Accuracy grows with epochs, seed and round: 0.1 epochs + 0.01 seed + 0.001 round."""
    grid = np.array([[[0.1 * p.local_epochs + 0.01 * s + 0.001 * r for r in range(4)] for s in (0, 1)] for p in PLANS])
    return Table(asdict(SOURCE), PLANS, (0, 1), {name: grid.astype(np.float32) for name in CURVES})


@pytest.fixture
def file(tmp_path: Path) -> str:
    save_table(table(), tmp_path / "own.npz")
    return str(tmp_path / "own.npz")


def test_a_recorded_plan_gives_what_was_recorded(file: str) -> None:
    oracle = load_oracle(file, SOURCE, TASK)
    for seed in (0, 1, 2):
        rounds = list(oracle(PLANS[2], TAKING_PART, seed))
        assert [r.accuracy for r in rounds] == pytest.approx([0.3 + 0.01 * (seed % 2) + 0.001 * r for r in range(4)])
    assert [r.samples for r in rounds] == [90, 150, 120, 90]
    assert rounds[0].upload_bytes == 2 * 24 * 4


def test_fewer_rounds_are_the_beginning_of_the_same_curve(file: str) -> None:
    oracle = recorded(file, SOURCE, TASK)
    short = list(oracle(replace(PLANS[1], rounds=2), TAKING_PART, 0))
    assert short == list(oracle(PLANS[1], TAKING_PART, 0))[:2]


def test_between_plans_curves_are_averaged(file: str) -> None:
    (first, *_) = recorded(file, SOURCE, TASK)(replace(PLANS[0], local_epochs=4), TAKING_PART, 0)
    shares = np.array([1 / 9, 1 / 4, 1, 1])
    assert first.accuracy == pytest.approx(float(shares @ [0.1, 0.2, 0.3, 0.5] / shares.sum()))


def test_the_error_band_is_that_of_leaving_one_out() -> None:
    lookup = Lookup.of(table(), TASK)
    guesses = {2: ([1, 3, 5], 2), 3: ([1, 2, 5], 3)}  # those at the ends are not guessed
    errors = []
    for own, (others, _) in guesses.items():
        shares = np.array([1 / (own - other) ** 2 for other in others])
        errors.append(0.1 * (shares @ others / shares.sum() - own))
    np.testing.assert_allclose(lookup.error_band(), np.sqrt(np.mean(np.square(errors))), rtol=1e-5)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (replace(PLANS[0], local_epochs=6), r"own\.npz: local_epochs lies outside the recorded plans"),
        (replace(PLANS[0], rounds=5), "the plan has 5 rounds; the table 4, not extrapolated"),
        (replace(PLANS[0], schedule="cosine"), "schedule 'cosine' depends on the rounds; it cannot be looked up"),
    ],
)
def test_what_was_not_recorded_fails_the_run(file: str, plan: Plan, message: str) -> None:
    with pytest.raises(FloptError, match=message):
        next(recorded(file, SOURCE, TASK)(plan, TAKING_PART, 0))


def test_a_recorded_divergence_fails_again(tmp_path: Path) -> None:
    curves = {name: values.copy() for name, values in table().curves.items()}
    for values in curves.values():
        values[1, 0, 2:] = np.nan
    save_table(Table(asdict(SOURCE), PLANS, (0, 1), curves), tmp_path / "own.npz")
    oracle = recorded(str(tmp_path / "own.npz"), SOURCE, TASK)
    trace = record(oracle(PLANS[1], TAKING_PART, 0), seed=0, participation="x")
    assert (trace.status, len(trace)) == ("failed", 2)
    assert record(oracle(PLANS[1], TAKING_PART, 1), seed=0, participation="x").status == "ok"


def test_a_table_of_another_task_is_refused(file: str) -> None:
    with pytest.raises(FloptError, match=r"recorded with task\.model = 'mlp'; the study has 'logreg'"):
        recorded(file, replace(SOURCE, model="logreg"), TASK)


def test_neither_the_device_nor_the_seed_of_a_natural_partition_makes_another_task(file: str) -> None:
    recorded(file, replace(SOURCE, seed=5, device="cuda"), TASK)
    with pytest.raises(FloptError, match=r"task\.partition = 'natural'; the study has 'iid'"):
        recorded(file, replace(SOURCE, partition="iid", clients=3, seed=5), TASK)
