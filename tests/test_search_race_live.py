"""The race without a table: what is trained is kept, and what is scored is trained with seeds of its own."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import search_race
from _race_live import FRESH, FURTHER, LiveWorld
from _race_score import Training

from flopt.trace import record


@pytest.fixture
def short_live() -> LiveWorld:
    return LiveWorld.of("digits", longest=4)


def test_a_live_race_is_scored_with_fresh_seeds_and_prints_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["race", "--live", "digits", "--seeds", "1", "--rounds", "6", "--out", str(tmp_path / "live.json")]
    names = ["--methods", "random", "flopt tpe/trajectory", "--ours", "flopt tpe/trajectory", "--expected", "random"]
    monkeypatch.setattr(sys, "argv", [*common, *names, "--target", "0.9", "0.1"])
    search_race.main()
    told = capsys.readouterr().out
    assert "trained again with 5 fresh seeds" in told
    assert "best known of these searches, not of the space" in told
    assert "to 10% of the best-known honest hypervolume, region, linear kg" in told
    assert "flopt tpe/trajectory + expected" in told
    monkeypatch.setattr(LiveWorld, "_trained", lambda *_: pytest.fail("it was trained already"))
    search_race.main()
    assert capsys.readouterr().out == told


def test_a_live_plan_is_one_row_and_a_longer_run_goes_on_the_same_way(short_live: LiveWorld) -> None:
    base = short_live.problem.base
    row = short_live.row(replace(base, rounds=2))
    assert short_live.row(replace(base, rounds=3)) == row
    short = [each.accuracy for each in short_live.rounds(row, 5, 2)]
    assert [each.accuracy for each in short_live.rounds(row, 5, 3)][:2] == short
    seen = short_live.seen(Training(row, 5, 4, 4, stopped=False))
    assert seen[:2] == pytest.approx(short, abs=1e-4)
    assert np.isnan(seen).tolist() == [False, False, False, True]
    assert short_live.kg[row, 1] == pytest.approx(short_live.problem.run(replace(base, rounds=2)).co2e_kg)


def test_a_live_score_is_the_mean_of_seeds_that_no_search_uses(short_live: LiveWorld) -> None:
    row = short_live.row(short_live.problem.base)
    curves = [[each.accuracy for each in short_live.rounds(row, seed, 3)] for seed in FRESH]
    assert short_live.others(row, 0b1, 3) == pytest.approx(np.mean(curves, axis=0), abs=1e-4)
    accuracy, kg = short_live.known()
    assert accuracy.tolist() == short_live.others(row, 0, 3).tolist()
    assert kg.tolist() == short_live.kg[row, :3].tolist()
    used = {short_live.column(seed, row, visits) for seed in range(100) for visits in range(1000)}
    assert used.isdisjoint({*FRESH, *FURTHER})
    assert set(FRESH).isdisjoint(FURTHER)


def test_a_live_run_that_diverges_has_no_point_and_counts_as_guessing(short_live: LiveWorld) -> None:
    row = short_live.row(replace(short_live.problem.base, client_lr=1e30))
    trace = record(short_live.rounds(row, 0, 3), seed=0, participation="")
    assert trace.status == "failed"
    failed = Training(row, 0, len(trace) + 1, 3, stopped=False)
    assert np.isnan(short_live.seen(failed)[len(trace) :]).all()
    assert short_live.others(row, 1, 3)[-1] == pytest.approx(short_live.problem.task.majority_share, abs=1e-4)
