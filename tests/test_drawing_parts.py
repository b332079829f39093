"""Parts: what each point of the front emits for."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from flopt.drawing.parts import draw_parts, parts_figure
from flopt.results import Results


def test_the_parts_of_every_point_add_up(five_runs: Results) -> None:
    facts = parts_figure(five_runs)
    assert facts.points == ("0@1", "1@1", "0@2", "1@2")
    assert facts.knee == 1
    assert list(facts.kg) == ["training", "waiting", "download", "upload", "network", "server"]
    expected = [point.run.co2e_kg for point in five_runs.front().points]
    assert facts.total_kg.tolist() == pytest.approx(expected, rel=1e-12)


def test_a_long_front_shows_both_ends_and_its_knee(five_runs: Results) -> None:
    facts = parts_figure(five_runs, bars=2)
    assert facts.points == ("0@1", "1@1", "1@2")
    assert (facts.knee, facts.of) == (1, 4)


def test_bars_are_shares(five_runs: Results) -> None:
    axes = draw_parts(parts_figure(five_runs), Figure().add_subplot())
    heights = [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]
    assert sum(heights) == pytest.approx(4 * 100)
    assert axes.get_xticklabels()[0].get_text().startswith("0@1, 42.2 ")
