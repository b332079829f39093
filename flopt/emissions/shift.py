"""Shifting: what another start hour would have saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from flopt.emissions.pricer import Pricer
from flopt.emissions.series import utc_time
from flopt.emissions.work import Work
from flopt.errors import FloptError

__all__ = ["Shift", "best_start"]


@dataclass(frozen=True)
class Shift:
    """The best of several start hours, found in hindsight."""

    start: str
    """UTC, as it was given."""
    co2e_kg: float
    best_start: str
    best_co2e_kg: float

    @property
    def saving(self) -> float:
        """Share of the emissions that the best start would have saved: an upper bound for what a forecast can save."""
        return 1 - self.best_co2e_kg / self.co2e_kg if self.co2e_kg else 0.0


def best_start(pricer: Pricer, work: Work, rounds: int, hours: int) -> Shift:
    """The whole hour within the next `hours` at which one plan (work of shape ()) would have emitted least.

    Hindsight on past hours: nobody knew them beforehand, so that the saving is an upper bound.
    """
    if pricer.pricing.start is None:
        raise FloptError("shift: it needs a start hour (--start)")
    if hours < 1:
        raise FloptError(f"shift = {hours} h: must be at least 1 h")
    first = utc_time(pricer.pricing.start, "pricing: start")
    starts = [f"{first + timedelta(hours=hour):%Y-%m-%dT%H:%M}" for hour in range(hours + 1)]
    kg = [_total_kg(pricer, start, work, rounds) for start in starts]
    best = _lowest(kg)
    return Shift(starts[0], kg[0], starts[best], kg[best])


def _total_kg(pricer: Pricer, start: str, work: Work, rounds: int) -> float:
    moved = replace(pricer, pricing=replace(pricer.pricing, start=start))
    return float(moved.along(work, rounds).co2e_kg.total[..., -1])


def _lowest(values: Sequence[float]) -> int:
    return min(range(len(values)), key=values.__getitem__)
