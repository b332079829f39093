"""Hours: what the start hour does to the emissions of the recommended plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from flopt.drawing.front import sources
from flopt.drawing.style import THEMES, Theme, legend, note
from flopt.emissions.series import utc_time
from flopt.errors import FloptError
from flopt.reading.recommend import recommend
from flopt.results import Results
from flopt.search.problem import Limit
from flopt.units import quantity

__all__ = ["DAYS", "FIRST", "HoursFigure", "draw_hours", "hours_figure"]

Array = NDArray[np.float64]

FIRST = "2019-06-03T00:00"
"""The first hour where the study names none: a Monday of the year of the shipped hours."""
DAYS = 7


class HoursFigure(NamedTuple):
    """kg CO2e of one plan by the hour of the day at which it starts."""

    plan: str
    first: str
    kg: Array
    """Shape (days, 24)."""
    annual_kg: float
    """The same plan at the annual means."""
    notes: tuple[str, ...]

    @property
    def best_hour(self) -> int:
        """Hour of the day (UTC) with the lowest median."""
        return int(np.argmin(np.median(self.kg, axis=0)))


def hours_figure(results: Results, *, limits: Sequence[Limit] = (), days: int = DAYS) -> HoursFigure:
    """The facts: the recommended point priced at every whole hour of `days` days, in hindsight."""
    found = recommend(results.front(), limits)
    if found is None:
        raise FloptError("hours: the front has no point within the limits")
    pricing, run = results.problem.pricing, found.point.run
    first = utc_time(pricing.start or FIRST, "pricing: start").replace(hour=0, minute=0)
    annual = replace(results.problem, pricing=replace(pricing, start=None, flat=False))

    def kg(hour: int) -> float:
        start = f"{first + timedelta(hours=hour):%Y-%m-%dT%H:%M}"
        return replace(results.problem, pricing=replace(pricing, start=start)).run(run.plan).co2e_kg

    table = np.array([kg(hour) for hour in range(24 * days)]).reshape(days, 24)
    plan = f"{found.point.number}@{run.rounds}"
    return HoursFigure(plan, f"{first:%Y-%m-%d}", table, annual.run(run.plan).co2e_kg, sources(results.problem))


def draw_hours(facts: HoursFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """The median over the days, their range as a band, the annual mean as a line."""
    hours, middle = np.arange(24), np.median(facts.kg, axis=0)
    unit, size = _unit(float(facts.kg.max()))
    low, high = facts.kg.min(axis=0) * size, facts.kg.max(axis=0) * size
    axes.fill_between(hours, low, high, color=theme.main, alpha=0.2, linewidth=0, label=f"{len(facts.kg)} days")
    axes.plot(hours, middle * size, "o-", color=theme.main, markersize=3, linewidth=1.2, label="median")
    axes.axhline(facts.annual_kg * size, color=theme.ink, linestyle="--", linewidth=1, label="annual mean")
    best = facts.best_hour
    axes.plot(best, middle[best] * size, "D", color=theme.accent, markersize=6, label=f"best: {best} h", zorder=5)
    axes.set(xlabel="start hour (UTC)", ylabel=f"expected CO2e ({unit})", xlim=(-0.5, 23.5), ylim=(0, None))
    axes.set_xticks(range(0, 24, 3))
    axes.grid(visible=True, linewidth=0.3, alpha=0.4)
    legend(axes)
    saved = 1 - middle[best] / np.median(facts.kg)
    text = f"plan {facts.plan}, {len(facts.kg)} days from {facts.first}, in hindsight; best hour {100 * saved:.0f} %"
    note(axes, [*facts.notes, f"{text} below the median of all hours"], theme)
    return axes


def _unit(kg: float) -> tuple[str, float]:
    """The unit in which so many kilograms are a handy number, and how many of it a kilogram holds."""
    name = quantity(kg, "kg").split()[-1]
    per_kg = {"ng": 1e12, "µg": 1e9, "mg": 1e6, "g": 1e3, "kg": 1.0, "Mg": 1e-3}
    return (name, per_kg[name]) if name in per_kg else ("kg", 1.0)
