from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flopt.cli import validate
from flopt.cli.validate import chosen_run, expected_accuracy, validation_facts
from flopt.errors import FloptError
from flopt.results import open_results
from flopt.trace import Trace
from flopt.tuning import tune

Command = Callable[..., tuple[int, str, str]]


def shifted(trace: Trace, by: float) -> Trace:
    columns = {**trace.columns, "accuracy": np.clip(trace.accuracy + by, 0, 1)}
    return replace(trace, columns=columns)


def test_a_point_is_named_as_the_front_names_it(analytic_study: Path) -> None:
    results = open_results(analytic_study)
    point = results.front().points[-1]
    assert chosen_run(results, f"{point.number}@1")[1].rounds == 1
    number, run = chosen_run(results, str(point.number))
    assert (number, run.rounds) == (point.number, point.run.rounds)
    with pytest.raises(FloptError, match="write a run, or run@round"):
        chosen_run(results, "best")
    with pytest.raises(FloptError, match="no finished run 999"):
        chosen_run(results, "999")


def test_the_prediction_is_what_the_front_expects_with_its_interval(analytic_study: Path) -> None:
    results = open_results(analytic_study)
    front = results.front()
    assert any(point.intervals for point in front.points)
    for point in front.points:
        expected = expected_accuracy(results, chosen_run(results, f"{point.number}@{point.run.rounds}")[1])
        assert expected.central == point.values["accuracy"]
        assert (expected.low, expected.high) == pytest.approx(point.intervals["accuracy"], abs=1e-12)


def test_a_repeat_is_predicted_as_its_plan_is(tmp_path: Path) -> None:
    study = {"oracle": "analytic", "space": "quick", "workers": 1, "replicates": 3, "budget": {"runs": 16}}
    results = tune({**study, "sampler": "random", "stopping": "none"}, out=tmp_path / "s")
    again, first = next((n, old) for n, old in enumerate(results.repeats) if old is not None)
    runs = [chosen_run(results, f"{number}@1")[1] for number in (first, again)]
    assert expected_accuracy(results, runs[0]) == expected_accuracy(results, runs[1])


def test_what_was_predicted_what_was_seen_and_what_is_real_stand_side_by_side(analytic_study: Path) -> None:
    results = open_results(analytic_study)
    _, run = chosen_run(results, "0")
    expected = expected_accuracy(results, run)
    same, other = (validation_facts(run, trace, expected) for trace in (run.trace, shifted(run.trace, -0.1)))
    assert same["largest_difference"] == 0
    assert other["largest_difference"] == pytest.approx(0.1)
    assert other["accuracy"] == {
        "predicted": expected.central,
        "predicted_low": expected.low,
        "predicted_high": expected.high,
        "search": run.accuracy,
        "real": pytest.approx(run.accuracy - 0.1),
    }
    assert (
        same["upload_bytes"]["search"] == same["upload_bytes"]["real"] == int(run.trace.columns["upload_bytes"].sum())
    )
    assert same["upload_bytes"]["predicted"] == run.upload_bytes


def test_the_command_prints_all_three(analytic_study: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    results = open_results(analytic_study)
    _, run = chosen_run(results, "0")
    expected = expected_accuracy(results, run)
    monkeypatch.setattr(validate, "run_for_real", lambda *_: run.trace)
    code, out, _ = command("validate", str(analytic_study), "--run", "0")
    assert (code, "bit for bit the same in every round" in out) == (0, True)
    head, accuracy = (line.split("  ") for line in out.splitlines()[1:3])
    assert [word.strip() for word in head if word] == ["predicted", "measured in the search", "measured by flwr run"]
    told = f"{expected.central:.4f} ({expected.low:.3f}-{expected.high:.3f})"
    assert [word.strip() for word in accuracy if word] == [
        "accuracy",
        told,
        f"{run.accuracy:.4f}",
        f"{run.accuracy:.4f}",
    ]
    assert f"against the prediction, flwr run: accuracy {run.accuracy - expected.central:+.4f}, download +" in out
    code, out, _ = command("validate", str(analytic_study), "--run", "0", "--json")
    assert json.loads(out)["accuracy"] == validation_facts(run, run.trace, expected)["accuracy"]


def test_a_study_of_no_app_is_misuse(analytic_study: Path, command: Command) -> None:
    code, _, err = command("validate", str(analytic_study), "--run", "0")
    assert (code, "the study has no task.flower_app" in err) == (2, True)
