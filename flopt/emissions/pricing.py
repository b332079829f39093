"""Pricing: the choices and factors that turn a fleet's work into energy and CO2e."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient, is_number
from flopt.emissions.fleet import Fleet
from flopt.emissions.fleet_file import DATA, server_coefficient
from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError, unknown
from flopt.toml_file import read_toml

__all__ = ["NetworkModel", "Pricing", "Rates", "network_coefficients", "rates"]

Array = NDArray[np.float64]
NetworkModel = Literal["router", "per_gb"]

_NETWORK_UNITS = {"router_w": "W", "fixed_kwh_per_gb": "kWh/GB", "mobile_kwh_per_gb": "kWh/GB"}


@dataclass(frozen=True)
class Pricing:
    """How a study is priced; what is None keeps the fleet's or the shipped value."""

    network: NetworkModel = "router"
    """`router`: the home router's watts while a transfer lasts; `per_gb`: kWh for each GB moved."""
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

    def __post_init__(self) -> None:
        if self.network not in get_args(NetworkModel):
            raise unknown("network model", str(self.network), get_args(NetworkModel))
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


@dataclass(frozen=True, eq=False)
class Rates:
    """A fleet as numbers, ready to be multiplied: arrays of shape (groups,)."""

    share: Array
    train_w: Array
    wait_w: Array
    receive_w: Array
    transmit_w: Array
    flop_per_s: Array
    down_bps: Array
    up_bps: Array
    router_w: Array
    """W of the router while a transfer lasts; 0 where the network is priced by bytes."""
    network_kwh_per_gb: Array
    """kWh per GB moved; 0 where the network is priced by time."""
    g_per_kwh: Array
    """Grid intensity where each group lives; the network's energy is counted there too."""
    server_w: float
    pue: float
    server_g_per_kwh: float


def rates(fleet: Fleet, pricing: Pricing) -> Rates:
    """Resolve a fleet, its countries and the pricing choices to numbers."""
    moved = fleet.moved(pricing.country, pricing.server_country)
    grid, groups = annual_grid(), moved.groups
    router_w, kwh_per_gb = _network(pricing, [group.link.kind for group in groups])
    return Rates(
        share=np.array([group.share for group in groups]),
        train_w=_values([group.device.train_w for group in groups]),
        wait_w=_values([group.device.wait_w for group in groups]),
        receive_w=_values([group.device.receive_w for group in groups]),
        transmit_w=_values([group.device.transmit_w for group in groups]),
        flop_per_s=_values([group.device.flop_per_s for group in groups]),
        down_bps=_values([group.link.down_bps for group in groups]),
        up_bps=_values([group.link.up_bps for group in groups]),
        router_w=router_w,
        network_kwh_per_gb=kwh_per_gb,
        g_per_kwh=np.array([grid[group.country].g_per_kwh for group in groups]),
        server_w=moved.server.watts.value,
        pue=server_coefficient("pue").value if pricing.pue is None else pricing.pue,
        server_g_per_kwh=grid[moved.server.country].g_per_kwh,
    )


@lru_cache
def network_coefficients() -> Mapping[str, Coefficient]:
    """The shipped coefficients of the network models."""
    table = read_toml(DATA / "network.toml")["network"]
    return {key: Coefficient.of(table[key], unit, f"network.{key}") for key, unit in _NETWORK_UNITS.items()}


def _network(pricing: Pricing, kinds: list[str]) -> tuple[Array, Array]:
    """Router watts and kWh per GB of each group; the model that is not chosen is zero."""
    facts, zero = network_coefficients(), np.zeros(len(kinds))
    if pricing.network == "router":
        return zero + (facts["router_w"].value if pricing.router_w is None else pricing.router_w), zero
    if pricing.kwh_per_gb is not None:
        return zero, zero + pricing.kwh_per_gb
    return zero, _values([facts[f"{kind}_kwh_per_gb"] for kind in kinds])


def _values(coefficients: list[Coefficient]) -> Array:
    return np.array([coefficient.value for coefficient in coefficients])
