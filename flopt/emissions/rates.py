"""Rates: a fleet as numbers, ready to be multiplied."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rates"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rates:
    """A fleet as numbers: arrays of shape (groups, draws, 1), the last axis that of the plans.

    There is one draw, of central values, unless coefficients are drawn at random.
    """

    share: Array
    """Share of each group among those that can be drawn; shape (groups, 1, 1)."""
    available: float
    """Share of the population that can be drawn."""
    drop_out: Array
    """Share of a group's drawn clients that never report; shape (groups, 1, 1)."""
    over_selection: float
    deadline_s: float | None
    train_w: Array
    wait_w: Array
    receive_w: Array
    transmit_w: Array
    s_per_flop: Array
    """Seconds of training for each FLOP; 0 for a device that was measured in samples."""
    s_per_sample: Array
    """Seconds for each sample; 0 for a device whose speed is given in FLOP."""
    down_bps: Array
    up_bps: Array
    router_w: Array
    """W of the router while a transfer lasts; 0 where the network is priced by bytes."""
    down_kwh_per_gb: Array
    """kWh per GB towards the client; 0 where the network is priced by time."""
    up_kwh_per_gb: Array
    g_per_kwh: Array
    """Grid intensity where each group lives; the network's energy is counted there too."""
    server_w: Array
    """Shape (), or (draws, 1), as all that belongs to no group."""
    pue: Array
    server_g_per_kwh: Array
    embodied_kg_per_s: Array
    """kg CO2e of making a device for each second of its life; 0 where embodied carbon is not asked for."""
    server_embodied_kg_per_s: Array
    evaluation_fraction: float
    """Share of the population that scores the model after each round."""
    forward_share: Array
    """Share of the forward pass in a training step."""
    draws: tuple[int, ...] = ()
    """The axis of draws in what is priced: () for central values, else how many there are."""

    def of_clients(self, group_of: NDArray[np.int64]) -> Rates:
        """Central values of each client, shape (clients,), instead of each group: what its cost follows from."""
        of_group = {field.name: getattr(self, field.name) for field in fields(self)}
        each = {name: value for name, value in of_group.items() if np.ndim(value) == 3}
        return replace(self, **{name: value[group_of].reshape(-1) for name, value in each.items()})
