"""The network between a device and the server: three models that differ by orders of magnitude."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Group
from flopt.emissions.network_file import network_facts
from flopt.units import BITS_PER_BYTE, BYTES_PER_GB, J_PER_KWH

__all__ = ["NetworkModel", "ValueOf", "network_rates", "shipped", "stacked"]

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
    """kWh per GB down and up, and router watts, each of shape (groups, draws, 1); what the model does not use is zero.

    `router`: S (1/D + 1/U) P_router with the size S and the speeds D and U (Qiu et al. 2023, with the device's own
    draw counted apart). `per_gb`: kWh for each GB that moves, fixed or mobile. `per_hop`: J per bit, summed over the
    machines on the way (Green FL, Meta 2023, after Vishwanath et al. 2015).
    """
    zero = np.zeros((len(groups), 1, 1))
    if model == "router":
        watts = shipped("network.router_w", value_of) if router_w is None else _one(router_w)
        return zero, zero, stacked([watts] * len(groups))
    if model == "per_hop":
        return _per_hop(groups, "down", value_of), _per_hop(groups, "up", value_of), zero
    if kwh_per_gb is not None:
        return zero + kwh_per_gb, zero + kwh_per_gb, zero
    per_gb = stacked([shipped(f"network.{group.link.kind}_kwh_per_gb", value_of) for group in groups])
    return per_gb, per_gb, zero


def shipped(name: str, value_of: ValueOf) -> Array:
    """What stands in for a shipped coefficient, such as `network.router_w`."""
    return value_of(name, network_facts()[name])


def stacked(values: Sequence[Array]) -> Array:
    """One value for each group, of shape () or (draws, 1), as an array of shape (groups, draws, 1)."""
    return np.stack(np.broadcast_arrays(*map(np.atleast_2d, values)))


def _per_hop(groups: Sequence[Group], way: str, value_of: ValueOf) -> Array:
    """kWh per GB of the access network and of all machines beyond it."""
    path = {kind: _path(kind, value_of) for kind in {group.link.kind for group in groups}}
    return stacked([(path[group.link.kind] + _access(group, way, value_of)) * _KWH_PER_GB for group in groups])


def _path(kind: str, value_of: ValueOf) -> Array:
    """nJ per bit of the machines beyond the access network."""
    machines = [name.removesuffix(f".{kind}") for name in network_facts() if re.fullmatch(rf"hop\..+\.{kind}", name)]
    passed = [shipped(f"{name}.nj_per_bit", value_of) * shipped(f"{name}.{kind}", value_of) for name in machines]
    return np.asarray(sum(passed))


def _access(group: Group, way: str, value_of: ValueOf) -> Array:
    """nJ per bit of the access network: the link's own, or that of its kind."""
    link = group.link
    own = link.access_nj_per_bit_down if way == "down" else link.access_nj_per_bit_up
    if own is not None:
        return value_of(f"link.{link.name}.access_{way}", own)
    return shipped(f"access.{link.kind}.{way}_nj_per_bit", value_of)


def _one(value: float) -> Array:
    return np.asarray(value, dtype=np.float64)
