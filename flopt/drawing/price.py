"""The price: what one more point of accuracy costs, along the front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from flopt.drawing.front import axes_of, sources
from flopt.drawing.style import LINES, MARKERS, THEMES, Theme, axis_label, legend, log_scale, note, plain
from flopt.errors import FloptError
from flopt.fronts import Front
from flopt.objectives import Objective
from flopt.reading.rate import POINT, rate
from flopt.results import Results

__all__ = ["PriceFigure", "draw_price", "price_figure"]

Array = NDArray[np.float64]


class PriceFigure(NamedTuple):
    """For each point of the front, what a further point of its gain costs from the next cheaper one."""

    x_label: str
    y_label: str
    curves: dict[str, Array]
    """Study -> shape (points, 2): the gain reached, and the price of a further point of it; no price for the first."""
    knee: tuple[float, float] | None
    notes: tuple[str, ...]


def price_figure(results: Results, *, others: Sequence[tuple[str, Results]] = (), name: str = "front") -> PriceFigure:
    """The facts, for one objective that is maximised and one that is minimised."""
    front = results.front()
    cost, gain = axes_of(front)
    if len(front.objectives) != 2 or cost.direction != "minimize" or gain.direction != "maximize":
        names = ", ".join(f"{o.name} ({o.direction})" for o in front.objectives)
        raise FloptError(f"price: it needs one objective to maximise and one to minimise; these are {names}")
    curves = {name: _curve(front, cost, gain)} | {label: _curve(o.front(), cost, gain) for label, o in others}
    own = curves[name]
    knee = front.points.index(front.knee()) if front.points else 0
    return PriceFigure(
        axis_label(gain),
        f"{cost.name} of +{POINT:g} {gain.name}" + (f" ({cost.unit})" if cost.unit else ""),
        curves,
        (float(own[knee - 1, 0]), float(own[knee - 1, 1])) if knee else None,
        sources(results.problem),
    )


def _curve(front: Front, cost: Objective, gain: Objective) -> Array:
    """The first point has nothing to be dearer than, and is left out."""
    pairs = np.array([[gain(point.run), cost(point.run)] for point in front.points]).reshape(-1, 2)
    return np.column_stack([pairs[:, 0], rate(pairs[:, 0], pairs[:, 1])])[1:]


def draw_price(facts: PriceFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """Steps: the price holds from the point before up to this one."""
    for number, (name, curve) in enumerate(facts.curves.items()):
        style = {"marker": MARKERS[number % 8], "linestyle": LINES[number % 8], "markersize": 3.2, "linewidth": 1}
        axes.step(*curve.T, where="pre", color=theme.series[number % 8], label=plain(name), **style)
    if facts.knee is not None:
        axes.plot(*facts.knee, "D", color=theme.accent, markersize=7, mec=theme.paper, label="knee", zorder=5)
    prices = np.concatenate([curve[:, 1] for curve in facts.curves.values()])
    if len(prices) and prices.min() > 0:
        log_scale(axes.yaxis, float(prices.min()), float(prices.max()))
    axes.set(xlabel=facts.x_label, ylabel=plain(facts.y_label))
    axes.grid(visible=True, linewidth=0.3, alpha=0.4)
    legend(axes)
    note(axes, [*facts.notes, "each step: from the next cheaper point of the front"], theme)
    return axes
