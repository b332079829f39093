"""Trajectories: every run, and who owns the front."""

from __future__ import annotations

from matplotlib.figure import Figure

from flopt.drawing.trajectories import draw_trajectories, trajectories_figure
from flopt.results import Results


def test_runs_and_owners(five_runs: Results) -> None:
    facts = trajectories_figure(five_runs)
    assert {run: values.tolist() for run, values in facts.runs.items()} == {
        0: [0.4, 0.6, 0.7], 1: [0.5, 0.8], 2: [0.3, 0.65], 3: [0.2],
    }  # fmt: skip
    assert facts.owned == {0: [1, 2], 1: [1, 2]}


def test_owners_are_named(five_runs: Results) -> None:
    axes = draw_trajectories(trajectories_figure(five_runs), Figure().add_subplot())
    assert axes.get_legend_handles_labels()[1] == ["run 0 (2)", "run 1 (2)"]
    assert len(axes.get_lines()) == 4 + 2
