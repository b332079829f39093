"""Attainment: what some, half and all of several fronts reach."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from flopt.drawing.attainment import attainment_figure, draw_attainment
from flopt.errors import FloptError
from flopt.results import Results, rescored


def only(results: Results, *runs: int) -> Results:
    plans, traces = [results.plans[run] for run in runs], [results.traces[run] for run in runs]
    return replace(results, plans=tuple(plans), traces=tuple(traces))


def test_surfaces_of_two_studies_are_the_better_and_the_worse(five_runs: Results) -> None:
    facts = attainment_figure(only(five_runs, 0), others=[("other", only(five_runs, 1))])
    kg = {(c.number, r): c.run.until(r).co2e_kg for c in five_runs.candidates() for r in range(1, c.run.length + 1)}
    assert facts.over == "2 studies"
    best = [[kg[0, 1], 0.4], [kg[1, 1], 0.5], [kg[0, 2], 0.6], [kg[1, 2], 0.8]]
    assert facts.surfaces[0].tolist() == best
    # both: run 0 has 0.4 from its first round, run 1 from its own; and so on
    assert facts.surfaces[100].tolist() == [[kg[1, 1], 0.4], [kg[0, 2], 0.5], [kg[1, 2], 0.6], [kg[0, 3], 0.7]]


def test_seeds_of_one_study_are_told_apart(five_runs: Results) -> None:
    traces = tuple(replace(t, seed=n % 2) if t is not None else t for n, t in enumerate(five_runs.traces))
    assert attainment_figure(replace(five_runs, traces=traces)).over == "2 seeds"


def test_one_front_has_nothing_to_be_compared_with(five_runs: Results) -> None:
    with pytest.raises(FloptError, match=r"this is 1 \(of 1 seed\); add studies by --with DIR"):
        attainment_figure(five_runs)
    with pytest.raises(FloptError, match="two objectives, not 1"):
        attainment_figure(rescored(five_runs, ["accuracy"]))


def test_it_is_drawn(five_runs: Results) -> None:
    facts = attainment_figure(only(five_runs, 0), others=[("other", only(five_runs, 1))])
    axes = draw_attainment(facts, Figure().add_subplot())
    assert axes.get_legend_handles_labels()[1] == ["middle half", "half", "the best of all", "every one"]
