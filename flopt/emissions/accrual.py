"""Accrual: the footprint of one plan after each of its rounds, worked out when it is first read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.footprint import Footprint
from flopt.errors import FloptError

__all__ = ["Accrual"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Accrual:
    """A cumulative footprint of which a front of a thousand runs mostly reads one total."""

    rounds: int
    source: Callable[[], Footprint]
    """Gives the cumulative footprint, arrays of shape (rounds,) or longer; called once at most."""

    @classmethod
    def of(cls, footprint: Footprint, rounds: int) -> Accrual:
        """A footprint that is there already, cut to its first rounds."""
        if len(footprint.duration_s) < rounds:
            raise FloptError(f"run: the footprint has {len(footprint.duration_s)} rounds; the run has {rounds}")
        return cls(rounds, lambda: footprint)

    @classmethod
    def steady(cls, each: Footprint, once: Footprint, plan: int, rounds: int) -> Accrual:
        """Equal rounds of one plan; `each` and `once` have arrays of shape (plans,)."""

        def source() -> Footprint:
            return each.map(lambda v: v[plan]).over_rounds(rounds, once.map(lambda v: v[plan]))

        return cls(rounds, source)

    @cached_property
    def footprint(self) -> Footprint:
        """Arrays of shape (rounds,), which nobody can change."""
        return self.source().map(lambda values: _frozen(values[: self.rounds]))

    @cached_property
    def energy_kwh(self) -> Array:
        """Energy over all parts, shape (rounds,)."""
        return _frozen(self.footprint.energy_kwh.total)

    @cached_property
    def co2e_kg(self) -> Array:
        """CO2e over all parts, shape (rounds,)."""
        return _frozen(self.footprint.co2e_kg.total)


def _frozen(values: Array) -> Array:
    # An objective's `seconds += 5` changes a number, but on arrays it would change the run itself.
    values.setflags(write=False)
    return values
