"""The trajectory search as an Optuna sampler, for a study that knows nothing else of flopt."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.search_space import intersection_search_space
from optuna.trial import FrozenTrial, TrialState

from flopt.pareto import losses
from flopt.search.features import Point, drawn
from flopt.search.trajectory import Told, Trajectory

__all__ = ["CURVE", "TrajectorySampler"]

Array = NDArray[np.float64]
Known = Mapping[int, Callable[[Mapping[str, Any], int], float]]

CURVE = "curve"
"""User attribute in which a trial keeps all objectives after each of its rounds, shape (rounds, objectives)."""


class TrajectorySampler(BaseSampler):
    """Proposes by a model of whole learning curves; see `docs/search.md`.

    ```python
    import optuna
    from flopt.search.trajectory_sampler import TrajectorySampler

    def kg(params, rounds):  # known before training
        return rounds * params["clients"] * 1e-3

    def train(trial):
        clients = trial.suggest_int("clients", 2, 20)
        rounds = trial.suggest_int("rounds", 1, 50, log=True)
        curve = [[1 - (1 + r * clients) ** -0.5, kg(trial.params, r)] for r in range(1, rounds + 1)]
        trial.set_user_attr("curve", curve)
        return curve[-1]

    study = optuna.create_study(directions=["maximize", "minimize"], sampler=TrajectorySampler(seed=0, known={1: kg}))
    study.optimize(train, n_trials=30)
    ```
    """

    def __init__(self, seed: int | None = None, *, rounds: str = "rounds", known: Known | None = None) -> None:
        """`rounds` names the parameter that says how long a run is; `known` maps the number of an objective to a
        function of the parameters and a round that gives its value without any training.
        """
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._rounds, self._known = rounds, dict(known or {})

    def reseed_rng(self) -> None:
        """For Optuna's parallel processes, each of which must draw for itself."""
        self._seed = int(np.random.SeedSequence().generate_state(1)[0])

    def infer_relative_search_space(
        self,
        study: optuna.Study,
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """The parameters that all finished trials have."""
        return intersection_search_space(study.get_trials(deepcopy=False))

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The next point; a function of the study's trials, the seed and the trial's number."""
        if not search_space:
            return {}
        scale = _Scale(study, self._known, self._rounds)
        told = [scale.told(each) for each in study.get_trials(deepcopy=False) if scale.counts(each, search_space)]
        nothing = np.empty((0, 0))
        running = [
            Told(each.params, nothing, nothing)
            for each in study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
            if each.number != trial.number and search_space.keys() <= each.params.keys()
        ]
        search = Trajectory(search_space, scale.price, self._rounds)
        longest = max((len(each.known) for each in told), default=1)
        return dict(search.ranked(told, running, longest, np.random.default_rng([self._seed, trial.number]))[0])

    def sample_independent(
        self,
        study: optuna.Study,  # noqa: ARG002
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A parameter that not all trials have is drawn uniformly."""
        rng = np.random.default_rng([self._seed, trial.number, zlib.crc32(param_name.encode())])
        return drawn({param_name: param_distribution}, rng)[param_name]


class _Scale:
    """Objectives as losses in [0, 1] over the range that the study has shown; what is known and above 0 by its log."""

    def __init__(self, study: optuna.Study, known: Known, rounds: str) -> None:
        self._known_at, self._rounds = known, rounds
        self._directions = [direction.name.lower() for direction in study.directions]
        self._known = [at for at in range(len(self._directions)) if at in known]
        self._learned = [at for at in range(len(self._directions)) if at not in known]
        self._curves = {t.number: c for t in study.get_trials(deepcopy=False) if (c := _curve(t, rounds)) is not None}
        seen = np.concatenate([*self._curves.values()]) if self._curves else np.zeros((1, len(self._directions)))
        self._logged = [at in known and bool((seen[:, at] > 0).all()) for at in range(seen.shape[1])]
        shown = self._shown(seen)
        self._low = shown.min(axis=0)
        self._span = np.maximum(shown.max(axis=0) - self._low, 1e-12)

    def counts(self, trial: FrozenTrial, space: Mapping[str, BaseDistribution]) -> bool:
        """Whether a trial says something about this space."""
        return trial.number in self._curves and space.keys() <= trial.params.keys()

    def told(self, trial: FrozenTrial) -> Told:
        """A trial as the model sees it; without a curve only its end means something."""
        scaled = (self._shown(self._curves[trial.number]) - self._low) / self._span
        return Told(trial.params, scaled[:, self._learned], scaled[:, self._known], whole=CURVE not in trial.user_attrs)

    def price(self, points: Sequence[Point], rounds: Sequence[int]) -> Array:
        """Known losses, shape (points, rounds, known objectives)."""
        table = np.zeros((len(points), len(rounds), len(self._directions)))
        for row, point in enumerate(points):
            for column, r in enumerate(rounds):
                for at in self._known:
                    table[row, column, at] = self._known_at[at]({**point, self._rounds: r}, r)
        scaled = (self._shown(table.reshape(-1, table.shape[2])) - self._low) / self._span
        return np.asarray(np.maximum(scaled, 0.0).reshape(table.shape)[:, :, self._known])

    def _shown(self, values: Array) -> Array:
        logs = np.log10(np.maximum(np.where(self._logged, values, 1.0), 1e-300))
        return losses(np.where(self._logged, logs, values), self._directions)


def _curve(trial: FrozenTrial, rounds: str) -> Array | None:
    """All objectives after each round of a finished trial; of one that kept no curve its values, at its last round."""
    curve = trial.user_attrs.get(CURVE)
    if trial.state is TrialState.COMPLETE and not curve:
        curve = [trial.values] * int(trial.params.get(rounds, 1))
    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED) or not curve:
        return None
    return np.array(curve, dtype=np.float64)
