"""Plans: the front as parallel coordinates."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from flopt.drawing.plans import draw_plans, plans_figure
from flopt.errors import FloptError
from flopt.results import Results


def test_what_differs_on_the_front_has_an_axis(five_runs: Results) -> None:
    facts = plans_figure(five_runs)
    assert [each.name for each in facts.coordinates] == ["rounds", "epochs", "co2e", "accuracy"]
    rounds, epochs, _, accuracy = facts.coordinates
    assert rounds.height.tolist() == [0, 0, 1, 1]
    assert rounds.ends == ("1", "2")
    assert epochs.height.tolist() == [0, 1, 0, 1]
    assert accuracy.height.tolist() == pytest.approx([0, 0.25, 0.5, 1])
    assert facts.shade_name == "accuracy"
    assert facts.knee == 1


def test_an_empty_front_has_no_plans(five_runs: Results) -> None:
    with pytest.raises(FloptError, match="plans: the front has no point"):
        plans_figure(replace(five_runs, plans=(), traces=()))


def test_there_is_a_line_for_each_point(five_runs: Results) -> None:
    axes = draw_plans(plans_figure(five_runs), Figure().add_subplot())
    assert len(axes.get_lines()) == 4 + 1 + 4  # plans, the knee again, upright axes
