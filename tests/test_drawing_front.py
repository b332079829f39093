"""The picture of a front: its facts against a study made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from flopt.catalogue import load_objective
from flopt.drawing.front import draw_front, front_figure, save_front
from flopt.errors import FloptError
from flopt.results import Results, rescored
from flopt.search.problem import Limit

SIGNATURES = {".png": b"\x89PNG\r\n", ".svg": b"<?xml", ".pdf": b"%PDF"}


def kg(results: Results, run: int, rounds: int) -> float:
    return results.candidates()[run].run.until(rounds).co2e_kg


def test_the_facts_are_the_study_s(five_runs: Results) -> None:
    facts = front_figure(five_runs)
    assert (facts.x_label, facts.y_label) == ("expected CO2e of the training (kg)", "validation accuracy")
    expected = [(0, 1, 0.4), (1, 1, 0.5), (0, 2, 0.6), (1, 2, 0.8)]
    assert facts.front.tolist() == [[kg(five_runs, run, r), accuracy] for run, r, accuracy in expected]
    # scaled to [0, 1], the losses of the four points sum to 1, 0.94, 1.11 and 1: the second is the knee
    assert (facts.knee, facts.recommended) == (1, 1)
    assert [path[:, 1].tolist() for path in facts.trajectories] == [[0.4, 0.6, 0.7], [0.5, 0.8], [0.3, 0.65], [0.2]]
    # runs 0, 2 and 3 end off the front; run 1 ends on it, and run 4 failed
    assert facts.dominated[:, 1].tolist() == [0.7, 0.65, 0.2]
    assert facts.log_x
    assert facts.stepped
    assert facts.notes[0].endswith("analytic curve, not a measurement; emissions predicted")


def test_bars_are_the_ranges_of_the_coefficients(five_runs: Results) -> None:
    facts = front_figure(five_runs)
    assert facts.x_ranges is not None
    assert (facts.x_ranges[:, 0] < facts.front[:, 0]).all()
    assert (facts.front[:, 0] < facts.x_ranges[:, 1]).all()
    assert facts.y_ranges is None  # one seed: the accuracies are taken as they were seen


def test_the_baseline_is_a_point_once_a_run_has_trained_it(five_runs: Results) -> None:
    facts = front_figure(five_runs)
    predicted = five_runs.problem.run(five_runs.problem.base).co2e_kg
    assert facts.baseline == (predicted, None)
    trained = replace(five_runs, problem=replace(five_runs.problem, base=five_runs.plans[1]))
    assert front_figure(trained).baseline == (kg(five_runs, 1, 2), 0.8)


def test_the_centralised_reference_is_that_of_compare(five_runs: Results) -> None:
    facts = front_figure(five_runs)
    assert facts.centralised is not None
    assert 0 < facts.centralised < facts.front[0, 0]
    assert front_figure(rescored(five_runs, ["accuracy", "traffic"])).centralised is None


def test_limits_lie_on_their_axis_and_choose_the_recommended_point(five_runs: Results) -> None:
    accuracy = load_objective("accuracy")
    limits = (Limit(accuracy, at_least=0.35), Limit(load_objective("co2e"), at_most=1e-6))
    limited = replace(five_runs, problem=replace(five_runs.problem, limits=limits))
    facts = front_figure(limited, limits=[Limit(accuracy, at_least=0.55)])
    assert (facts.x_limits, facts.y_limits) == ((1e-6,), (0.35,))
    assert facts.recommended == 2
    lines = draw_front(facts, Figure().add_subplot()).get_lines()
    assert sum(line.get_linestyle() == ":" for line in lines) == 2


def test_other_objectives_have_their_names_and_units(five_runs: Results) -> None:
    facts = front_figure(rescored(five_runs, ["energy", "accuracy", "traffic"]))
    assert (facts.x_label, facts.y_label) == ("traffic (byte)", "energy (kWh)")
    assert not facts.stepped
    assert facts.knee is None
    alone = front_figure(rescored(five_runs, ["accuracy"]))
    assert alone.x_label == "rounds"
    assert alone.front.tolist() == [[2, 0.8]]


def test_another_study_lies_over_it(five_runs: Results) -> None:
    part = replace(five_runs, plans=five_runs.plans[:1], traces=five_runs.traces[:1])
    (overlay,) = front_figure(five_runs, others=[("part", part)]).overlays
    assert overlay.points[:, 1].tolist() == [0.4, 0.6, 0.7]


def test_the_drawing_shows_the_facts(five_runs: Results) -> None:
    facts = front_figure(five_runs)
    axes = draw_front(facts, Figure().add_subplot())
    labelled = {str(line.get_label()): np.column_stack(line.get_data()) for line in axes.get_lines()}
    assert labelled["front"].tolist() == facts.front.tolist()
    assert labelled["knee, recommended"].tolist() == [facts.front[1].tolist()]
    assert axes.get_xscale() == "log"


@pytest.mark.parametrize("suffix", SIGNATURES)
def test_equal_fronts_give_equal_files(five_runs: Results, tmp_path: Path, suffix: str) -> None:
    files = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
    for file in files:
        save_front(five_runs, file)
    one, two = (file.read_bytes() for file in files)
    assert one == two
    assert one.startswith(SIGNATURES[suffix])


def test_no_points_are_a_picture_too(five_runs: Results, tmp_path: Path) -> None:
    save_front(replace(five_runs, plans=(), traces=()), tmp_path / "empty.PNG")
    assert (tmp_path / "empty.PNG").stat().st_size > 3000


@pytest.mark.parametrize("name", ["front.jpg", "front", "png"])
def test_another_suffix_is_refused_and_nothing_written(five_runs: Results, tmp_path: Path, name: str) -> None:
    with pytest.raises(FloptError, match=r"must end in \.png, \.svg, \.pdf"):
        save_front(five_runs, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_doubtful_points_are_a_grey_band(five_runs: Results) -> None:
    facts = front_figure(five_runs)
    assert not len(facts.doubtful)
    assert "grey" not in " ".join(facts.notes)
    doubtful = facts._replace(doubtful=facts.front[:1] * 1.1, doubtful_ranges=np.array([[0.1, 0.9]]))
    plain, banded = (draw_front(each, Figure().add_subplot()) for each in (facts, doubtful))
    assert "doubtful" not in plain.get_legend_handles_labels()[1]
    assert "doubtful" in banded.get_legend_handles_labels()[1]
