"""Hours: the recommended plan by the hour at which it starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from flopt.catalogue import load_objective
from flopt.drawing.hours import draw_hours, hours_figure
from flopt.errors import FloptError
from flopt.results import Results
from flopt.search.problem import Limit


def test_each_hour_is_priced_as_estimate_does(five_runs: Results) -> None:
    facts = hours_figure(five_runs, days=2)
    assert facts.plan == "1@1"
    assert facts.kg.shape == (2, 24)
    pricing = replace(five_runs.problem.pricing, start="2019-06-04T05:00")
    (plan,) = {point.run.plan for point in five_runs.front().points if point.number == 1 and point.run.rounds == 1}
    assert facts.kg[1, 5] == replace(five_runs.problem, pricing=pricing).run(plan).co2e_kg
    assert facts.annual_kg == five_runs.problem.run(plan).co2e_kg
    assert facts.best_hour == int(np.median(facts.kg, axis=0).argmin())


def test_no_point_has_no_hour(five_runs: Results) -> None:
    with pytest.raises(FloptError, match="hours: the front has no point"):
        hours_figure(five_runs, limits=[Limit(load_objective("accuracy"), at_least=0.9)])


def test_the_axis_has_a_handy_unit(five_runs: Results) -> None:
    axes = draw_hours(hours_figure(five_runs, days=1), Figure().add_subplot())
    assert axes.get_ylabel() == "expected CO2e (µg)"
