"""How well a plan learns, looked up in a table of recorded curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.oracles.kriging import Kriging
from flopt.oracles.nearness import Nearness
from flopt.oracles.table import CURVES, Table, differing, load_table
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import Task, TaskSource
from flopt.trace import Round

__all__ = ["Lookup", "Recorded", "recorded"]

FEWEST = 4
"""Recorded plans from which on one between them can be told."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lookup:
    """A table, asked for plans that were recorded and for plans between them."""

    table: Table
    near: Nearness

    @classmethod
    def of(cls, table: Table, task: Task) -> Lookup:
        """The table of a task."""
        return cls(table, Nearness(table.plans, task.tensors))

    def curves(self, plan: Plan, seed: int) -> dict[str, Array]:
        """Each of CURVES over the plan's rounds, shape (rounds,); NaN from the round on in which the run failed.

        A recorded plan gives what was recorded, seed s the run of the table's seed s modulo their number. Between
        plans curves are averaged by kriging, seed by seed; a run fails as that of the nearest plan did. Raises
        FloptError where the table says nothing.
        """
        if plan.rounds > self.table.rounds:
            raise FloptError(f"the plan has {plan.rounds} rounds; the table {self.table.rounds}, not extrapolated")
        column, rounds = seed % len(self.table.seeds), slice(plan.rounds)
        own = self.near.same(plan)
        if own is not None:
            return {name: self.table.curves[name][own, column, rounds].astype(np.float64) for name in CURVES}
        weights, nearest = self._between(plan)
        failed = np.isnan(self.table.curves["accuracy"][nearest, column, rounds])
        found = {
            name: np.einsum("n,nr->r", weights, self.table.curves[name][self._whole, column, rounds]) for name in CURVES
        }
        return {name: np.where(failed, np.nan, _possible(name, values)) for name, values in found.items()}

    def _between(self, plan: Plan) -> tuple[Array, int]:
        """Weights of the plans that never failed, and the recorded plan that is nearest."""
        apart = self.near.apart(plan)
        if len(self._whole) < FEWEST:
            raise FloptError(f"{len(self._whole)} recorded plans are too few to look up one between them")
        weights, variance = self._kriging.weights(apart[:, self._whole])
        worst = float(self._kriging.left_out[1].max())
        if variance > worst * (1 + 1e-9):
            raise FloptError(
                f"no recorded plan is near enough: it would err by {(variance / worst) ** 0.5:.3g} times what the "
                "most remote recorded one would"
            )
        return weights, int(self._kriging.alike(apart).argmax())

    @cached_property
    def _whole(self) -> NDArray[np.int64]:
        """The plans of which no run failed."""
        return np.flatnonzero(np.isfinite(self.table.curves["accuracy"]).all(axis=(1, 2)))

    @cached_property
    def _kriging(self) -> Kriging:
        """Learnt from the seeds' mean accuracy at some rounds, the first and the last among them."""
        rounds = np.unique(np.geomspace(1, self.table.rounds, 8).round().astype(np.int64)) - 1
        values = self.table.curves["accuracy"][self._whole].astype(np.float64).mean(axis=1)[:, rounds]
        return Kriging.learnt(self.near.all_apart[:, self._whole][:, :, self._whole], values)

    def error_band(self) -> Array:
        """Root mean square error of the accuracy at each round, shape (rounds,), learnt by leaving one plan out.

        Every recorded plan that lies between others is asked for as if it had not been recorded, for each seed. NaN
        where none does.
        """
        inside = [place for place, number in enumerate(self._whole) if self._lies_between(int(number))]
        if len(self._whole) < FEWEST or not inside:
            return np.full(self.table.rounds, np.nan)
        weights = self._kriging.left_out[0][inside]
        known = self.table.curves["accuracy"][self._whole].astype(np.float64)
        errors = np.einsum("mn,nsr->msr", weights, known, optimize=True) - known[inside]
        return np.asarray(np.sqrt((errors**2).mean(axis=(0, 1))))

    def _lies_between(self, number: int) -> bool:
        try:
            self.near.check(self.table.plans[number], without=number)
        except FloptError:
            return False
        return True


def _possible(name: str, values: Array) -> Array:
    """Weights may be negative, but no accuracy leaves [0, 1] and no loss is negative; six digits are exact."""
    return np.clip(values, 0, np.inf if name == "loss" else 1).round(6)


@dataclass(frozen=True, eq=False)
class Recorded:
    """The oracle that serves a table."""

    file: str
    lookup: Lookup
    task: Task

    @property
    def most_rounds(self) -> int:
        """Rounds of every curve in the table."""
        return self.lookup.table.rounds

    def check(self, plan: Plan) -> None:
        """Raise a `FloptError` for a plan of which the table says nothing."""
        self._curves(plan, seed=0)

    def __call__(self, plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
        """The rounds of a plan; raises FloptError, with the first of them, where the table says nothing."""
        curves = self._curves(plan, seed)
        if not participation.used.all():
            raise FloptError(f"table {self.file}: recorded with every update used; here some are lost on the way")
        for index, chosen in enumerate(participation.selected[: plan.rounds]):
            yield _round(plan, self.task, chosen, {name: float(curve[index]) for name, curve in curves.items()})

    def _curves(self, plan: Plan, seed: int) -> dict[str, Array]:
        if plan.horizon_dependent:
            said = f"schedule {plan.schedule!r} depends on the rounds; it cannot be looked up"
            raise FloptError(f"table {self.file}: {said}")
        try:
            return self.lookup.curves(plan, seed)
        except FloptError as error:
            raise FloptError(f"table {self.file}: {error}") from None


def recorded(file: str, source: TaskSource, task: Task) -> Recorded:
    """An oracle that serves a table of `flopt record`; raises FloptError where it is of another task."""
    table = load_table(Path(file).expanduser())
    for key in differing(table.task, source):
        recorded_as, here = table.task.get(key), getattr(source, key)
        raise FloptError(f"table {file}: recorded with task.{key} = {recorded_as!r}; the study has {here!r}")
    return Recorded(file, Lookup.of(table, task), task)


def _round(plan: Plan, task: Task, chosen: NDArray[np.int64], values: dict[str, float]) -> Round:
    """What was recorded, with the counts that follow from who takes part; a failed run's NaN ends it."""
    if not all(map(np.isfinite, values.values())):
        raise FloptError("the recorded training diverged here, or that of a near plan did")
    return Round(
        **values,
        clients=len(chosen),
        samples=int(sum(plan.local_samples(task.client_samples[client]) for client in chosen)),
        download_bytes=len(chosen) * plan.download_bytes(task.tensors),
        upload_bytes=len(chosen) * plan.upload_bytes(task.tensors),
    )
