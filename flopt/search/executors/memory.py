"""A study in memory: what a journal keeps on disk, for as long as the process lives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from flopt.objectives import Direction
from flopt.search.stores.storage import running_trial
from flopt.trace import Trace

__all__ = ["Memory"]


class Memory:
    """One trial per run, as in a `Journal`; nothing is written."""

    folder = Path()

    def __init__(self, directions: Sequence[Direction]) -> None:
        self._study = optuna.create_study(directions=list(directions))
        self._traces: dict[int, Trace] = {}

    def trials(self) -> list[FrozenTrial]:
        """All runs in the order of their numbers."""
        return self._study.get_trials(deepcopy=False)

    def trace(self, number: int) -> Trace | None:
        """What happened in a run; None while it is not done."""
        return self._traces.get(number)

    def traces(self) -> list[Trace | None]:
        """What happened in every run, in the order of their numbers."""
        return [self._traces.get(number) for number in range(len(self.trials()))]

    def add(self, proposal: FrozenTrial, attributes: Mapping[str, Any]) -> None:
        """Keep a proposal as a running trial."""
        self._study.add_trial(running_trial(proposal, attributes))

    def record(
        self, number: int, trace: Trace, cpu_s: float, attributes: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Keep a finished run's trace, the CPU seconds that it took, and what else is known of it."""
        trial = self.trials()[number]._trial_id
        for name, value in {"cpu_s": round(cpu_s, 4), **attributes}.items():
            self._study._storage.set_trial_user_attr(trial, name, value)
        self._traces[number] = trace

    def tell(self, number: int, values: Sequence[float] | None, *, stopped: bool = False) -> None:
        """End a run with its objectives, as pruned where it was stopped, or as failed where there are none."""
        if values is None:
            self._study.tell(number, state=TrialState.FAIL)
        elif stopped:  # Optuna takes no values of a pruned trial
            self._study.tell(number, state=TrialState.PRUNED)
        else:
            self._study.tell(number, list(values))
