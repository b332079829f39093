"""`flopt.figures`: an Axes for every kind, with no label over another, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from flopt import figures
from flopt.catalogue import load_objective
from flopt.errors import FloptError
from flopt.figures import KINDS, OVERLAID, Look
from flopt.results import Results, open_results
from flopt.search.problem import Limit


def studies(results: Results, kind: str) -> list[Results]:
    return [replace(results, plans=results.plans[:8], traces=results.traces[:8])] if kind in OVERLAID else []


def words(axes: Axes) -> list[tuple[str, Bbox]]:
    """Every text that is shown, with the place that it takes."""
    figure = axes.figure
    assert isinstance(figure, Figure)
    canvas: Any = FigureCanvasAgg(figure)  # it ships no types
    canvas.draw()
    renderer = canvas.get_renderer()
    return [(t.get_text(), t.get_window_extent(renderer)) for each in figure.axes for t in drawn(each)]


def drawn(axes: Axes) -> Iterator[Text]:
    """Labels, notes, the legend, and the ticks within the axes' limits."""
    legend = axes.get_legend()
    found = [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes.title, *(legend.get_texts() if legend else [])]
    for axis in (axes.xaxis, axes.yaxis):
        drawer: Any = axis
        for tick in drawer._update_ticks():  # those that are drawn
            found += [tick.label1, tick.label2]
    yield from (text for text in found if text.get_visible() and text.get_text().strip())


@pytest.mark.parametrize(("theme", "width_cm"), [("light", 12.0), ("dark", 8.0)])
@pytest.mark.parametrize("kind", KINDS)
def test_no_label_lies_over_another(
    analytic_study: Path, kind: str, theme: Literal["light", "dark"], width_cm: float
) -> None:
    results = open_results(analytic_study)
    axes = figures.draw(kind, results, others=studies(results, kind), look=Look(theme, width_cm))
    shown = words(axes)
    assert len(shown) > 5
    for (one, here), (other, there) in combinations(shown, 2):
        inner = Bbox.intersection(here, there)
        crossed = inner is not None and min(inner.width, inner.height) > 1.5
        assert not crossed, f"{one!r} and {other!r}"
    figure = axes.figure
    assert isinstance(figure, Figure)
    width, height = figure.get_size_inches() * figure.dpi
    for text, box in shown:
        assert box.x0 > -2, text
        assert box.x1 < width + 2, text
        assert box.y0 > -2, text
        assert box.y1 < height + 2, text


def test_a_user_s_own_axes_are_drawn_on(five_runs: Results) -> None:
    axes = Figure().subplots(1, 2)
    assert figures.front(five_runs, look=Look(axes=axes[1])) is axes[1]
    assert not axes[0].get_lines()


def test_objectives_of_the_user_s_own_have_their_units(analytic_study: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from flopt import objective\n@objective(direction='minimize', unit='<script>$')\n"
        "def water(run):\n    return 1.8 * run.energy_kwh\n",
        encoding="utf-8",
    )
    axes = figures.front(analytic_study, objectives=["accuracy", str(tmp_path / "own.py")])
    assert axes.get_xlabel() == r"water (<script>\$)"
    figures.save(axes, tmp_path / "own.svg")
    assert "<script" not in (tmp_path / "own.svg").read_text(encoding="utf-8")


def test_what_a_kind_cannot_use_is_refused(five_runs: Results) -> None:
    with pytest.raises(FloptError, match="no kind of figure 'fronts'; did you mean 'front'"):
        figures.draw("fronts", five_runs)
    with pytest.raises(FloptError, match="plot parts: --with has no effect on it; it is for front, price"):
        figures.draw("parts", five_runs, others=[five_runs])
    with pytest.raises(FloptError, match="plot plans: a limit has no effect on it"):
        figures.draw("plans", five_runs, limits=[Limit(load_objective("accuracy"), at_least=0.5)])
    with pytest.raises(FloptError, match="plot front: --country has no effect on it; it is for countries"):
        figures.draw("front", five_runs, places=["FRA"])


def test_one_run_and_one_objective_are_pictures(five_runs: Results, tmp_path: Path) -> None:
    one = replace(five_runs, plans=five_runs.plans[:1], traces=five_runs.traces[:1])
    for kind in ("front", "parts", "trajectories", "price", "plans", "countries", "history"):
        figures.save(figures.draw(kind, one), tmp_path / f"{kind}.svg")
    five = ["accuracy", "co2e", "energy", "duration", "traffic"]
    for objectives in (["accuracy"], five):
        for kind in ("front", "parts", "trajectories", "plans", "history"):
            axes = figures.draw(kind, five_runs, objectives=objectives)
            figures.save(axes, tmp_path / f"{kind}{len(objectives)}.svg")
