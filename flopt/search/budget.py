"""The budget: when a search ends."""

from __future__ import annotations

from dataclasses import dataclass

from flopt.errors import FloptError

__all__ = ["Budget", "Spent"]


@dataclass(frozen=True)
class Spent:
    """What a search has used up so far."""

    runs: int
    rounds: int
    minutes: float
    search_kg: float
    """Estimated kg CO2e of the search itself."""


@dataclass(frozen=True)
class Budget:
    """When the search ends: at whichever comes first; None is no bound."""

    runs: int | None = None
    rounds: int | None = None
    minutes: float | None = None
    search_kg: float | None = None

    def __post_init__(self) -> None:
        for name in ("runs", "rounds", "minutes", "search_kg"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise FloptError(f"budget.{name} = {value:g}: must be above 0")
        if self.runs is None and self.rounds is None and self.minutes is None and self.search_kg is None:
            raise FloptError("budget: give at least one of runs, rounds, minutes, search_kg")

    def ended(self, spent: Spent) -> str:
        """The first bound that is reached, by name; empty while there is something left."""
        for name in ("runs", "rounds", "minutes", "search_kg"):
            bound = getattr(self, name)
            if bound is not None and getattr(spent, name) >= bound:
                return name
        return ""
