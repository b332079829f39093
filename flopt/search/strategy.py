"""The strategy: how a search goes about its problem."""

from __future__ import annotations

from dataclasses import dataclass

from flopt.errors import FloptError
from flopt.search.budget import Budget
from flopt.search.executors.engine import LOCAL, Engine

__all__ = ["Strategy"]


@dataclass(frozen=True)
class Strategy:
    """All that decides how a problem is searched, and for how long."""

    sampler: str
    seed: int
    lag: int
    workers: int
    budget: Budget
    kg_per_cpu_s: float
    """Estimated kg CO2e of one CPU second on this machine."""
    stopping: str = "none"
    replicates: int = 0
    """Fresh seeds with which the plans that own the front are run again."""
    engine: Engine = LOCAL
    """Where runs are trained, and what each may take; it decides nothing."""
    ladder_runs: int = 0
    """Runs of each oracle of a ladder but the last."""

    def __post_init__(self) -> None:
        for name in ("workers", "lag"):
            if getattr(self, name) < 1:
                raise FloptError(f"{name} = {getattr(self, name)}: must be at least 1")
        if self.workers > self.lag:
            raise FloptError(
                f"workers = {self.workers}: must not be above lag = {self.lag}; the others would never have work"
            )
