"""Countries: the same runs, priced as if clients and server stood elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from flopt.drawing.front import axes_of, sources
from flopt.drawing.style import LINES, MARKERS, THEMES, Theme, axis_label, legend, log_scale, note
from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError
from flopt.reading.compare import COUNTRIES
from flopt.results import Results

__all__ = ["CountriesFigure", "CountryFront", "countries_figure", "draw_countries"]

Array = NDArray[np.float64]


class CountryFront(NamedTuple):
    """The front in one country."""

    country: str
    g_per_kwh: float
    points: Array
    """Shape (points, 2)."""
    knee: tuple[str, int] | None
    """run@round of the knee, and its row; None where there is none."""


class CountriesFigure(NamedTuple):
    """Fronts of the same runs, from the cleanest grid to the dirtiest."""

    x_label: str
    y_label: str
    fronts: tuple[CountryFront, ...]
    notes: tuple[str, ...]


def countries_figure(results: Results, *, countries: Sequence[str] = COUNTRIES) -> CountriesFigure:
    """The facts: everything in one country at a time, at its annual mean; nothing is trained."""
    if len(results.problem.objectives) < 2:
        raise FloptError("countries: it needs two objectives, one of them an emission")
    if isinstance(results.problem.pricing.grid, int | float):
        raise FloptError("countries: the study's grid is one number everywhere (pricing.grid)")
    found = sorted((_front(results, country) for country in countries), key=lambda each: each.g_per_kwh)
    x, y = axes_of(results.front())
    return CountriesFigure(axis_label(x), axis_label(y), tuple(found), sources(results.problem))


def _front(results: Results, country: str) -> CountryFront:
    annual_grid().checked(country, "--country")
    pricing = replace(results.problem.pricing, country=country, server_country=None, start=None, flat=False)
    problem = replace(results.problem, pricing=pricing)
    front = replace(results, problem=problem).front()
    x, y = axes_of(front)
    points = np.array([[x(point.run), y(point.run)] for point in front.points]).reshape(-1, 2)
    knee = None
    if front.points and len(front.objectives) == 2:
        point = front.knee()
        knee = f"{point.number}@{point.run.rounds}", front.points.index(point)
    return CountryFront(country, problem.pricer.grid[country].g_per_kwh, points, knee)


def draw_countries(facts: CountriesFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """Stairs, one for each country, with the knee of each."""
    for number, each in enumerate(facts.fronts):
        style = {"linestyle": LINES[number % len(LINES)], "marker": MARKERS[number % len(MARKERS)], "markersize": 2.5}
        colour = theme.series[number % len(theme.series)]
        name = f"{each.country} {each.g_per_kwh:.0f}"
        axes.step(*each.points.T, where="post", color=colour, linewidth=1, label=name, **style)
        if each.knee is not None:
            axes.plot(*each.points[each.knee[1]], "D", color=theme.ink, markersize=5, zorder=5, mec=theme.paper)
    values = np.concatenate([each.points[:, 0] for each in facts.fronts])
    if len(values) and values.min() > 0:
        log_scale(axes.xaxis, float(values.min()), float(values.max()))
    axes.set(xlabel=facts.x_label, ylabel=facts.y_label)
    axes.grid(visible=True, linewidth=0.3, alpha=0.4)
    legend(axes)
    text = "clients and server in one country, its annual mean in g CO2e/kWh; black: the knee of each"
    note(axes, [*facts.notes, text.replace("black", "diamond")], theme)
    return axes
