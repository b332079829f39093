"""Rates: a fleet as numbers, ready to be multiplied."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rates"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rates:
    """A fleet as numbers: arrays of shape (groups,), or (draws, 1, groups) where coefficients are drawn at random."""

    share: Array
    """Share of each group among those that can be drawn; shape (groups,)."""
    available: float
    """Share of the population that can be drawn."""
    drop_out: Array
    """Share of a group's drawn clients that never report; shape (groups,)."""
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
    """Shape (), or (draws, 1)."""
    pue: Array
    server_g_per_kwh: Array
    embodied_kg_per_s: Array
    """kg CO2e of making a device for each second of its life; 0 where embodied carbon is not asked for."""
    server_embodied_kg_per_s: Array
    evaluation_fraction: float
    """Share of the population that scores the model after each round."""
    forward_share: Array
    """Share of the forward pass in a training step."""

    def of_clients(self, group_of: NDArray[np.int64]) -> Rates:
        """The rates of each client instead of each group: what a client's cost follows from."""
        return replace(
            self,
            train_w=self.train_w[group_of],
            wait_w=self.wait_w[group_of],
            receive_w=self.receive_w[group_of],
            transmit_w=self.transmit_w[group_of],
            s_per_flop=self.s_per_flop[group_of],
            s_per_sample=self.s_per_sample[group_of],
            down_bps=self.down_bps[group_of],
            up_bps=self.up_bps[group_of],
            router_w=self.router_w[group_of],
            down_kwh_per_gb=self.down_kwh_per_gb[group_of],
            up_kwh_per_gb=self.up_kwh_per_gb[group_of],
        )
