"""Accrual: the footprint of one plan after each of its rounds, worked out when it is first read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

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
    """Gives the energy in kWh, arrays in which those of this plan begin at `begin`; called when something is read."""
    co2e: Callable[[], Parts]
    """Gives the CO2e in kg, as the other two do."""
    duration: Callable[[], Array]
    """Gives the seconds."""
    begin: int = 0

    @classmethod
    def of(cls, footprint: Footprint, rounds: int) -> Accrual:
        """A cumulative footprint that is there already, cut to its first rounds."""
        if len(footprint.duration_s) < rounds:
            raise FloptError(f"run: the footprint has {len(footprint.duration_s)} rounds; the run has {rounds}")
        return cls(rounds, lambda: footprint.energy_kwh, lambda: footprint.co2e_kg, lambda: footprint.duration_s)

    @classmethod
    def steady(cls, each: Footprint, once: Footprint, plans: Sequence[int], rounds: Sequence[int]) -> list[Accrual]:
        """Equal rounds of some plans, each with so many; `plans` are places in `each` and `once`, of shape (all,).

        A quantity is worked out for all of these plans when it is first read of one.
        """
        lengths = np.array(rounds)
        begins = np.cumsum(lengths) - lengths
        place = np.repeat(np.array(plans), lengths)
        count = np.arange(1.0, len(place) + 1) - np.repeat(begins, lengths)

        def grown(per_round: Array, at_end: Array) -> Array:
            return np.asarray(per_round[place] * count + at_end[place])

        def parts(per_round: Parts, at_end: Parts) -> Parts:
            return Parts(*map(grown, per_round.each(), at_end.each()))

        energy = cache(lambda: parts(each.energy_kwh, once.energy_kwh))
        co2e = cache(lambda: parts(each.co2e_kg, once.co2e_kg))
        duration = cache(lambda: grown(each.duration_s, once.duration_s))
        return [
            cls(length, energy, co2e, duration, begin)
            for length, begin in zip(lengths.tolist(), begins.tolist(), strict=True)
        ]

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
        return self._whole(self.energy().total)

    @cached_property
    def co2e_kg(self) -> Array:
        """CO2e over all parts."""
        return self._whole(self.co2e().total)

    @cached_property
    def footprint(self) -> Footprint:
        """All quantities."""
        return Footprint(self.energy_kwh_by_part, self.co2e_kg_by_part, self.duration_s)

    def _whole(self, values: Array) -> Array:
        # An objective's `seconds += 5` changes a number, but on arrays it would change the run itself.
        cut = values[self.begin : self.begin + self.rounds]
        cut.setflags(write=False)
        return cut
