"""A run: where plan, task, trace and footprint meet, and the one thing that an objective reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.accrual import Accrual
from flopt.emissions.footprint import Footprint, Parts
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.task import Task
from flopt.trace import Trace

__all__ = ["NotYetTrained", "Run"]

Array = NDArray[np.float64]


class NotYetTrained(BaseException):
    """Something learned was read on a run that is only predicted; no `except Exception` hides it."""


@dataclass(frozen=True, eq=False)
class Run:
    """A training run, stopped after round `rounds`: done, or predicted (then nothing learned can be read).

    Quantities are those after the last round, as plain numbers. Energy, CO2e and time are what the plan is
    expected to take on the fleet; they are the same before and after training.
    """

    whole_plan: Plan
    task: Task
    accrual: Accrual
    """What the whole run takes on the fleet, after each of its rounds."""
    whole_trace: Trace | None
    """None for a predicted run."""
    at: int | slice
    """Index of the last round; a slice for the view whose quantities are arrays over all rounds."""

    clients_per_round: int
    """K: updates wanted in each round, of the population that is priced."""

    @classmethod
    def of(
        cls,
        plan: Plan,
        task: Task,
        footprint: Footprint | Accrual,
        trace: Trace | None = None,
        *,
        clients: int | None = None,
    ) -> Run:
        """A run from the cumulative footprint of its plan, arrays of shape (rounds,); it ends where its trace ends.

        `clients` is K where another population than the task's is priced.
        """
        length = plan.rounds if trace is None else len(trace)
        if not 1 <= length <= plan.rounds:
            raise FloptError(f"run: the trace has {length} rounds; the plan has {plan.rounds}, at least 1 is needed")
        accrual = Accrual.of(footprint, length) if isinstance(footprint, Footprint) else footprint
        drawn = task.clients_per_round(plan.client_fraction) if clients is None else clients
        return cls(plan, task, accrual, trace, length - 1, drawn)

    @property
    def length(self) -> int:
        """Rounds that the run has in all, whatever round it is read at."""
        return self.accrual.rounds

    @property
    def footprint(self) -> Footprint:
        """Cumulative, arrays of shape (rounds,), whatever round the run is read at."""
        return self.accrual.footprint

    def until(self, rounds: int) -> Run:
        """The same run, stopped after round `rounds`."""
        if not 1 <= rounds <= self.length:
            raise FloptError(f"run: round {rounds} is outside 1..{self.length}")
        return self._read_at(index(rounds) - 1)  # NumPy's integers are not `int`

    def along(self) -> Run:
        """The same run as a view whose quantities are arrays over all rounds, shape (rounds,)."""
        return self._read_at(slice(None))

    @property
    def rounds(self) -> int:
        """Communication rounds done."""
        count: Any = np.arange(1, self.length + 1)[self.at]
        return int(count) if isinstance(self.at, int) else count  # an array in the view over all rounds

    @property
    def plan(self) -> Plan:
        """The plan, as it would be written for a run that stops here."""
        return replace(self.whole_plan, rounds=self.rounds) if isinstance(self.at, int) else self.whole_plan

    @property
    def trace(self) -> Trace:
        """What happened in each round so far. Learned: not there before training."""
        trace = self._learned("trace")
        return trace.until(self.rounds) if isinstance(self.at, int) else trace

    @property
    def accuracy(self) -> float:
        """Validation accuracy, in [0, 1]. Learned."""
        return self._read(self._learned("accuracy").accuracy)

    @property
    def loss(self) -> float:
        """Validation loss in nats. Learned."""
        return self._read(self._learned("loss").loss)

    @property
    def energy_kwh(self) -> float:
        """Expected energy so far in kWh, over all parts."""
        return self._read(self.accrual.energy_kwh)

    @property
    def co2e_kg(self) -> float:
        """Expected emissions so far in kg CO2e, over all parts."""
        return self._read(self.accrual.co2e_kg)

    @property
    def energy_kwh_by_part(self) -> Parts:
        """Expected energy so far in kWh, part by part."""
        return self.accrual.energy_kwh_by_part.map(lambda part: part[self.at])

    @property
    def co2e_kg_by_part(self) -> Parts:
        """Expected emissions so far in kg CO2e, part by part."""
        return self.accrual.co2e_kg_by_part.map(lambda part: part[self.at])

    @property
    def duration_s(self) -> float:
        """Expected seconds so far on the fleet."""
        return self._read(self.accrual.duration_s)

    @property
    def upload_bytes(self) -> float:
        """Bytes sent by all clients so far."""
        return self.rounds * self.clients_per_round * self.whole_plan.upload_bytes(self.task.tensors)

    @property
    def download_bytes(self) -> float:
        """Bytes sent to all clients so far."""
        return self.rounds * self.clients_per_round * self.whole_plan.download_bytes(self.task.tensors)

    @property
    def samples(self) -> float:
        """Expected samples trained on so far, over all clients and local steps."""
        return self.rounds * self.clients_per_round * self.whole_plan.local_samples(self.task.mean_samples)

    def __str__(self) -> str:
        kind = "predicted run" if self.whole_trace is None else "run"
        return f"{kind} at round {self.rounds} of {self.whole_plan}"

    def _read_at(self, at: int | slice) -> Run:
        # `dataclasses.replace` takes thrice as long, and a front of a thousand runs asks for ten thousand views.
        return Run(self.whole_plan, self.task, self.accrual, self.whole_trace, at, self.clients_per_round)

    def _learned(self, name: str) -> Trace:
        if self.whole_trace is None:
            raise NotYetTrained(name)
        return self.whole_trace

    def _read(self, values: Array) -> float:
        # In the view over all rounds this is an array; objectives written for numbers work on it all the same.
        value: Any = values[self.at]
        return float(value) if isinstance(self.at, int) else value
