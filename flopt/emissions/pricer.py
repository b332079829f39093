"""The pricer: a fleet and its pricing, ready to price any work, at annual means or hour by hour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.energy import busy_s, cohort, round_energy
from flopt.emissions.fleet import HOURS_PER_DAY, Fleet
from flopt.emissions.footprint import Footprint, joined, priced, push_footprint, round_footprint, shaped
from flopt.emissions.grid import Grid
from flopt.emissions.network import ValueOf
from flopt.emissions.pricing import Pricing, central, grid_factor, grid_of, rates
from flopt.emissions.rates import Rates
from flopt.emissions.series import utc_time
from flopt.emissions.work import Work
from flopt.errors import FloptError

__all__ = ["Pricer"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pricer:
    """Prices work on one fleet; `value_of` stands in for every coefficient: central values, or common draws."""

    fleet: Fleet
    pricing: Pricing
    value_of: ValueOf = central

    @cached_property
    def rates(self) -> Rates:
        """The fleet as numbers, at the mean availability of the day."""
        return rates(self.fleet, self.pricing, self.value_of)

    @cached_property
    def grid(self) -> Grid:
        """The grid that is priced with."""
        return grid_of(self.fleet, self.pricing)

    def per_round(self, work: Work) -> Footprint:
        """Expected footprint of one round of each plan, at annual means: arrays of the shape of `work.clients`."""
        return round_footprint(work, self.rates)

    def once(self, work: Work) -> Footprint:
        """Footprint of what is done one time: the final model is sent out."""
        if self.pricing.final_push == "none":  # what nobody receives takes nothing
            return Footprint.nothing((*self.rates.draws, *work.clients.shape))
        return push_footprint(work, self.rates, self._receivers(work))

    def along(self, work: Work, rounds: int) -> Footprint:
        """Cumulative expected footprint after each round of one plan, arrays of shape (..., rounds).

        `work` has the shape (). Without a start hour all rounds are equal; with one, each is priced at the hours that
        it lasts, and drawn from those who are available when it begins.
        """
        self.check(work)
        if self.pricing.start is None:
            return self.per_round(work).over_rounds(rounds, self.once(work))
        begins = self._begins(work, rounds)
        slots = np.array([self._slot(begin) for begin in begins[:-1]])
        clients, server = self._intensities(begins)
        parts, places = [], []
        for slot in sorted(set(slots.tolist())):
            rows, table = np.flatnonzero(slots == slot), self._tables[slot]
            energy = round_energy(work, table)
            parts.append(priced(energy, table, g_per_kwh=clients[..., rows], server_g_per_kwh=server[..., rows]))
            places.append(rows)
        order = np.argsort(np.concatenate(places))
        each = shaped(joined(parts), self.rates.draws, (rounds,))
        grown = each.map(lambda values: np.cumsum(values[..., order], axis=-1))
        return grown.plus(self.once(work).map(lambda value: value[..., np.newaxis]))

    def day_hours(self, work: Work, rounds: int) -> list[float | None]:
        """The hour of the day (UTC) in which each round begins; None where it makes no difference."""
        if self.pricing.start is None or self._steady:
            return [None] * rounds
        return [float(self._slot(begin)) for begin in self._begins(work, rounds)[:-1]]

    def check(self, work: Work) -> None:
        """Raise a `FloptError` where the fleet cannot run a round of this plan (shape ()) at all."""
        by_hour = self.pricing.start is not None and not self._steady
        for hour, table in enumerate(self._tables if by_hour else [self.rates]):
            there = np.floor(work.population * table.available + 1e-9)
            if there < cohort(replace(work, population=np.inf), table).drawn:
                when = f" at {hour:02}:00 UTC" if by_hour else ""
                raise FloptError(
                    f"fleet {self.fleet.name}: {there:.0f} of {work.population:.0f} clients can be drawn{when}, and a "
                    f"round draws more for {float(work.clients):.0f} updates; lower client_fraction"
                )
        self._check_deadline(work)

    def _check_deadline(self, work: Work) -> None:
        if self.fleet.deadline_s is None:
            return
        if busy_s(work, self.rates).min() > self.fleet.deadline_s:
            longest_s = float(np.max(round_energy(work, replace(self.rates, deadline_s=None)).round_s))
            raise FloptError(
                f"fleet {self.fleet.name}: deadline_s = {self.fleet.deadline_s:g}: no client can finish a round of "
                f"this plan in it; without a deadline the round lasts {longest_s:.3g} s"
            )

    def _receivers(self, work: Work) -> Array:
        return work.clients if self.pricing.final_push == "drawn" else np.full_like(work.clients, work.population)

    def _begins(self, work: Work, rounds: int) -> Array:
        """Begin of each round, and the end of the last, in hours after the start; from central values."""
        lasts_h = [float(round_energy(work, table).round_s.item()) / 3600 for table in self._central_tables]
        if self._steady:
            return np.arange(rounds + 1, dtype=np.float64) * lasts_h[0]
        begins = [0.0]
        for _ in range(rounds):
            begins.append(begins[-1] + lasts_h[self._slot(begins[-1])])
        return np.array(begins)

    @cached_property
    def _steady(self) -> bool:
        """Whether equally many clients can be drawn at all hours."""
        return all(len(set(group.availability)) == 1 for group in self.fleet.groups)

    @cached_property
    def _first_hour(self) -> float:
        moment = utc_time(str(self.pricing.start), "pricing: start")
        return moment.hour + moment.minute / 60 + moment.second / 3600

    def _slot(self, begin: float) -> int:
        """The hour of the day that decides who is available; 0 where it makes no difference."""
        return 0 if self._steady else int(self._first_hour + begin) % HOURS_PER_DAY

    @cached_property
    def _tables(self) -> list[Rates]:
        """The fleet as numbers at each hour of the day; only one where all hours are alike."""
        return self._at_each_slot(self.value_of)

    @cached_property
    def _central_tables(self) -> list[Rates]:
        """The same with central values, which say when a round begins."""
        return self._tables if self.value_of is central else self._at_each_slot(central)

    def _at_each_slot(self, value_of: ValueOf) -> list[Rates]:
        hours = [None] if self._steady else range(HOURS_PER_DAY)
        return [rates(self.fleet, self.pricing, value_of, hour=hour) for hour in hours]

    def _intensities(self, begins: Array) -> tuple[Array, Array]:
        """Mean intensity while each round lasts: (groups, draws, rounds), and (draws, rounds) for the server."""
        moved = self.fleet.moved(self.pricing.country, self.pricing.server_country)
        clients = [self._over(group.country, begins) for group in moved.groups]
        return np.stack(np.broadcast_arrays(*clients)), self._over(moved.server.country, begins)

    def _over(self, country: str, begins: Array) -> Array:
        factor = grid_factor(country, self.value_of)
        try:
            series = self.grid.series(country)
        except FloptError as error:
            if not self.pricing.flat:
                raise FloptError(f"{error}; or take the annual mean with flat (--flat)") from None
            return np.full((1, len(begins) - 1), self.grid[country].g_per_kwh) * factor
        first = series.hour_of(str(self.pricing.start))
        return np.atleast_2d(series.mean_between(first + begins[:-1], first + begins[1:])) * factor
