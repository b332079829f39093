"""Recording: plans that fill the space, runs that are the real ones, and going on after a stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from flopt.errors import FloptError
from flopt.oracles.table import load_table
from flopt.recording import record_table, spread_plans
from flopt.results import problem_of
from flopt.search.executors import crew
from flopt.search.executors.execution import Job, Outcome, train
from flopt.study import Study, study_of
from flopt.task import TaskSource
from flopt.training import simulate


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def study(oracle: str = "analytic") -> Study:
    return study_of({"oracle": oracle, "space": "quick", "workers": 1, "task": {"model": "logreg"}})


def test_plans_fill_the_space() -> None:
    plans = spread_plans(problem_of(study()), 64, 10, 0)
    assert len(set(plans)) == 64
    assert {plan.rounds for plan in plans} == {10}
    assert np.bincount([plan.local_epochs for plan in plans]).tolist()[1:] == pytest.approx([12.8] * 5, abs=2)
    assert np.bincount([["none", "quantize", "topk"].index(plan.uplink.kind) for plan in plans]).min() >= 20
    below = np.mean([plan.client_fraction < 0.1**0.5 for plan in plans])  # half of a log axis from 0.1 to 1
    assert below == pytest.approx(0.5, abs=0.05)


def test_recorded_runs_are_the_real_ones(tmp_path: Path) -> None:
    table = record_table(study("simulated"), 2, 2, 3, tmp_path / "t.npz")
    for number, plan in enumerate(table.plans):
        # The task's split follows the study's seed, the run's draws the recorded one.
        rounds = list(simulate(plan, TaskSource(model="logreg"), 1))
        np.testing.assert_array_equal(
            table.curves["accuracy"][number, 1], np.array([r.accuracy for r in rounds], dtype=np.float32)
        )
    assert load_table(tmp_path / "t.npz").plans == table.plans
    assert [file.name for file in tmp_path.iterdir()] == ["t.npz"]


def test_it_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "t.npz"
    trained: list[Job] = []

    def stopping(job: Job) -> Outcome:
        if len(trained) == 5:
            raise KeyboardInterrupt
        trained.append(job)
        return train(job)

    monkeypatch.setattr(crew, "train", stopping)
    with pytest.raises(KeyboardInterrupt):
        record_table(study(), 4, 2, 3, file)
    kept = (tmp_path / "t.npz.part").read_text(encoding="utf-8")
    (tmp_path / "t.npz.part").write_text(kept + '{"plan": 3, "se', encoding="utf-8")
    monkeypatch.setattr(crew, "train", train)
    told: list[tuple[int, int]] = []
    after = record_table(study(), 4, 2, 3, file, lambda done, total: told.append((done, total)))
    assert told[-1] == (8, 8)
    assert len(told) == 3, "the five that were trained are kept"
    whole = record_table(study(), 4, 2, 3, tmp_path / "u.npz")
    assert all(np.array_equal(after.curves[name], whole.curves[name]) for name in after.curves)


def test_another_recording_s_runs_are_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / "t.npz.part").write_text('{"task": "another"}\n', encoding="utf-8")
    with pytest.raises(FloptError, match=r"t\.npz\.part holds runs of another recording; delete it, or choose another"):
        record_table(study(), 2, 1, 3, tmp_path / "t.npz")


def test_nothing_is_recorded_of_a_cosine() -> None:
    problem = problem_of(study())
    with pytest.raises(FloptError, match="record: a cosine schedule depends on the rounds"):
        spread_plans(replace(problem, base=replace(problem.base, schedule="cosine")), 4, 10, 0)


def test_counts_are_at_least_one(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match="record: seeds = 0: must be at least 1"):
        record_table(study(), 2, 0, 3, tmp_path / "t.npz")


def test_a_recording_of_nothing_but_failures_is_refused(tmp_path: Path) -> None:
    own = "import flopt\n\ndef rounds(plan, participation, seed):\n    raise flopt.FloptError('no luck')\n    yield\n"
    (tmp_path / "own.py").write_text(own, encoding="utf-8")
    for _ in range(2):
        with pytest.raises(FloptError, match="record: every run failed in its first round, such as: round 1: no luck"):
            record_table(study(f"{tmp_path / 'own.py'}:rounds"), 2, 1, 3, tmp_path / "t.npz")
    assert not (tmp_path / "t.npz").exists()


def test_what_breaks_every_run_is_said_before_the_first(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match="no oracle 'simulatd'"):
        record_table(study("simulatd"), 2, 1, 3, tmp_path / "t.npz")
    assert not list(tmp_path.iterdir())
