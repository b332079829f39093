"""Countries: the same runs, elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from flopt.drawing.countries import countries_figure, draw_countries
from flopt.errors import FloptError
from flopt.results import Results


def test_kilograms_follow_the_intensity(five_runs: Results) -> None:
    facts = countries_figure(five_runs, countries=["IND", "SWE"])
    sweden, india = facts.fronts
    assert (sweden.country, india.country) == ("SWE", "IND")
    ratio = india.points[:, 0] / sweden.points[:, 0]
    assert ratio.tolist() == pytest.approx([india.g_per_kwh / sweden.g_per_kwh] * 4)
    assert sweden.points[:, 1].tolist() == [0.4, 0.5, 0.6, 0.8]
    assert sweden.knee == india.knee == ("1@1", 1)


def test_what_cannot_move_says_so(five_runs: Results) -> None:
    pricing = replace(five_runs.problem.pricing, grid=100.0)
    with pytest.raises(FloptError, match="the study's grid is one number everywhere"):
        countries_figure(replace(five_runs, problem=replace(five_runs.problem, pricing=pricing)))
    with pytest.raises(FloptError, match="XXX"):
        countries_figure(five_runs, countries=["XXX"])


def test_each_country_is_named_with_its_grid(five_runs: Results) -> None:
    axes = draw_countries(countries_figure(five_runs, countries=["SWE", "IND"]), Figure().add_subplot())
    assert [name.split()[0] for name in axes.get_legend_handles_labels()[1]] == ["SWE", "IND"]
