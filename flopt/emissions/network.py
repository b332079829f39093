"""The network between a device and the server: three models that differ by orders of magnitude."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Group
from flopt.toml_file import read_toml
from flopt.units import BITS_PER_BYTE, BYTES_PER_GB, J_PER_KWH

__all__ = ["NetworkModel", "ValueOf", "fact", "network_rates", "stacked"]

Array = NDArray[np.float64]
NetworkModel = Literal["router", "per_gb", "per_hop"]

ValueOf = Callable[[str, Coefficient], Array]
"""What stands in for a coefficient: its central value, or draws of shape (draws, 1). The text tells them apart."""

_J_PER_NJ = 1e-9
_KWH_PER_GB = BITS_PER_BYTE * BYTES_PER_GB * _J_PER_NJ / J_PER_KWH
"""kWh per GB of one nJ per bit."""


def network_rates(
    model: NetworkModel, groups: Sequence[Group], value_of: ValueOf, router_w: float | None, kwh_per_gb: float | None
) -> tuple[Array, Array, Array]:
    """kWh per GB down and up, and router watts, each of shape (..., groups); what the model does not use is zero.

    `router`: S (1/D + 1/U) P_router with the size S and the speeds D and U (Qiu et al. 2023, with the device's own
    draw counted apart). `per_gb`: kWh for each GB that moves, fixed or mobile. `per_hop`: J per bit, summed over the
    machines on the way (Green FL, Meta 2023, after Vishwanath et al. 2015).
    """
    zero = np.zeros(len(groups))
    if model == "router":
        watts = value_of("network.router_w", fact("network", "router_w", "W")) if router_w is None else _one(router_w)
        return zero, zero, stacked([watts] * len(groups))
    if model == "per_hop":
        return _per_hop(groups, "down", value_of), _per_hop(groups, "up", value_of), zero
    if kwh_per_gb is not None:
        return zero + kwh_per_gb, zero + kwh_per_gb, zero
    names = [f"{group.link.kind}_kwh_per_gb" for group in groups]
    per_gb = stacked([value_of(f"network.{name}", fact("network", name, "kWh/GB")) for name in names])
    return per_gb, per_gb, zero


@lru_cache
def fact(table: str, name: str, unit: str) -> Coefficient:
    """A coefficient of the shipped `network.toml`; a table in a table is written with a dot."""
    entry: Any = _facts()
    for key in (*table.split("."), name):
        entry = entry[key]
    return Coefficient.of(entry, unit, f"network.toml: {table}.{name}")


def stacked(values: Sequence[Array]) -> Array:
    """One value for each group, side by side on the last axis."""
    return np.stack(np.broadcast_arrays(*values), axis=-1)


def _per_hop(groups: Sequence[Group], way: str, value_of: ValueOf) -> Array:
    """kWh per GB of the access network and of all machines beyond it."""
    path = {kind: _path(kind, value_of) for kind in {group.link.kind for group in groups}}
    return stacked([(path[group.link.kind] + _access(group, way, value_of)) * _KWH_PER_GB for group in groups])


def _path(kind: str, value_of: ValueOf) -> Array:
    """nJ per bit of the machines beyond the access network."""
    total: Array = np.zeros(())
    for machine in _facts()["hop"]:
        each = value_of(f"hop.{machine}.nj_per_bit", fact(f"hop.{machine}", "nj_per_bit", "nJ/bit"))
        total = total + each * value_of(f"hop.{machine}.{kind}", fact(f"hop.{machine}", kind, "1"))
    return total


def _access(group: Group, way: str, value_of: ValueOf) -> Array:
    """nJ per bit of the access network: the link's own, or that of its kind."""
    link = group.link
    own = link.access_nj_per_bit_down if way == "down" else link.access_nj_per_bit_up
    if own is not None:
        return value_of(f"link.{link.name}.access_{way}", own)
    return value_of(f"access.{link.kind}.{way}", fact(f"access.{link.kind}", f"{way}_nj_per_bit", "nJ/bit"))


@lru_cache
def _facts() -> dict[str, Any]:
    return read_toml(Path(__file__).parent / "data" / "network.toml")


def _one(value: float) -> Array:
    return np.asarray(value, dtype=np.float64)
