"""The oracle that looks curves up."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from flopt.catalogue import load_oracle
from flopt.compression import Compression
from flopt.errors import FloptError
from flopt.oracle import Bounded
from flopt.oracles.recorded import Lookup, recorded
from flopt.oracles.table import CURVES, Table, save_table
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
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


def grown(lr: float, epochs: int) -> float:
    """An accuracy that grows with the learning rate on a log scale and, less, with the epochs."""
    return float(0.5 + 0.15 * np.log10(lr / 0.1) + 0.01 * epochs)


def wide_table(*, failed: int | None = None) -> Table:
    """Forty plans at random and two seeds, the second 0.02 better, 0.01 a round; one plan diverges in round 3."""
    random = stream(0, "plans")
    plans = tuple(
        Plan(rounds=4, local_epochs=int(random.integers(1, 6)), client_lr=float(10 ** random.uniform(-2, 0)),
             uplink=Compression("quantize", 8) if n % 2 else Compression())
        for n in range(40)
    )  # fmt: skip
    grid = np.array([
        [[grown(p.client_lr, p.local_epochs) + 0.02 * s + 0.01 * r for r in range(4)] for s in (0, 1)] for p in plans
    ])  # fmt: skip
    if failed is not None:
        grid[failed, :, 2:] = np.nan
    return Table(asdict(SOURCE), plans, (0, 1), {name: grid.astype(np.float32) for name in CURVES})


def test_between_plans_curves_are_averaged_by_what_matters() -> None:
    lookup = Lookup.of(wide_table(), TASK)
    for lr, epochs in ((0.03, 2), (0.1, 5), (0.5, 3)):
        found = [lookup.curves(Plan(rounds=3, client_lr=lr, local_epochs=epochs), seed)["accuracy"] for seed in (0, 1)]
        expected = grown(lr, epochs) + 0.01 * np.arange(3)
        np.testing.assert_allclose(found, [expected, expected + 0.02], atol=0.01)


def test_the_error_band_is_that_of_leaving_one_out() -> None:
    table = wide_table()
    lookup = Lookup.of(table, TASK)
    weights, _ = lookup._kriging.left_out
    known = table.curves["accuracy"].astype(np.float64)
    inside = []
    for number, plan in enumerate(table.plans):
        with suppress(FloptError):
            lookup.near.check(plan, without=number)
            inside.append(number)
    assert 30 < len(inside) < 40  # those at the ends are not guessed
    errors = np.array([[weights[n] @ known[:, s] - known[n, s] for s in (0, 1)] for n in inside])
    np.testing.assert_allclose(lookup.error_band(), np.sqrt((errors**2).mean(axis=(0, 1))), rtol=1e-9)
    assert lookup.error_band().max() < 0.01


def test_few_plans_have_no_error_band_and_none_between_them(tmp_path: Path) -> None:
    few = Table(asdict(SOURCE), PLANS[:3], (0, 1), {name: values[:3] for name, values in table().curves.items()})
    assert np.isnan(Lookup.of(few, TASK).error_band()).all()
    ends = Table(asdict(SOURCE), PLANS[::2], (0, 1), {name: values[::2] for name, values in table().curves.items()})
    save_table(ends, tmp_path / "ends.npz")
    oracle = recorded(str(tmp_path / "ends.npz"), SOURCE, TASK)
    with pytest.raises(FloptError, match=r"ends\.npz: 2 recorded plans are too few to look up one between them"):
        next(oracle(PLANS[1], TAKING_PART, 0))


def test_a_hole_in_the_table_is_not_filled() -> None:
    corners = tuple(
        replace(PLANS[0], local_epochs=epochs, client_momentum=m)
        for epochs, m in ((1, 0.0), (2, 0.0), (100, 0.9), (99, 0.9), (3, 0.01), (98, 0.89))
    )
    grid = np.array([[[0.001 * p.local_epochs] * 4] for p in corners], dtype=np.float32)
    lookup = Lookup.of(Table(asdict(SOURCE), corners, (0,), dict.fromkeys(CURVES, grid)), TASK)
    with pytest.raises(FloptError, match=r"no recorded plan is near enough: it would err by .* times"):
        lookup.curves(replace(PLANS[0], local_epochs=10, client_momentum=0.45), 0)


def test_beside_a_plan_that_diverged_a_run_diverges_too() -> None:
    number = 7
    table = wide_table(failed=number)
    lookup, near = Lookup.of(table, TASK), table.plans[number]
    beside = lookup.curves(replace(near, client_lr=near.client_lr * 1.001), 0)
    assert all(np.isnan(values).tolist() == [False, False, True, True] for values in beside.values())
    far = min(table.plans, key=lambda plan: abs(np.log(plan.client_lr / near.client_lr) + 2))
    assert np.isfinite(lookup.curves(replace(far, client_lr=far.client_lr * 1.001), 0)["accuracy"]).all()


def test_what_is_foretold_is_an_accuracy() -> None:
    """Weights may be negative: near a cliff they would give more than 1."""
    plans = tuple(replace(PLANS[0], client_lr=0.1 + 0.1 * n) for n in range(8))
    grid = np.array([[[0.0 if n < 4 else 1.0] * 4] for n in range(8)], dtype=np.float32)
    lookup = Lookup.of(Table(asdict(SOURCE), plans, (0,), dict.fromkeys(CURVES, grid)), TASK)
    values = [
        lookup.curves(replace(PLANS[0], client_lr=lr), 0)["accuracy"] for lr in np.linspace(0.1, 0.8, 50).tolist()
    ]
    assert (float(np.min(values)), float(np.max(values))) == (0.0, 1.0)


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
    with pytest.raises(FloptError, match=message):  # and says so beforehand
        recorded(file, SOURCE, TASK).check(plan)


def test_what_was_recorded_and_what_lies_between_is_known_beforehand(file: str) -> None:
    oracle = recorded(file, SOURCE, TASK)
    assert isinstance(oracle, Bounded)
    assert oracle.most_rounds == 4
    for plan in PLANS:
        oracle.check(plan)


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
