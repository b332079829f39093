"""Figures of a study: each gives a matplotlib Axes; `flopt plot` draws the same into files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from flopt.drawing.attainment import attainment_figure, draw_attainment
from flopt.drawing.countries import countries_figure, draw_countries
from flopt.drawing.front import draw_front, front_figure
from flopt.drawing.history import draw_history, history_figure
from flopt.drawing.hours import draw_hours, hours_figure
from flopt.drawing.importance import draw_importance, importance_figure
from flopt.drawing.parts import draw_parts, parts_figure
from flopt.drawing.plans import draw_plans, plans_figure
from flopt.drawing.price import draw_price, price_figure
from flopt.drawing.style import WIDTH_CM, ThemeName, canvas, dressed, save, theme_of
from flopt.drawing.trajectories import draw_trajectories, trajectories_figure
from flopt.errors import FloptError, unknown
from flopt.reading.compare import COUNTRIES
from flopt.results import Results, open_results, rescored
from flopt.search.problem import Limit

__all__ = [
    "KINDS",
    "OVERLAID",
    "Look",
    "attainment",
    "countries",
    "draw",
    "front",
    "history",
    "hours",
    "importance",
    "parts",
    "plans",
    "price",
    "save",
    "trajectories",
]

Source = str | os.PathLike[str] | Results

OVERLAID = ("front", "price", "attainment", "history")
"""Kinds that lay several studies over each other."""


@dataclass(frozen=True)
class Look:
    """How a figure looks, and which axes it is drawn on; without axes it gets a figure of its own."""

    theme: ThemeName = "light"
    width_cm: float = WIDTH_CM
    axes: Axes | None = None


LOOK = Look()


def front(
    study: Source,
    *,
    objectives: Sequence[str] = (),
    limits: Sequence[Limit] = (),
    others: Sequence[Source] = (),
    look: Look = LOOK,
) -> Axes:
    """Accuracy against kg CO2e: the front, its knee, the recommended point within `limits`, and what to compare with.

    `study` is a study folder or what `flopt.tune` gave; `objectives` score its runs anew, as in `flopt front`.
    """
    results, overlays = _opened(study, objectives), _others(others, objectives)
    facts = front_figure(results, limits=limits, others=overlays, name=_name(study) if overlays else "front")
    return _drawn(draw_front, facts, look)


def parts(study: Source, *, objectives: Sequence[str] = (), look: Look = LOOK) -> Axes:
    """What the CO2e of the front's plans is made of."""
    return _drawn(draw_parts, parts_figure(_opened(study, objectives)), look)


def trajectories(study: Source, *, objectives: Sequence[str] = (), look: Look = LOOK) -> Axes:
    """Accuracy after every round of every run."""
    return _drawn(draw_trajectories, trajectories_figure(_opened(study, objectives)), look)


def price(study: Source, *, objectives: Sequence[str] = (), others: Sequence[Source] = (), look: Look = LOOK) -> Axes:
    """What one more point of accuracy costs along the front."""
    overlays = _others(others, objectives)
    name = _name(study) if overlays else "front"
    return _drawn(draw_price, price_figure(_opened(study, objectives), others=overlays, name=name), look)


def attainment(
    study: Source, *, objectives: Sequence[str] = (), others: Sequence[Source] = (), look: Look = LOOK
) -> Axes:
    """What the best, half and all of several fronts attain: over studies, or over the seeds of one."""
    facts = attainment_figure(_opened(study, objectives), others=_others(others, objectives))
    return _drawn(draw_attainment, facts, look)


def plans(study: Source, *, objectives: Sequence[str] = (), look: Look = LOOK) -> Axes:
    """The plans of the front as parallel coordinates."""
    return _drawn(draw_plans, plans_figure(_opened(study, objectives)), look)


def importance(study: Source, *, objectives: Sequence[str] = (), look: Look = LOOK) -> Axes:
    """Which knob moves which objective, by PED-ANOVA."""
    return _drawn(draw_importance, importance_figure(_opened(study, objectives)), look)


def countries(
    study: Source, *, places: Sequence[str] = COUNTRIES, objectives: Sequence[str] = (), look: Look = LOOK
) -> Axes:
    """The same runs priced in several countries (ISO codes of three letters)."""
    return _drawn(draw_countries, countries_figure(_opened(study, objectives), countries=places or COUNTRIES), look)


def hours(study: Source, *, limits: Sequence[Limit] = (), objectives: Sequence[str] = (), look: Look = LOOK) -> Axes:
    """CO2e of the recommended plan by the hour at which it starts."""
    return _drawn(draw_hours, hours_figure(_opened(study, objectives), limits=limits), look)


def history(study: Source, *, objectives: Sequence[str] = (), others: Sequence[Source] = (), look: Look = LOOK) -> Axes:
    """Hypervolume against the rounds trained and the kilograms that the search spent."""
    overlays = _others(others, objectives)
    name = _name(study) if overlays else "front"
    return _drawn(draw_history, history_figure(_opened(study, objectives), others=overlays, name=name), look)


KINDS: dict[str, Callable[..., Axes]] = {
    "front": front,
    "parts": parts,
    "trajectories": trajectories,
    "price": price,
    "attainment": attainment,
    "plans": plans,
    "importance": importance,
    "countries": countries,
    "hours": hours,
    "history": history,
}


def draw(
    kind: str,
    study: Source,
    *,
    objectives: Sequence[str] = (),
    limits: Sequence[Limit] = (),
    others: Sequence[Source] = (),
    places: Sequence[str] = (),
    look: Look = LOOK,
) -> Axes:
    """A figure by the name of its kind; what the kind cannot use is refused."""
    if kind not in KINDS:
        raise unknown("kind of figure", kind, KINDS)
    given: dict[str, Any] = {"objectives": objectives, "look": look}
    for name, value, kinds in (
        ("others", others, OVERLAID),
        ("limits", limits, ("front", "hours")),
        ("places", places, ("countries",)),
    ):
        if value and kind not in kinds:
            option = {"others": "--with", "limits": "a limit", "places": "--country"}[name]
            raise FloptError(f"plot {kind}: {option} has no effect on it; it is for {', '.join(kinds)}")
        if value:
            given[name] = value
    return KINDS[kind](study, **given)


def _opened(study: Source, objectives: Sequence[str]) -> Results:
    results = study if isinstance(study, Results) else open_results(Path(study))
    return rescored(results, objectives) if objectives else results


def _others(studies: Sequence[Source], objectives: Sequence[str]) -> list[tuple[str, Results]]:
    names: list[str] = []
    for number, study in enumerate(studies, start=2):
        name = _name(study, number)
        names.append(name if name not in names else f"{name} ({number})")
    return [(name, _opened(study, objectives)) for name, study in zip(names, studies, strict=True)]


def _name(study: Source, number: int = 1) -> str:
    return f"study {number}" if isinstance(study, Results) else Path(study).resolve().name


def _drawn(draw_facts: Callable[..., Axes], facts: Any, look: Look) -> Axes:
    theme = theme_of(look.theme)
    axes = look.axes or canvas(theme, look.width_cm)
    with dressed(theme, small=look.width_cm < 10):
        return draw_facts(facts, axes, theme)
