"""The rungs of a ladder: which oracle trains which run of a search."""

from __future__ import annotations

from dataclasses import dataclass

from flopt.errors import FloptError
from flopt.search.problem import Problem

__all__ = ["Rungs"]


@dataclass(frozen=True)
class Rungs:
    """The cheaper oracles have so many runs each, in their order, and the last one all that follow."""

    oracles: tuple[str, ...]
    """From cheap to dear."""
    runs: int
    """Runs of each but the last."""

    def __post_init__(self) -> None:
        if len(self.oracles) > 1 and self.runs < 1:
            raise FloptError(f"ladder.runs = {self.runs}: must be at least 1")

    @classmethod
    def of(cls, problem: Problem, runs: int) -> Rungs:
        """The rungs of a problem; a single one where it has one oracle."""
        return cls((*problem.cheaper, problem.oracle), runs)

    @property
    def predicted(self) -> int:
        """Runs of all oracles but the last: their numbers are the first ones."""
        return self.runs * (len(self.oracles) - 1)

    def oracle(self, number: int) -> str:
        """Which oracle of the ladder trains run `number`; empty where there is one only."""
        return self.oracles[self._place(number)] if self.predicted else ""

    def first(self, number: int) -> int:
        """The first run of the rung that run `number` is on."""
        return self._place(number) * self.runs

    def below(self, number: int) -> slice:
        """The runs of the rung below that of run `number`; none below the first."""
        first = self.first(number)
        return slice(max(0, first - self.runs), first)

    def _place(self, number: int) -> int:
        return min(number // self.runs, len(self.oracles) - 1) if self.predicted else 0
