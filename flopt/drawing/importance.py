"""Importance: which knob moves which objective."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import optuna
from matplotlib.axes import Axes
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState, create_trial

from flopt.drawing.front import sources
from flopt.drawing.style import HATCHES, THEMES, Theme, legend, note, plain
from flopt.errors import FloptError
from flopt.objectives import Objective
from flopt.results import Results
from flopt.search.samplers import distributions

__all__ = ["LEAST", "ImportanceFigure", "draw_importance", "importance_figure"]

LEAST = 4
"""Finished runs below which nothing can be said."""


class ImportanceFigure(NamedTuple):
    """Share of each searched knob in what makes the best tenth of the runs the best, by PED-ANOVA.

    Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces",
    IJCAI 2023, as Optuna has it.
    """

    objectives: tuple[str, ...]
    shares: dict[str, tuple[float, ...]]
    """Knob -> its share for each objective, the most important first."""
    runs: int
    notes: tuple[str, ...]


def importance_figure(results: Results) -> ImportanceFigure:
    """The facts, from the objectives of every finished run after its last round."""
    candidates = [c for c in results.candidates() if c.number < len(results.parameters)]
    if len(candidates) < LEAST:
        raise FloptError(f"importance: it needs at least {LEAST} finished runs of a search; this has {len(candidates)}")
    found = [_shares(results, objective) for objective in results.problem.objectives]
    knobs = sorted(found[0], key=lambda knob: -max(each[knob] for each in found))
    return ImportanceFigure(
        tuple(objective.name for objective in results.problem.objectives),
        {knob: tuple(each[knob] for each in found) for knob in knobs},
        len(candidates),
        sources(results.problem),
    )


def _shares(results: Results, objective: Objective) -> dict[str, float]:
    sign = -1.0 if objective.direction == "maximize" else 1.0
    space = distributions(results.problem.space)
    study = optuna.create_study()
    for candidate in results.candidates():
        parameters = {name: results.parameters[candidate.number][name] for name in space}
        value = sign * objective(candidate.run)
        study.add_trial(create_trial(params=parameters, distributions=space, value=value, state=TrialState.COMPLETE))
    movable = [name for name, axis in space.items() if not axis.single()]
    if not movable:
        raise FloptError("importance: every axis of the space has one value only")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is experimental, and that low values are the good ones
        found = optuna.importance.get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), params=movable)
    return {name: float(found[name]) for name in movable}


def draw_importance(facts: ImportanceFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """A group of bars for each knob, the most important on top."""
    places, count = np.arange(len(facts.shares))[::-1], len(facts.objectives)
    thick = 0.8 / count
    for number, name in enumerate(facts.objectives):
        shares = [100 * each[number] for each in facts.shares.values()]
        axes.barh(
            places + (count - 1) / 2 * thick - number * thick,
            shares,
            thick,
            label=plain(name),
            color=theme.series[number % len(theme.series)],
            hatch=HATCHES[number % len(HATCHES)],
            edgecolor=theme.paper,
            linewidth=0.4,
        )
    axes.set_yticks(places, [plain(name.replace("_", " ")) for name in facts.shares])
    axes.set(xlabel="importance (%)")
    axes.grid(visible=True, axis="x", linewidth=0.3, alpha=0.4)
    axes.set_axisbelow(True)
    legend(axes)
    note(axes, [*facts.notes, f"PED-ANOVA over {facts.runs} runs, each after its last round"], theme)
    return axes
