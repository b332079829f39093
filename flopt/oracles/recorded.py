"""How well a plan learns, looked up in a table of recorded curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.oracle import Oracle
from flopt.oracles.nearness import Nearness
from flopt.oracles.table import CURVES, Table, differing, load_table
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import Task, TaskSource
from flopt.trace import Round

__all__ = ["Lookup", "recorded"]

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

    def curves(self, plan: Plan, seed: int, *, without: int | None = None) -> dict[str, Array]:
        """Each of CURVES over the plan's rounds, shape (rounds,); NaN from the round on in which the run failed.

        A recorded plan gives what was recorded, seed s the run of the table's seed s modulo their number. Between
        plans the curves of near ones are averaged, seed by seed. Raises FloptError where the table says nothing.
        """
        if plan.rounds > self.table.rounds:
            raise FloptError(f"the plan has {plan.rounds} rounds; the table {self.table.rounds}, not extrapolated")
        weights = self.near.weights(plan, without=without)
        column = seed % len(self.table.seeds)
        rows = [number for number, _ in weights]
        shares = np.array([share for _, share in weights])
        return {name: shares @ self.table.curves[name][rows, column, : plan.rounds] for name in CURVES}

    def error_band(self) -> Array:
        """Root mean square error of the accuracy at each round, shape (rounds,), learnt by leaving one plan out.

        Every recorded plan that lies between others is asked for as if it had not been recorded, for each seed. NaN
        where none does.
        """
        errors = [
            self._missed(number, seed)
            for number in range(len(self.table.plans))
            for seed in range(len(self.table.seeds))
        ]
        found = np.array([each for each in errors if each is not None and np.isfinite(each).all()])
        return np.sqrt((found**2).mean(axis=0)) if len(found) else np.full(self.table.rounds, np.nan)

    def _missed(self, number: int, seed: int) -> Array | None:
        try:
            guess = self.curves(self.table.plans[number], seed, without=number)["accuracy"]
        except FloptError:
            return None
        return np.asarray(guess - self.table.curves["accuracy"][number, seed])


def recorded(file: str, source: TaskSource, task: Task) -> Oracle:
    """An oracle that serves a table of `flopt record`; raises FloptError where it is of another task."""
    table = load_table(Path(file).expanduser())
    for key in differing(table.task, source):
        recorded_as, here = table.task.get(key), getattr(source, key)
        raise FloptError(f"table {file}: recorded with task.{key} = {recorded_as!r}; the study has {here!r}")
    lookup = Lookup.of(table, task)

    def rounds(plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
        if plan.horizon_dependent:
            raise FloptError(f"table {file}: schedule {plan.schedule!r} depends on the rounds; it cannot be looked up")
        if not participation.used.all():
            raise FloptError(f"table {file}: recorded with every update used; here some are lost on the way")
        try:
            curves = lookup.curves(plan, seed)
        except FloptError as error:
            raise FloptError(f"table {file}: {error}") from None
        for index, chosen in enumerate(participation.selected[: plan.rounds]):
            yield _round(plan, task, chosen, {name: float(curve[index]) for name, curve in curves.items()})

    return rounds


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
