"""History: how the front grew with the rounds trained and the kilograms that the search spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from flopt.drawing.front import sources
from flopt.drawing.style import LINES, THEMES, Theme, legend, note, plain
from flopt.results import Results, kg_per_cpu_s
from flopt.search.ensembles import same_plan
from flopt.search.volume import Growth, box_of
from flopt.units import quantity

__all__ = ["HistoryFigure", "draw_history", "history_figure"]

Array = NDArray[np.float64]


class HistoryFigure(NamedTuple):
    """The share of the box that the front dominates, after every run in the order of their numbers."""

    curves: dict[str, Array]
    """Study -> shape (1 + runs, 3): rounds trained so far, kg CO2e spent here so far (estimated), share."""
    notes: tuple[str, ...]


def history_figure(
    results: Results, *, others: Sequence[tuple[str, Results]] = (), name: str = "front"
) -> HistoryFigure:
    """The facts; all studies are measured in the box of the first."""
    box = box_of(results.problem, results.candidates())
    axis = [
        f"{o.name} {worst:.3g} to {best:.3g}{' log' if log else ''}"
        for o, worst, best, log in zip(box.objectives, box.worst, box.best, box.logged, strict=True)
    ]
    curves = {}
    for label, each in ((name, results), *others):
        growth = Growth(box)
        own = {same_plan(candidate.run.whole_plan): candidate for candidate in each.candidates()}
        rounds = np.cumsum([0 if trace is None else len(trace) for trace in each.traces])
        cpu_s = each.cpu_s if len(each.cpu_s) == len(each.traces) else (0.0,) * len(each.traces)
        kg = np.cumsum(cpu_s) * kg_per_cpu_s(each.study)
        shares = []
        for number in range(len(each.traces)):
            candidate, trace = own.get(same_plan(each.plans[number])), each.traces[number]
            if candidate is not None and trace is not None and trace.status != "failed":
                until = candidate.allowed.copy()
                until[len(trace) :] = False  # what the plan is expected to reach, as far as this run went
                growth.add(np.column_stack([o.along(candidate.run)[until] for o in box.objectives]))
            shares.append(growth.share)
        curves[label] = np.vstack([np.zeros((1, 3)), np.column_stack([rounds, kg, shares]).reshape(-1, 3)])
    return HistoryFigure(curves, (*sources(results.problem), f"box: {', '.join(axis)}"))


def draw_history(facts: HistoryFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """Stairs over the rounds; the upper axis says what these had cost, in the first study."""
    for number, (name, curve) in enumerate(facts.curves.items()):
        axes.step(
            curve[:, 0],
            100 * curve[:, 2],
            where="post",
            color=theme.series[number % len(theme.series)],
            linestyle=LINES[number % len(LINES)],
            linewidth=1.3,
            label=plain(name),
        )
    axes.set(xlabel="rounds trained", ylabel="hypervolume (% of the box)", ylim=(0, None))
    axes.grid(visible=True, linewidth=0.3, alpha=0.4)
    first = next(iter(facts.curves.values()))
    spent = _spent(axes, first, theme) if len(first) and first[-1, 1] > 0 else ""
    if len(facts.curves) > 1:
        legend(axes)
    note(axes, [*facts.notes, spent], theme)
    return axes


def _spent(axes: Axes, curve: Array, theme: Theme) -> str:
    """Kilograms along the top, where there is room; said in words in any case."""
    if axes.get_legend_handles_labels()[0] and len(axes.get_lines()) == 1:
        upper = axes.twiny()
        upper.set_xlim(axes.get_xlim())
        ticks = np.linspace(0, curve[-1, 0], 4)[1:]
        upper.xaxis.set_major_locator(FixedLocator([float(tick) for tick in ticks]))
        kg = np.interp(ticks, curve[:, 0], curve[:, 1])
        upper.set_xticklabels([quantity(float(each), "kg") for each in kg])
        upper.set_xlabel("CO2e of the search itself (estimated)")
        upper.spines["top"].set_visible(True)
        upper.tick_params(colors=theme.ink, labelsize=axes.xaxis.get_ticklabels()[0].get_fontsize())
        upper.xaxis.label.set_color(theme.ink)
        upper.xaxis.label.set_fontsize(axes.xaxis.label.get_fontsize())
    return f"the search itself emitted about {quantity(float(curve[-1, 1]), 'kg')} (estimated from its CPU time)"
