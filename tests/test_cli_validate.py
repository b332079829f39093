from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flopt.cli import validate
from flopt.cli.validate import chosen_run, validation_facts
from flopt.errors import FloptError
from flopt.results import open_results
from flopt.trace import Trace

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


def test_what_was_seen_and_what_is_real_stand_side_by_side(analytic_study: Path) -> None:
    _, run = chosen_run(open_results(analytic_study), "0")
    same, other = validation_facts(run, run.trace), validation_facts(run, shifted(run.trace, -0.1))
    assert same["largest_difference"] == 0
    assert other["largest_difference"] == pytest.approx(0.1)
    assert (
        same["upload_bytes"]["search"] == same["upload_bytes"]["real"] == int(run.trace.columns["upload_bytes"].sum())
    )
    assert same["upload_bytes"]["predicted"] == run.upload_bytes


def test_the_command_prints_both(analytic_study: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    _, run = chosen_run(open_results(analytic_study), "0")
    monkeypatch.setattr(validate, "run_for_real", lambda *_: run.trace)
    code, out, _ = command("validate", str(analytic_study), "--run", "0")
    assert (code, "bit for bit the same in every round" in out) == (0, True)
    code, out, _ = command("validate", str(analytic_study), "--run", "0", "--json")
    assert json.loads(out)["accuracy"] == {"search": run.accuracy, "real": run.accuracy}


def test_a_study_of_no_app_is_misuse(analytic_study: Path, command: Command) -> None:
    code, _, err = command("validate", str(analytic_study), "--run", "0")
    assert (code, "the study has no task.flower_app" in err) == (2, True)
