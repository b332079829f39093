"""Proposals: what Optuna's samplers see of the runs, and what they propose next."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from flopt.errors import unknown
from flopt.objectives import Direction
from flopt.pareto import losses, non_dominated
from flopt.search.seen import Seen
from flopt.space import Axis, ChoiceAxis, IntAxis, Space

__all__ = ["SAMPLERS", "check_sampler", "distributions", "propose"]

SAMPLERS = {
    "trajectory": "a model of whole curves, costs known beforehand: the most hypervolume for each round; the default",
    "tpe": "tree-structured Parzen estimator, Optuna's default (Ozaki et al. 2022)",
    "nsga2": "genetic algorithm NSGA-II (Deb et al. 2002); sees whole runs only",
    "gp": "Gaussian process with expected hypervolume improvement, Optuna's (logEHVI; slow beyond some hundred runs)",
    "random": "uniform random search, the baseline",
}

optuna.logging.set_verbosity(optuna.logging.WARNING)  # each proposal makes a study in memory

STARTUP_RUNS = 10
"""Runs drawn at random before the TPE starts; Optuna's own default, in runs and not in prefixes."""
PREFIXES = 4
"""Prefixes of each run that a sampler is shown, log-spaced; all prefixes count for the front."""
MOST_SHOWN = {"tpe": 200, "gp": 24}
"""Runs that a sampler is shown at most, whose time grows with them: the front's owners, the latest, and some others."""
POPULATION = 12
"""NSGA-II's population: studies have tens of runs, and Optuna's default of 50 would make one generation of them."""


def check_sampler(name: str) -> None:
    """Raise a `FloptError` for a sampler that does not exist."""
    if name not in SAMPLERS:
        raise unknown("sampler", name, SAMPLERS)


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The space in Optuna's terms; the order of the axes is part of a study's outcome."""
    return {name: _distribution(axis) for name, axis in space.axes.items()}


def propose(
    name: str, space: Space, directions: Sequence[Direction], seen: Sequence[Seen], logged: Sequence[bool], seed: int
) -> FrozenTrial:
    """The next proposal of one of Optuna's samplers: a function of its arguments alone, by a sampler built anew.

    `logged` tells which objectives are shown on a log axis.
    """
    view = optuna.create_study(directions=list(directions), sampler=_sampler(name, seen, seed))
    if name != "random":  # which looks at nothing
        shown = _thinned(seen, directions, MOST_SHOWN[name]) if name in MOST_SHOWN else seen
        view.add_trials([trial for run in shown for trial in _shown(run, space, logged, prefixes=name != "nsga2")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Box decomposition", UserWarning)  # slow, as the user of `gp` can see
        asked = view.ask(distributions(space))
    return view.get_trials(deepcopy=False)[asked.number]


def _sampler(name: str, seen: Sequence[Seen], seed: int) -> BaseSampler:
    finished = sum(run.values is not None for run in seen)
    build: dict[str, Callable[[], BaseSampler]] = {
        "tpe": lambda: TPESampler(seed=seed, n_startup_trials=1) if finished >= STARTUP_RUNS else RandomSampler(seed),
        "gp": lambda: GPSampler(seed=seed, n_startup_trials=1) if finished >= STARTUP_RUNS else RandomSampler(seed),
        "nsga2": lambda: NSGAIISampler(seed=seed, population_size=POPULATION),
        "random": lambda: RandomSampler(seed),
    }
    return build[name]()


def _thinned(seen: Sequence[Seen], directions: Sequence[Direction], most: int) -> Sequence[Seen]:
    """At most so many finished runs, in their order, and all that are under way."""
    values = {number: run.values for number, run in enumerate(seen) if run.values is not None}
    if len(values) <= most:
        return seen
    done = list(values)
    ends = [each[np.unique(np.geomspace(1, len(each), PREFIXES + 1).astype(int)) - 1] for each in values.values()]
    owners = np.repeat(done, [len(each) for each in ends])[non_dominated(losses(np.concatenate(ends), directions))]
    others = np.random.default_rng(len(seen)).permutation(done)
    order = [*done[: -1 - most // 4 : -1], *np.unique(owners)[::-1].tolist(), *others.tolist()]
    kept = set(list(dict.fromkeys(order))[:most])
    return [run for number, run in enumerate(seen) if number in kept or run.values is None]


def _shown(run: Seen, space: Space, logged: Sequence[bool], *, prefixes: bool) -> list[FrozenTrial]:
    """The run itself, and after it a few of its prefixes as if each had been a run of its own."""
    trial = run.trial
    if run.values is None:
        state = TrialState.FAIL if run.failed else TrialState.RUNNING
        return [_copy(trial, trial.params, state=state)]
    values = np.where(logged, np.log10(np.where(logged, run.values, 1.0)), run.values)
    length = len(values)
    shown = []
    for end in [*(_prefix_rounds(length, space) if prefixes and not run.whole else []), length]:
        constraints = {f"limit {i}": float(v) for i, v in enumerate(run.violations[end - 1])}
        shown.append(
            _copy(
                trial,
                _stopped_at(trial.params, end, space),
                values=[float(v) for v in values[end - 1]],
                constraints=constraints or None,
            )
        )
    return shown


def _stopped_at(params: dict[str, Any], rounds: int, space: Space) -> dict[str, Any]:
    """The parameters of the run that would have ended after `rounds`, where the space can say so."""
    axis = space.axes.get("rounds")
    if axis is None or (rounds not in axis.choices if isinstance(axis, ChoiceAxis) else rounds < axis.low):
        return params
    return params | {"rounds": rounds}


def _prefix_rounds(length: int, space: Space) -> list[int]:
    """A few rounds before the last that the space could have proposed, log-spaced."""
    axis = space.axes.get("rounds")
    if axis is None:
        return []
    if isinstance(axis, ChoiceAxis):
        return sorted(int(choice) for choice in axis.choices if int(choice) < length)
    low = int(axis.low)
    if low >= length:
        return []
    spaced = {round(float(r)) for r in np.geomspace(low, length, PREFIXES + 1)}
    return sorted(spaced - {length})


def _copy(
    trial: FrozenTrial,
    params: dict[str, Any],
    *,
    state: TrialState = TrialState.COMPLETE,
    values: list[float] | None = None,
    constraints: dict[str, float] | None = None,
) -> FrozenTrial:
    return create_trial(
        state=state,
        params=params,
        distributions=trial.distributions,
        system_attrs=dict(trial.system_attrs),  # Optuna writes the constraints into it
        values=values,
        constraints=constraints,
    )


def _distribution(axis: Axis) -> BaseDistribution:
    if isinstance(axis, ChoiceAxis):
        return CategoricalDistribution(axis.choices)
    if isinstance(axis, IntAxis):
        return IntDistribution(axis.low, axis.high, log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)
