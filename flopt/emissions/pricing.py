"""Pricing: the choices and factors that turn a fleet's work into energy and CO2e."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient, is_number
from flopt.emissions.fleet import HOURS_PER_DAY, Fleet, Group, Server
from flopt.emissions.grid import Grid, annual_grid, check_kinds, grid_of_number
from flopt.emissions.grid_file import load_grid
from flopt.emissions.network import NetworkModel, ValueOf, network_rates, shipped, stacked
from flopt.emissions.network_file import network_facts
from flopt.emissions.rates import Rates
from flopt.emissions.series import utc_time
from flopt.errors import FloptError, unknown

__all__ = [
    "FinalPush",
    "NetworkModel",
    "Pricing",
    "ValueOf",
    "availability",
    "central",
    "grid_factor",
    "grid_of",
    "rates",
]

Array = NDArray[np.float64]
FinalPush = Literal["none", "drawn", "all"]

_SECONDS_PER_YEAR = 365.25 * 24 * 3600


@dataclass(frozen=True)
class Pricing:
    """How a study is priced; what is None keeps the fleet's or the shipped value."""

    network: NetworkModel = "router"
    """`router`: the router's watts while a transfer lasts; `per_gb`: kWh for each GB; `per_hop`: J per bit and hop."""
    pue: float | None = None
    """Power usage effectiveness of the server's data centre, at least 1."""
    country: str | None = None
    """Moves all clients and the server to one country."""
    server_country: str | None = None
    """Fixes the server's country."""
    router_w: float | None = None
    """W of the router on each client's way."""
    kwh_per_gb: float | None = None
    """kWh per GB, for fixed and mobile links alike."""
    grid: str | float | None = None
    """A CSV file of one's own, or one number of g per kWh for all countries."""
    start: str | None = None
    """When the first round begins, such as 2019-06-01T13:00 (UTC): prices hour by hour."""
    flat: bool = False
    """With a start: countries without hours keep their annual mean."""
    final_push: FinalPush = "drawn"
    """Who gets the final model, once: as many clients as a round has, all, or none."""
    evaluation_fraction: float = 0.0
    """Share of the clients that score the model after each round."""
    embodied: bool = False
    """Whether the making of the devices is counted, by the busy share of their life."""

    def __post_init__(self) -> None:
        for name, allowed in (("network", get_args(NetworkModel)), ("final_push", get_args(FinalPush))):
            if getattr(self, name) not in allowed:
                raise unknown(f"pricing.{name}", str(getattr(self, name)), allowed)
        if self.pue is not None and not (is_number(self.pue) and 1 <= self.pue < 10):
            raise FloptError(f"pricing: pue = {self.pue!r}: must be a number, at least 1 and below 10")
        for name in ("router_w", "kwh_per_gb"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and value >= 0):
                raise FloptError(f"pricing: {name} = {value!r}: must be a number, and not negative")
        for name in ("country", "server_country"):
            value = getattr(self, name)
            if value is not None:
                annual_grid().checked(value, f"pricing: {name}")
        if not (is_number(self.evaluation_fraction) and 0 <= self.evaluation_fraction <= 1):
            raise FloptError(f"pricing: evaluation_fraction = {self.evaluation_fraction!r}: must be between 0 and 1")
        if not (self.grid is None or isinstance(self.grid, str) or is_number(self.grid)):
            raise FloptError(f"pricing: grid = {self.grid!r}: must be a number of g per kWh, or a CSV file")
        for name in ("flat", "embodied"):
            if not isinstance(getattr(self, name), bool):
                raise FloptError(f"pricing: {name} = {getattr(self, name)!r}: must be true or false")
        if self.start is not None:
            utc_time(self.start, "pricing: start")
        if self.flat and self.start is None:
            raise FloptError("pricing: flat = true: it says what to do about hours, so it needs a start")


def central(_: str, coefficient: Coefficient) -> Array:
    """The central value of a coefficient, whatever its name."""
    return np.asarray(coefficient.value)


def grid_of(fleet: Fleet, pricing: Pricing) -> Grid:
    """The grid that a price uses: the shipped one, with the fleet's and the user's own values over it."""
    grid = fleet.on(annual_grid())
    if pricing.grid is None:
        return grid
    if isinstance(pricing.grid, str):
        return grid.updated(load_grid(Path(pricing.grid)))
    return grid_of_number(pricing.grid)


def rates(fleet: Fleet, pricing: Pricing, value_of: ValueOf = central, *, hour: float | None = None) -> Rates:
    """Resolve a fleet, its countries and the pricing choices to numbers.

    `hour`, in UTC, is when clients are drawn; None takes the mean availability of the day.
    """
    moved = fleet.moved(pricing.country, pricing.server_country)
    groups, grid = moved.groups, grid_of(fleet, pricing)
    check_kinds([grid[country] for country in {*(group.country for group in groups), moved.server.country}])
    present = np.array([group.share * availability(group, hour) for group in groups])
    resolved = _Resolved(groups, value_of)
    down, up, router_w = network_rates(pricing.network, groups, value_of, pricing.router_w, pricing.kwh_per_gb)
    server = moved.server
    intensity = {g.country: grid[g.country].g_per_kwh * grid_factor(g.country, value_of) for g in groups}
    server_g_per_kwh = grid[server.country].g_per_kwh * grid_factor(server.country, value_of)
    return Rates(
        share=(present / present.sum()).reshape(-1, 1, 1),
        available=float(present.sum() / sum(group.share for group in groups)),
        drop_out=np.array([group.drop_out for group in groups]).reshape(-1, 1, 1),
        over_selection=fleet.over_selection,
        deadline_s=fleet.deadline_s,
        train_w=resolved.device("train_w"),
        wait_w=resolved.device("wait_w"),
        receive_w=resolved.device("receive_w"),
        transmit_w=resolved.device("transmit_w"),
        s_per_flop=resolved.inverse("flop_per_s"),
        s_per_sample=resolved.inverse("samples_per_s"),
        down_bps=resolved.link("down_bps"),
        up_bps=resolved.link("up_bps"),
        router_w=router_w,
        down_kwh_per_gb=down,
        up_kwh_per_gb=up,
        g_per_kwh=stacked([intensity[group.country] for group in groups]),
        server_w=_server_w(server, value_of),
        pue=_pue(server, pricing, value_of),
        server_g_per_kwh=server_g_per_kwh,
        embodied_kg_per_s=resolved.embodied() if pricing.embodied else np.zeros((len(groups), 1, 1)),
        server_embodied_kg_per_s=_server_embodied(value_of) if pricing.embodied else np.zeros(()),
        evaluation_fraction=pricing.evaluation_fraction,
        forward_share=shipped("evaluation.forward_share", value_of),
        draws=server_g_per_kwh.shape[:1],
    )


@dataclass(frozen=True)
class _Resolved:
    """Coefficients of the groups' devices and links, side by side."""

    groups: Sequence[Group]
    value_of: ValueOf

    def device(self, field: str) -> Array:
        names = [f"device.{group.device.name}.{field}" for group in self.groups]
        values = [getattr(group.device, field) for group in self.groups]
        return stacked([self.value_of(name, value) for name, value in zip(names, values, strict=True)])

    def inverse(self, field: str) -> Array:
        """1 / coefficient; 0 for the devices that do not have it."""
        entries = [(f"device.{g.device.name}.{field}", getattr(g.device, field)) for g in self.groups]
        return stacked([np.zeros(()) if c is None else 1 / self.value_of(name, c) for name, c in entries])

    def link(self, field: str) -> Array:
        return stacked([self.value_of(f"link.{g.link.name}.{field}", getattr(g.link, field)) for g in self.groups])

    def embodied(self) -> Array:
        """kg for each second of a device's life."""
        per_second = []
        for group in self.groups:
            device = group.device
            if device.embodied_kg is None or device.lifetime_years is None:
                raise FloptError(
                    f"device {device.name}: it has no embodied_kg and lifetime_years, which embodied needs"
                )
            kg = self.value_of(f"device.{device.name}.embodied_kg", device.embodied_kg)
            years = self.value_of(f"device.{device.name}.lifetime_years", device.lifetime_years)
            per_second.append(kg / (years * _SECONDS_PER_YEAR))
        return stacked(per_second)


def availability(group: Group, hour: float | None) -> float:
    """Share of a group that can be drawn at an hour (UTC), or on average over the day."""
    if hour is None:
        return float(np.mean(group.availability))
    return float(group.availability[math.floor(hour + group.utc_offset_h) % HOURS_PER_DAY])


def _server_w(server: Server, value_of: ValueOf) -> Array:
    watts = value_of("server.watts", server.watts)
    return watts if server.selector_w is None else watts + value_of("server.selector_w", server.selector_w)


def _pue(server: Server, pricing: Pricing, value_of: ValueOf) -> Array:
    if pricing.pue is not None:
        return np.asarray(pricing.pue)
    return value_of("server.pue", server.pue or network_facts()["server.pue"])


def grid_factor(country: str, value_of: ValueOf) -> Array:
    """The uncertainty of a country's intensities: one factor for all of them, centrally 1."""
    return value_of(f"grid.{country}", network_facts()["grid.relative"])


def _server_embodied(value_of: ValueOf) -> Array:
    kg = shipped("server.embodied_kg", value_of)
    years = shipped("server.lifetime_years", value_of)
    return np.asarray(kg / (years * _SECONDS_PER_YEAR))
