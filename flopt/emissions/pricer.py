"""Rounds in time: when each begins and ends, and what its energy carries at those hours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.energy import RoundEnergy, round_energy
from flopt.emissions.fleet import Fleet
from flopt.emissions.footprint import Footprint, joined, priced, push_footprint, round_footprint
from flopt.emissions.grid import Grid
from flopt.emissions.pricing import Pricing, ValueOf, central, grid_factor, grid_of, rates
from flopt.emissions.rates import Rates
from flopt.emissions.series import utc_time
from flopt.emissions.work import Work
from flopt.errors import FloptError

__all__ = ["footprint_along", "receivers", "round_hours"]

Array = NDArray[np.float64]


def footprint_along(work: Work, fleet: Fleet, pricing: Pricing, rounds: int, value_of: ValueOf = central) -> Footprint:
    """Cumulative expected footprint after each of `rounds` rounds of one plan, arrays of shape (..., rounds).

    `work` has the shape () of one plan. Without a start hour all rounds are equal; with one, each is priced at the
    hours that it lasts, and drawn from those who are available when it begins.
    """
    if pricing.start is not None:
        return _Timeline(work, fleet, pricing, value_of).along(rounds)
    table = rates(fleet, pricing, value_of)
    per_round = round_footprint(work, table)
    return per_round.over_rounds(rounds, push_footprint(work, table, receivers(work, pricing)))


def receivers(work: Work, pricing: Pricing) -> Array:
    """Clients that the final model is sent to, once."""
    if pricing.final_push == "none":
        return np.zeros_like(work.clients)
    return work.clients if pricing.final_push == "drawn" else np.full_like(work.clients, work.population)


def round_hours(work: Work, fleet: Fleet, pricing: Pricing, rounds: int) -> list[float | None]:
    """The hour of the day (UTC) at which each round begins; None where no start is given."""
    if pricing.start is None:
        return [None] * rounds
    timeline = _Timeline(work, fleet, pricing, central)
    return [float(hour) for hour in (timeline.first_hour + timeline.begins(rounds)[:-1]) % 24]


@dataclass(frozen=True, eq=False)
class _Timeline:
    """One plan on the clock; times are hours after the start, from central values whatever is drawn at random."""

    work: Work
    fleet: Fleet
    pricing: Pricing
    value_of: ValueOf

    @cached_property
    def grid(self) -> Grid:
        return grid_of(self.fleet, self.pricing)

    @cached_property
    def first_hour(self) -> float:
        """Hour of the day (UTC) of the start."""
        moment = utc_time(str(self.pricing.start), "pricing: start")
        return moment.hour + moment.minute / 60 + moment.second / 3600

    @cached_property
    def steady(self) -> bool:
        """Whether equally many clients can be drawn at all hours."""
        return all(len(set(group.availability)) == 1 for group in self.fleet.groups)

    def begins(self, rounds: int) -> Array:
        """Begin of each round, and the end of the last, in hours after the start; shape (rounds + 1,)."""
        if self.steady:
            return np.arange(rounds + 1, dtype=np.float64) * self._lasts(0)
        begins = [0.0]
        for _ in range(rounds):
            begins.append(begins[-1] + self._lasts(self._slot(begins[-1])))
        return np.array(begins)

    def along(self, rounds: int) -> Footprint:
        """The cumulative footprint, with the final push at the last hour's rates."""
        begins = self.begins(rounds)
        slots = np.array([self._slot(begin) for begin in begins[:-1]])
        clients, server = self._intensities(begins)
        parts, places = [], []
        for slot in sorted(set(slots.tolist())):
            rows = np.flatnonzero(slots == slot)
            energy, table = self._energy(slot)
            parts.append(priced(energy, table, g_per_kwh=clients[rows], server_g_per_kwh=server[rows]))
            places.append(rows)
        order = np.argsort(np.concatenate(places))
        each = joined(parts).map(lambda values: np.cumsum(values[..., order], axis=-1))
        table = self._rates(int(slots[-1]))
        push = push_footprint(self.work, table, receivers(self.work, self.pricing))
        return each.plus(push.map(lambda value: value if value.ndim else value[np.newaxis]))

    def _slot(self, begin: float) -> int:
        """The hour of the day that decides who is available; 0 where it makes no difference."""
        return 0 if self.steady else int(self.first_hour + begin) % 24

    def _lasts(self, slot: int) -> float:
        table = rates(self.fleet, self.pricing, hour=None if self.steady else float(slot))
        return float(round_energy(self.work, table).round_s) / 3600

    def _rates(self, slot: int) -> Rates:
        return rates(self.fleet, self.pricing, self.value_of, hour=None if self.steady else float(slot))

    def _energy(self, slot: int) -> tuple[RoundEnergy, Rates]:
        table = self._rates(slot)
        return round_energy(self.work, table), table

    def _intensities(self, begins: Array) -> tuple[Array, Array]:
        """Mean intensity while each round lasts: shape (rounds, groups) for the clients, (rounds,) for the server."""
        moved = self.fleet.moved(self.pricing.country, self.pricing.server_country)
        clients = [self._over(group.country, begins) for group in moved.groups]
        return np.stack(np.broadcast_arrays(*clients), axis=-1), self._over(moved.server.country, begins)

    def _over(self, country: str, begins: Array) -> Array:
        factor = grid_factor(country, self.value_of)
        try:
            series = self.grid.series(country)
        except FloptError as error:
            if not self.pricing.flat:
                raise FloptError(f"{error}; or take the annual mean with flat (--flat)") from None
            return np.full(len(begins) - 1, self.grid[country].g_per_kwh) * factor
        first = series.hour_of(str(self.pricing.start))
        return series.mean_between(first + begins[:-1], first + begins[1:]) * factor
