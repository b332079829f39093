"""History: how the front grew, and for what."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from flopt.drawing.history import draw_history, history_figure
from flopt.results import Results, kg_per_cpu_s
from flopt.search.volume import box_of


def test_rounds_kilograms_and_volume_after_every_run(five_runs: Results) -> None:
    curve = history_figure(five_runs).curves["front"]
    assert curve[:, 0].tolist() == [0, 3, 5, 7, 8, 8]  # three, two, two, one round; the failed run has none
    assert curve[:, 1].tolist() == pytest.approx([2 * n * kg_per_cpu_s(five_runs.study) for n in range(6)])
    shares = curve[:, 2]
    assert shares[0] == 0
    assert 0 < shares[1] < shares[2] == shares[3] == shares[4] == shares[5] < 1  # runs 2 to 4 add nothing
    assert shares[-1] == box_of(five_runs.problem).share(values(five_runs))


def values(results: Results) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    front = results.front()
    return np.array([[point.values[o.name] for o in front.objectives] for point in front.points])


def test_two_studies_share_one_box(five_runs: Results) -> None:
    facts = history_figure(five_runs, others=[("again", five_runs)], name="one")
    assert facts.curves["one"].tolist() == facts.curves["again"].tolist()
    axes = draw_history(facts, Figure().add_subplot())
    assert axes.get_legend_handles_labels()[1] == ["one", "again"]


def test_the_top_says_what_the_search_emitted(five_runs: Results) -> None:
    axes = draw_history(history_figure(five_runs), Figure().add_subplot())
    upper = axes.figure.axes[1]
    assert upper.get_xlabel() == "CO2e of the search itself (estimated)"
