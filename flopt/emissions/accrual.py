"""Accrual: the footprint of one plan after each of its rounds, worked out when it is first read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.footprint import Footprint, Parts
from flopt.errors import FloptError

__all__ = ["Accrual"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Accrual:
    """A cumulative footprint, arrays of shape (rounds,) that nobody can change.

    A front of a thousand runs mostly reads one total of each: its quantities are worked out one by one, when asked.
    """

    rounds: int
    energy: Callable[[], Parts]
    """Gives the energy in kWh, arrays of shape (rounds,) or longer; called once at most, as are the others."""
    co2e: Callable[[], Parts]
    """Gives the CO2e in kg."""
    duration: Callable[[], Array]
    """Gives the seconds."""

    @classmethod
    def of(cls, footprint: Footprint, rounds: int) -> Accrual:
        """A cumulative footprint that is there already, cut to its first rounds."""
        if len(footprint.duration_s) < rounds:
            raise FloptError(f"run: the footprint has {len(footprint.duration_s)} rounds; the run has {rounds}")
        return cls(rounds, lambda: footprint.energy_kwh, lambda: footprint.co2e_kg, lambda: footprint.duration_s)

    @classmethod
    def steady(cls, each: Footprint, once: Footprint, plan: int, rounds: int) -> Accrual:
        """Equal rounds of one plan; `each` and `once` have arrays of shape (plans,)."""

        count = np.arange(1, rounds + 1, dtype=np.float64)

        def grown(per_round: Sequence[Array], at_end: Sequence[Array]) -> Array:
            first, last = (np.array([values[plan] for values in of])[:, None] for of in (per_round, at_end))
            return np.asarray(first * count + last)

        def parts(per_round: Parts, at_end: Parts) -> Parts:
            return Parts(*grown(per_round.each(), at_end.each()))

        return cls(
            rounds,
            lambda: parts(each.energy_kwh, once.energy_kwh),
            lambda: parts(each.co2e_kg, once.co2e_kg),
            lambda: grown([each.duration_s], [once.duration_s])[0],
        )

    @cached_property
    def energy_kwh_by_part(self) -> Parts:
        """Energy, part by part."""
        return self.energy().map(self._whole)

    @cached_property
    def co2e_kg_by_part(self) -> Parts:
        """CO2e, part by part."""
        return self.co2e().map(self._whole)

    @cached_property
    def duration_s(self) -> Array:
        """Seconds on the fleet."""
        return self._whole(self.duration())

    @cached_property
    def energy_kwh(self) -> Array:
        """Energy over all parts."""
        return self._whole(self.energy_kwh_by_part.total)

    @cached_property
    def co2e_kg(self) -> Array:
        """CO2e over all parts."""
        return self._whole(self.co2e_kg_by_part.total)

    @cached_property
    def footprint(self) -> Footprint:
        """All quantities."""
        return Footprint(self.energy_kwh_by_part, self.co2e_kg_by_part, self.duration_s)

    def _whole(self, values: Array) -> Array:
        # An objective's `seconds += 5` changes a number, but on arrays it would change the run itself.
        cut = values[: self.rounds]
        cut.setflags(write=False)
        return cut
