"""The style: files, themes, axes that stay readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from flopt.drawing.style import LINES, MARKERS, THEMES, axis_label, canvas, log_scale, save, theme_of
from flopt.errors import FloptError
from flopt.objectives import Objective


def test_series_are_told_apart_without_colour() -> None:
    assert len(set(map(str, LINES))) == len(MARKERS) == len(set(MARKERS)) == 8
    for theme in THEMES.values():
        assert len(set(theme.series)) == 8
        assert theme.paper not in theme.series


def test_an_unknown_theme_or_width_is_refused() -> None:
    with pytest.raises(FloptError, match="no theme 'sepia'"):
        theme_of("sepia")
    with pytest.raises(FloptError, match=r"width = 2 cm: must be between 4 and 60"):
        canvas(THEMES["light"], 2)


@pytest.mark.parametrize(("low", "high"), [(1e-9, 1e-3), (1e-7, 5e-6), (0.2, 0.9), (3.0, 4.0), (1e-6, 1e-6)])
def test_a_log_axis_has_a_few_labels_whatever_its_range(low: float, high: float) -> None:
    axes = canvas(THEMES["light"], 8)
    axes.plot([low, high], [0, 1])
    log_scale(axes.xaxis, low, high)
    axes.figure.canvas.draw()
    first, last = sorted(axes.get_xlim())
    shown = [t for t in axes.get_xticklabels() if t.get_text() and first <= t.get_position()[0] <= last]
    assert 1 <= len(shown) <= 8


def test_units_may_hold_a_dollar() -> None:
    assert axis_label(Objective("price", lambda _: 0.0, "minimize", "$")) == r"price (\$)"


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match="No such file"):
        save(canvas(THEMES["light"]), tmp_path / "missing" / "x.png")
