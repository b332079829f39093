"""The trajectory search in a plain Optuna study: the example of its documentation, and studies it was not made for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
import pytest

from flopt.pareto import hypervolume
from flopt.search.trajectory_sampler import TrajectorySampler


def kg(params: Mapping[str, Any], rounds: int) -> float:
    return float(rounds * params["clients"] * 1e-3)


def train(trial: optuna.Trial) -> list[float]:
    """The example of the class's documentation."""
    clients = trial.suggest_int("clients", 2, 20)
    rounds = trial.suggest_int("rounds", 1, 50, log=True)
    curve = [[1 - (1 + r * clients) ** -0.5, kg(trial.params, r)] for r in range(1, rounds + 1)]
    trial.set_user_attr("curve", curve)
    return curve[-1]


def study(sampler: optuna.samplers.BaseSampler, trials: int = 14) -> optuna.Study:
    made = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    made.optimize(train, n_trials=trials)
    return made


def params(made: optuna.Study) -> list[dict[str, Any]]:
    return [trial.params for trial in made.trials]


@pytest.mark.parametrize("known", [{1: kg}, None])
def test_it_proposes_in_a_plain_study_and_the_same_again(known: Any) -> None:
    made = study(TrajectorySampler(seed=0, known=known))
    assert params(made) == params(study(TrajectorySampler(seed=0, known=known)))
    assert params(made) != params(study(TrajectorySampler(seed=1, known=known)))
    assert len({tuple(each.items()) for each in params(made)}) > 8


def test_prefixes_of_its_runs_cover_more_for_each_round_than_those_of_random_ones() -> None:
    def covered(made: optuna.Study) -> float:
        points = np.concatenate([trial.user_attrs["curve"] for trial in made.trials])
        share = hypervolume(np.column_stack([-points[:, 0], np.log10(points[:, 1])]), np.array([0.0, 0.0]))
        return float(share / len(points))

    assert covered(study(TrajectorySampler(seed=0, known={1: kg}))) > covered(study(optuna.samplers.RandomSampler(0)))


def test_trials_without_a_curve_pruned_ones_and_changing_parameters_are_taken_as_they_are() -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        if trial.number % 3 == 0:
            trial.suggest_categorical("kind", ["a", "b"])
        if trial.number % 4 == 3:
            raise optuna.TrialPruned
        return (x - 0.3) ** 2

    made = optuna.create_study(sampler=TrajectorySampler(seed=0))
    made.optimize(objective, n_trials=16)
    assert made.best_value < 0.02
