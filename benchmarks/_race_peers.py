"""The peers of the search race beside Optuna, each as its manual shows it; imported where they are installed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from _race_search import Ask, Course
from _race_world import at_share
from numpy.typing import NDArray
from scipy.stats import qmc

from flopt.space import Axis, ChoiceAxis
from flopt.trace import Round

__all__ = ["BoTorch", "Moasha", "Pymoo"]

Array = NDArray[np.float64]

_WORST = 0.0
"""Accuracy that a failed run is told as, where a peer has no word for failure."""


def _value(axis: Axis, place: float) -> Any:
    """What a number stands for on an axis: the place of a choice, or a share."""
    return axis.choices[int(place)] if isinstance(axis, ChoiceAxis) else at_share(axis, float(place))


class Pymoo:
    """NSGA-II of pymoo for mixed variables, with the population of 20 of its manual; last values only."""

    def __init__(self, course: Course, seed: int) -> None:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.mixed import MixedVariableDuplicateElimination, MixedVariableMating, MixedVariableSampling
        from pymoo.core.problem import Problem
        from pymoo.core.variable import Choice, Real

        self._course = course
        axes = course.problem.space.axes
        variables = {
            name: Choice(options=list(range(len(a.choices)))) if isinstance(a, ChoiceAxis) else Real(bounds=(0, 1))
            for name, a in axes.items()
        }
        self._problem = Problem(vars=variables, n_obj=2)
        twins = MixedVariableDuplicateElimination()
        self._algorithm = NSGA2(
            pop_size=20,
            sampling=MixedVariableSampling(),
            mating=MixedVariableMating(eliminate_duplicates=twins),
            eliminate_duplicates=twins,
        )
        self._algorithm.setup(self._problem, termination=("n_gen", 10**9), seed=seed, verbose=False)
        self._generation: Any = []
        self._losses: list[list[float]] = []

    def ask(self) -> Ask:
        """The next one of a generation."""
        if len(self._losses) == len(self._generation):
            self._next_generation()
        found = self._generation[len(self._losses)].X
        axes = self._course.problem.space.axes
        values = {name: _value(axes[name], place) for name, place in found.items()}
        return Ask(self._course.problem.space.plan(values, self._course.problem.base))

    def tell(self, accuracy: Array, kg: Array, *, failed: bool, stopped: bool) -> None:  # noqa: ARG002
        """Error and log kg after the last round."""
        last = _WORST if failed else float(accuracy[-1])
        self._losses.append([1.0 - last, float(np.log10(kg[-1] if len(kg) else self._course.kg.max()))])

    def _next_generation(self) -> None:
        from pymoo.core.evaluator import Evaluator
        from pymoo.problems.static import StaticProblem

        if len(self._generation):
            Evaluator().eval(StaticProblem(self._problem, F=np.array(self._losses)), self._generation)
            self._algorithm.tell(infills=self._generation)
        self._generation, self._losses = self._algorithm.ask(), []


class Moasha:
    """Multi-objective asynchronous successive halving of syne-tune with its defaults: all rounds are told."""

    def __init__(self, course: Course, seed: int) -> None:
        from syne_tune.config_space import choice, uniform
        from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

        np.random.seed(seed)  # noqa: NPY002  # its proposals are drawn from NumPy's global generator
        self._course = course
        axes = {name: axis for name, axis in course.problem.space.axes.items() if name != "rounds"}
        self._axes = axes
        config = {
            name: choice(list(range(len(axis.choices)))) if isinstance(axis, ChoiceAxis) else uniform(0.0, 1.0)
            for name, axis in axes.items()
        }
        self._scheduler = MOASHA(
            config, metrics=["error", "log_kg"], time_attr="round", max_t=course.longest, random_seed=seed
        )
        self._number = 0

    def ask(self) -> Ask:
        """A random plan of all rounds, which the scheduler stops on a rung."""
        import datetime

        from syne_tune.backend.trial_status import Trial

        config = self._scheduler.suggest().config
        values = {name: _value(axis, config[name]) for name, axis in self._axes.items()}
        plan = self._course.problem.space.plan({**values, "rounds": self._course.longest}, self._course.problem.base)
        self._trial = Trial(self._number, config, datetime.datetime(2000, 1, 1))
        self._number += 1
        self._scheduler.on_trial_add(self._trial)
        kg = self._course.kg[self._course.row(plan)]

        def stops(done: Sequence[Round]) -> str:
            decision = self._scheduler.on_trial_result(self._trial, self._result(done[-1].accuracy, kg, len(done)))
            return "" if decision == "CONTINUE" else "a rung"

        return Ask(plan, stops)

    def tell(self, accuracy: Array, kg: Array, *, failed: bool, stopped: bool) -> None:
        """A run that went to its end is reported as complete; a failed one is removed."""
        if failed:
            self._scheduler.on_trial_remove(self._trial)
        elif not stopped:
            self._scheduler.on_trial_complete(self._trial, self._result(float(accuracy[-1]), kg, len(kg)))

    def _result(self, accuracy: float, kg: Array, rounds: int) -> dict[str, float]:
        return {"round": rounds, "error": 1.0 - accuracy, "log_kg": float(np.log10(kg[rounds - 1]))}


class BoTorch:
    """qLogNEHVI on a Gaussian process for mixed inputs, log rounds an axis; last values only.

    Ten Sobol points first; the acquisition is optimised for each pair of compressions from fewer starts than in the
    tutorials (2 of 32) and the model is fitted in at most 75 steps, because two cores have to do.
    """

    STARTS, RAW, STEPS, SOBOL = 2, 32, 75, 10

    def __init__(self, course: Course, seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        torch.set_num_threads(1)
        self._course = course
        self._axes = course.problem.space.axes
        self._words = [n for n, name in enumerate(self._axes) if name.endswith(".kind")]
        self._start = qmc.Sobol(len(self._axes), rng=seed).random(16)[: self.SOBOL]
        self._told: list[tuple[Array, list[float]]] = []

    def ask(self) -> Ask:
        """A Sobol point, then what the acquisition likes best."""
        number = len(self._told)
        self._point = self._worded(self._start[number]) if number < self.SOBOL else self._best()
        values = {}
        for place, (name, axis) in zip(self._point, self._axes.items(), strict=True):
            values[name] = _value(axis, place) if name.endswith(".kind") else at_share(axis, float(place))
        return Ask(self._course.problem.space.plan(values, self._course.problem.base))

    def tell(self, accuracy: Array, kg: Array, *, failed: bool, stopped: bool) -> None:  # noqa: ARG002
        """Accuracy and minus log kg after the last round, both to be maximised."""
        last = _WORST if failed else float(accuracy[-1])
        price = float(np.log10(kg[-1] if len(kg) else self._course.kg.max()))
        self._told.append((self._point, [last, -price]))

    def _worded(self, point: Array) -> Array:
        """Words as whole numbers instead of shares."""
        found = point.copy()
        for place in self._words:
            found[place] = int(point[place] * self._count(place))
        return found

    def _count(self, place: int) -> int:
        axis = list(self._axes.values())[place]
        assert isinstance(axis, ChoiceAxis)
        return len(axis.choices)

    def _best(self) -> Array:
        import torch
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import MixedSingleTaskGP, ModelListGP
        from botorch.optim import optimize_acqf_mixed
        from gpytorch.mlls import SumMarginalLogLikelihood

        x = torch.tensor(np.array([point for point, _ in self._told]), dtype=torch.float64)
        y = torch.tensor([values for _, values in self._told], dtype=torch.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = ModelListGP(*(MixedSingleTaskGP(x, y[:, [n]], self._words) for n in (0, 1)))
            likelihood = SumMarginalLogLikelihood(model.likelihood, model)
            fit_gpytorch_mll(likelihood, optimizer_kwargs={"options": {"maxiter": self.STEPS}})
            reference = [self._course.problem.task.majority_share, -float(np.log10(self._course.kg.max()))]
            acquisition = qLogNoisyExpectedHypervolumeImprovement(model, reference, x, prune_baseline=True)
            tops = [float(self._count(n) - 1) if n in self._words else 1.0 for n in range(x.shape[1])]
            pairs = product(*(range(self._count(n)) for n in self._words))
            found, _ = optimize_acqf_mixed(
                acquisition,
                bounds=torch.tensor([[0.0] * len(tops), tops], dtype=torch.float64),
                q=1,
                num_restarts=self.STARTS,
                raw_samples=self.RAW,
                fixed_features_list=[dict(zip(self._words, map(float, pair), strict=True)) for pair in pairs],
            )
        return np.asarray(found[0].numpy())
