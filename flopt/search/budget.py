"""The budget: when a search ends."""

from __future__ import annotations

from dataclasses import dataclass

from flopt.errors import FloptError

__all__ = ["NO_PLAN", "Budget", "Left", "Spent"]

NO_PLAN = "no plan within the limits"
"""Why a search ends that finds no plan within the limits known before training, whatever is left of its budget."""


@dataclass(frozen=True)
class Spent:
    """What a search has used up so far."""

    runs: int
    rounds: int
    minutes: float
    search_kg: float
    """Estimated kg CO2e of the search itself."""
    gain_per_kg: float | None = None
    """Share of the hypervolume's box that a further kg is expected to add; None where nobody can say yet."""


@dataclass(frozen=True)
class Left:
    """A part of a budget; None is no bound."""

    runs: int | None
    rounds: int | None

    def covers(self, runs: int, rounds: int) -> bool:
        """Whether so much, and one run of one round more, fits into it."""
        return (self.runs is None or self.runs > runs) and (self.rounds is None or self.rounds > rounds)

    def share(self, of: float) -> Left:
        """A part of it, rounded down."""
        return Left(*(None if bound is None else int(bound * of) for bound in (self.runs, self.rounds)))

    def less(self, runs: int, rounds: int) -> Left:
        """What remains without so much."""
        pairs = ((self.runs, runs), (self.rounds, rounds))
        return Left(*(None if bound is None else max(0, bound - used) for bound, used in pairs))

    def within(self, other: Left) -> Left:
        """What fits into both."""
        pairs = ((self.runs, other.runs), (self.rounds, other.rounds))
        return Left(*(min((each for each in pair if each is not None), default=None) for pair in pairs))


@dataclass(frozen=True)
class Budget:
    """When the search ends: at whichever comes first; None is no bound."""

    runs: int | None = None
    rounds: int | None = None
    minutes: float | None = None
    search_kg: float | None = None
    least_gain_per_kg: float | None = None
    """Share of the hypervolume's box per kg below which the search ends before its other bounds."""

    def __post_init__(self) -> None:
        for name in ("runs", "rounds", "minutes", "search_kg", "least_gain_per_kg"):
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
        low = self.least_gain_per_kg is not None and spent.gain_per_kg is not None
        return "least_gain_per_kg" if low and spent.gain_per_kg < self.least_gain_per_kg else ""  # type: ignore[operator]

    def left(self, spent: Spent, pending: int = 0) -> Left:
        """What is left, in runs and rounds, once the rounds that still run are done."""
        whole = self.whole(spent)
        runs = None if whole.runs is None else max(0, whole.runs - spent.runs)
        return Left(runs, None if whole.rounds is None else max(0, whole.rounds - spent.rounds - pending))

    def whole(self, spent: Spent) -> Left:
        """All of it in runs and rounds; for minutes and kg the rounds that they allow at the pace so far."""
        bounds = [] if self.rounds is None else [float(self.rounds)]
        for bound, used in ((self.minutes, spent.minutes), (self.search_kg, spent.search_kg)):
            if bound is not None and used > 0 and spent.rounds > 0:
                bounds.append(bound / used * spent.rounds)
        return Left(self.runs, int(min(bounds)) if bounds else None)
