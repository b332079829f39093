"""Figures: the facts that a picture shows, and files that are equal where the fronts are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from flopt.catalogue import load_objective
from flopt.errors import FloptError
from flopt.fronts import Front
from flopt.reading.figures import draw_front, front_figure, save_front
from flopt.results import Results, open_results, rescored
from flopt.search.problem import Limit

SIGNATURES = {".png": b"\x89PNG\r\n", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture(scope="module")
def results(analytic_study: Path) -> Results:
    return open_results(analytic_study)


def test_the_facts_are_the_front_s(results: Results) -> None:
    front, candidates = results.front(), results.candidates()
    facts = front_figure(front, candidates, results.problem)
    assert facts.x_label == "expected CO2e of the training (kg)"
    assert facts.y_label == "validation accuracy"
    assert facts.front.tolist() == [[p.values["co2e"], p.values["accuracy"]] for p in front.points]
    assert facts.knee is not None
    assert front.points[facts.knee] is front.knee()
    assert facts.stepped
    assert facts.log_x
    assert facts.x_limits == facts.y_limits == ()
    assert facts.note == "digits/natural/mlp, fleet phones_europe; analytic curve, not a measurement"


def test_every_round_of_every_run_is_drawn(results: Results) -> None:
    candidates = results.candidates()
    facts = front_figure(results.front(), candidates, results.problem)
    assert [len(path) for path in facts.trajectories] == [candidate.run.length for candidate in candidates]
    shown = {tuple(point) for path in facts.trajectories for point in path}
    assert {tuple(point) for point in facts.front} <= shown


def test_limits_lie_on_their_own_axis(results: Results) -> None:
    limits = (
        Limit(load_objective("accuracy"), at_least=0.8, at_most=0.9),
        Limit(load_objective("co2e"), at_most=1e-6),
        Limit(load_objective("duration"), at_most=60),
    )
    facts = front_figure(results.front(), results.candidates(), replace(results.problem, limits=limits))
    assert (facts.x_limits, facts.y_limits) == ((1e-6,), (0.8, 0.9))
    lines = draw_front(facts, Figure().add_subplot()).get_lines()
    assert sum(line.get_linestyle() == ":" for line in lines) == 3


def test_a_real_measurement_says_so(results: Results) -> None:
    problem = replace(results.problem, oracle="simulated")
    assert front_figure(results.front(), [], problem).note.endswith("; accuracy measured (simulated)")


def test_other_objectives_have_their_names_and_units(results: Results) -> None:
    other = rescored(results, ["energy", "accuracy", "traffic"])
    facts = front_figure(other.front(), other.candidates(), other.problem)
    assert (facts.x_label, facts.y_label) == ("traffic (byte)", "energy (kWh)")
    assert not facts.stepped  # a front of three objectives is no line in two of them
    assert facts.knee is None


def test_one_objective_is_drawn_over_its_rounds(results: Results) -> None:
    alone = rescored(results, ["accuracy"])
    facts = front_figure(alone.front(), alone.candidates(), alone.problem)
    assert (facts.x_label, facts.y_label, facts.knee) == ("rounds", "validation accuracy", None)
    (point,) = alone.front().points
    assert facts.front.tolist() == [[point.run.rounds, point.values["accuracy"]]]
    assert facts.trajectories[0][:, 0].tolist() == list(range(1, alone.candidates()[0].run.length + 1))


def test_the_drawing_shows_the_facts(results: Results) -> None:
    facts = front_figure(results.front(), results.candidates(), results.problem)
    axes = draw_front(facts, Figure().add_subplot())
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale()) == (facts.x_label, facts.y_label, "log")
    labelled = {str(line.get_label()): np.column_stack(line.get_data()) for line in axes.get_lines()}
    assert labelled["front"].tolist() == facts.front.tolist()
    assert facts.knee is not None
    assert labelled["knee"].tolist() == [facts.front[facts.knee].tolist()]


@pytest.mark.parametrize("suffix", SIGNATURES)
def test_equal_fronts_give_equal_files(results: Results, tmp_path: Path, suffix: str) -> None:
    files = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
    for file in files:
        save_front(results.front(), results.candidates(), results.problem, file)
    one, two = (file.read_bytes() for file in files)
    assert one == two
    assert one.startswith(SIGNATURES[suffix])
    assert len(one) > 5000


def test_a_front_without_points_is_a_picture_too(results: Results, tmp_path: Path) -> None:
    empty = Front(results.problem.objectives, ())
    save_front(empty, [], results.problem, tmp_path / "empty.PNG")
    assert (tmp_path / "empty.PNG").stat().st_size > 5000


@pytest.mark.parametrize("name", ["front.jpg", "front", "png"])
def test_another_suffix_is_refused_and_nothing_written(results: Results, tmp_path: Path, name: str) -> None:
    with pytest.raises(FloptError, match=rf"picture .*{name}: must end in \.png, \.svg, \.pdf"):
        save_front(results.front(), [], results.problem, tmp_path / name)
    assert list(tmp_path.iterdir()) == []
