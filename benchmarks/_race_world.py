"""The world of the search race: recorded plans, the one rule that leads to them, and what each round costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from _race_score import Training
from numpy.typing import NDArray

from flopt.oracles.shipped import TABLES
from flopt.oracles.table import Table, load_table
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.problem import Problem
from flopt.seeds import stream
from flopt.simulation.smoothing import Smoothing
from flopt.space import Axis, ChoiceAxis, IntAxis, Space
from flopt.study import study_of
from flopt.task import Task
from flopt.trace import Round

__all__ = ["SnappedSpace", "Snapping", "World", "at_share"]

Array = NDArray[np.float64]

_DIRECTIONS = ("uplink", "downlink")

FRESH = Path(__file__).parent / "races"
"""Where `_race_fresh.py` keeps curves."""


@dataclass(frozen=True, eq=False)
class Snapping:
    """The nearest recorded plan of any plan, among all plans of the table: the same rule for every method.

    Distance is Euclidean over the axes of the space, each scaled to [0, 1] (logarithmic where its axis is, choices by
    their place); another kind of compression counts 1, another level of the same kind its place between the fewest
    and the most bytes recorded of that kind. Rounds play no part.
    """

    axes: Mapping[str, Axis]
    plans: tuple[Plan, ...]
    task: Task
    numbers: Array
    """Places on the axes that hold one number or choice, shape (plans, axes)."""
    kinds: NDArray[np.str_]
    """Compression up and down, shape (plans, 2)."""
    sizes: Array
    """Logarithms of its bytes, shape (plans, 2)."""

    @classmethod
    def of(cls, space: Space, plans: tuple[Plan, ...], task: Task) -> Snapping:
        """The rule for recorded plans of a space."""
        axes = {n: a for n, a in space.axes.items() if n != "rounds" and n.partition(".")[0] not in _DIRECTIONS}
        return cls(
            axes,
            plans,
            task,
            np.array([_places(axes, plan) for plan in plans]),
            np.array([_kinds(plan) for plan in plans]),
            np.array([_sizes(plan, task) for plan in plans]),
        )

    def row(self, plan: Plan) -> int:
        """Place of the nearest recorded plan; of several equally near ones the first."""
        squares = ((self.numbers - _places(self.axes, plan)) ** 2).sum(axis=1)
        for column, (kind, size) in enumerate(zip(_kinds(plan), _sizes(plan, self.task), strict=True)):
            same = self.kinds[:, column] == kind
            sizes = self.sizes[:, column]
            width = float(np.ptp(sizes[same])) if same.any() else 0.0
            squares += np.where(same, ((sizes - size) / width) ** 2 if width > 0 else 0.0, 1.0)
        return int(np.argmin(squares))


def _places(axes: Mapping[str, Axis], plan: Plan) -> Array:
    return np.array([_place(axis, getattr(plan, name)) for name, axis in axes.items()])


def _sizes(plan: Plan, task: Task) -> Array:
    sizes: Array = np.log([plan.upload_bytes(task.tensors), plan.download_bytes(task.tensors)])
    return sizes


def _kinds(plan: Plan) -> tuple[str, str]:
    return plan.uplink.kind, plan.downlink.kind


def _place(axis: Axis, value: Any) -> float:
    """Where a value lies on its axis, 0 to 1."""
    if isinstance(axis, ChoiceAxis):
        return axis.choices.index(value) / max(1, len(axis.choices) - 1)
    numbers = np.array([axis.low, value, axis.high], dtype=np.float64)
    low, at, high = np.log(numbers) if axis.log else numbers
    return float((at - low) / (high - low))


def at_share(axis: Axis, share: float) -> Any:
    """The value that lies so far along an axis, 0 to 1; choices have equal shares of it."""
    if isinstance(axis, ChoiceAxis):
        return axis.choices[min(int(share * len(axis.choices)), len(axis.choices) - 1)]
    numbers = np.array([axis.low, axis.high], dtype=np.float64)
    low, high = np.log(numbers) if axis.log else numbers
    value = float(low + share * (high - low))
    value = min(max(float(np.exp(value)) if axis.log else value, axis.low), axis.high)
    return round(value) if isinstance(axis, IntAxis) else value


@dataclass(frozen=True)
class SnappedSpace(Space):
    """A space whose plans are recorded ones: what a search predicts of a proposal is then true of what is billed."""

    snapping: Snapping

    def plan(self, values: Mapping[str, Any], base: Plan) -> Plan:
        """The recorded plan nearest to a point of the space, with the rounds of that point."""
        plan = super().plan(values, base)
        rounds = min(plan.rounds, self.snapping.plans[0].rounds)
        return replace(self.snapping.plans[self.snapping.row(plan)], rounds=rounds)


@dataclass(frozen=True, eq=False)
class World:
    """A table of recorded curves as a world to search in; all prices are made once."""

    name: str
    table: Table
    problem: Problem
    """Its space is a SnappedSpace."""
    smoothing: str
    accuracy: Array
    """Smoothed as the study declares, shape (plans, seeds, rounds); NaN where the run has failed."""
    fresh: Array
    """The same with seeds that no search sees (`_race_fresh.py`), for the score alone; maybe none."""
    kg: Array
    """Deployment price of each plan after each round in kg CO2e, expected, shape (plans, rounds)."""

    @classmethod
    def of(cls, file: Path, smoothing: str | None = None) -> World:
        """The world of a table; a study's default smoothing, the recorded task's, unless another is named."""
        table = load_table(file)
        task = {key: value for key, value in table.task.items() if value is not None and key != "device"}
        problem = problem_of(study_of({"oracle": "recorded", "task": task}))
        snapping = Snapping.of(problem.space, table.plans, problem.task)
        space = SnappedSpace(problem.space.name, problem.space.axes, snapping)
        how = smoothing or str(task["smoothing"])
        works = problem.works(table.plans)
        kg = np.array([problem.pricer.along(works[row], table.rounds).co2e_kg.total for row in range(len(table.plans))])
        snapped = replace(problem, space=space)
        accuracy = _smoothed(table.curves["accuracy"], how)
        fresh = _smoothed(_fresh(file, table), how)
        return cls(file.stem, table, snapped, how, accuracy, fresh, kg)

    @property
    def seeds(self) -> int:
        """Recorded seeds of every plan."""
        return len(self.table.seeds)

    @property
    def longest(self) -> int:
        """Recorded rounds of every plan."""
        return self.table.rounds

    @property
    def dearest_kg(self) -> float:
        """Price of the dearest recorded plan."""
        return float(self.kg.max())

    def __str__(self) -> str:
        """What is raced on, in words."""
        return (
            f"table {self.name}: {len(self.table.plans)} plans x {self.seeds} seeds x {self.longest} rounds; "
            f"accuracy smoothed: {self.smoothing}"
        )

    def plan(self, row: int) -> Plan:
        """The recorded plan of a row."""
        return self.table.plans[row]

    def row(self, plan: Plan) -> int:
        """Place of a plan of the snapped space in the table."""
        return self._snapping.row(plan)

    @property
    def _snapping(self) -> Snapping:
        space = self.problem.space
        assert isinstance(space, SnappedSpace)
        return space.snapping

    def column(self, seed: int, row: int, visits: int) -> int:
        """Which recorded seed a search sees when it trains a plan that it has trained `visits` times before.

        A fresh one each time, in an order that the search's seed and the plan decide, the same for all methods. One
        is never shown, so that there is always one to score with: from then on the others come again in turn.
        """
        order = stream(seed, "race", row).permutation(self.seeds)
        return int(order[visits % max(1, self.seeds - 1)])

    def rounds(self, row: int, column: int, rounds: int) -> Iterator[Round]:
        """What a search is told of a recorded run, round by round; it ends where the run failed."""
        loss = self.table.curves["loss"][row, column]
        for index, accuracy in enumerate(self.accuracy[row, column, :rounds]):
            if not (np.isfinite(accuracy) and np.isfinite(loss[index])):
                return
            yield Round(float(accuracy), float(loss[index]), 0, 0, 0, 0)

    def kept(self) -> dict[str, Any]:
        """Nothing: the table has all."""
        return {}

    def take(self, plain: Mapping[str, Any]) -> None:
        """Nothing was kept."""

    def seen(self, training: Training) -> Array:
        """Accuracy after each round of a training, shape (rounds,); NaN from the round on in which it failed."""
        return self.accuracy[training.row, training.column, : training.rounds]

    def others(self, row: int, shown: int, rounds: int) -> Array:
        """Mean curve of a plan over the seeds that are not `shown` (bits), shape (rounds,)."""
        return _others(self, row, shown)[:rounds]

    def known(self) -> tuple[Array, Array]:
        """Mean accuracy over all seeds, and kg, of every round of every recorded plan."""
        return self.filled.mean(axis=1).ravel(), self.kg.ravel()

    @cached_property
    def filled(self) -> Array:
        """Accuracy with all seeds, a failed run counted as guessing the largest class, shape (plans, seeds, rounds)."""
        accuracy = np.concatenate([self.accuracy, self.fresh], axis=1)
        return np.where(np.isnan(accuracy), self.problem.task.majority_share, accuracy)


@lru_cache(maxsize=1 << 14)
def _others(world: World, row: int, shown: int) -> Array:
    unseen = [column for column in range(world.filled.shape[1]) if not shown >> column & 1]
    return np.asarray(world.filled[row, unseen].mean(axis=0))


def _fresh(file: Path, table: Table) -> NDArray[np.float32]:
    """Accuracies of a shipped table's plans with the seeds that only score, shape (plans, seeds, rounds)."""
    kept = FRESH / f"{file.stem}_fresh.npz"
    if file.parent != TABLES or not kept.is_file():
        return np.empty((len(table.plans), 0, table.rounds), dtype=np.float32)
    found = load_table(kept)
    assert found.plans == table.plans, f"{kept} is of other plans than {file}"
    return found.curves["accuracy"]


def _smoothed(curves: NDArray[np.float32], how: str) -> Array:
    smoothed = np.empty(curves.shape)
    for place in np.ndindex(curves.shape[:2]):
        smoothing = Smoothing(how)
        smoothed[place] = [smoothing.add(float(value)) for value in curves[place]]
    return smoothed
