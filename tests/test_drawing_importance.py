"""Importance: Optuna's PED-ANOVA on the finished runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from flopt.drawing.importance import draw_importance, importance_figure
from flopt.errors import FloptError
from flopt.results import Results, open_results


def test_every_knob_has_a_share_for_each_objective(five_runs: Results) -> None:
    facts = importance_figure(five_runs)
    assert facts.objectives == ("accuracy", "co2e")
    assert set(facts.shares) == {"rounds", "local_epochs", "client_fraction", "uplink.kind", "uplink.level"}
    for column in range(2):
        assert sum(each[column] for each in facts.shares.values()) == pytest.approx(1)
    assert facts.runs == 4
    assert max(facts.shares["uplink.kind"]) == pytest.approx(0, abs=0.02)  # the same in all runs


def test_the_knob_that_decides_comes_first(analytic_study: Path) -> None:
    facts = importance_figure(open_results(analytic_study))
    first = next(iter(facts.shares.values()))
    assert max(first) == max(share for each in facts.shares.values() for share in each)


def test_a_few_runs_say_nothing(five_runs: Results) -> None:
    few = replace(five_runs, plans=five_runs.plans[:2], traces=five_runs.traces[:2])
    with pytest.raises(FloptError, match="needs at least 4 finished runs of a search; this has 2"):
        importance_figure(few)


def test_there_is_a_bar_for_each_share(five_runs: Results) -> None:
    assert len(draw_importance(importance_figure(five_runs), Figure().add_subplot()).patches) == 10
