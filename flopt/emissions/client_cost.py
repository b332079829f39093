"""What one client of each group takes and draws in a round, phase by phase: download, training, upload."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.rates import Rates
from flopt.units import BITS_PER_BYTE, BYTES_PER_GB, J_PER_KWH

__all__ = ["ClientCost", "client_cost"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClientCost:
    """Seconds and kWh of one client that does all its work; arrays of shape (..., groups)."""

    download_s: Array
    train_s: Array
    upload_s: Array
    download_kwh: Array
    """Drawn by the device; the network's share stands apart."""
    train_kwh: Array
    upload_kwh: Array
    network_down_kwh: Array
    network_up_kwh: Array

    def of(self, clients: NDArray[np.int64]) -> ClientCost:
        """The cost of some of the clients, where the arrays have shape (clients,)."""
        everyone = {field.name: getattr(self, field.name) for field in fields(self)}
        return ClientCost(
            **{name: np.broadcast_to(each, self.train_s.shape)[clients] for name, each in everyone.items()}
        )

    @property
    def busy_s(self) -> Array:
        """Seconds until the update is sent."""
        return self.download_s + self.train_s + self.upload_s

    @property
    def unsent_kwh(self) -> Array:
        """kWh of a client that downloads and trains but never sends."""
        return self.download_kwh + self.network_down_kwh + self.train_kwh

    @property
    def whole_kwh(self) -> Array:
        """kWh of a client that does all its work."""
        return self.unsent_kwh + self.upload_kwh + self.network_up_kwh

    def kwh_until(self, moment_s: Array) -> Array:
        """kWh of a client that is stopped at a moment: whole phases before it, and its part of the one it is in."""
        started = (
            (self.download_s, self.download_kwh + self.network_down_kwh, np.float64(0)),
            (self.train_s, self.train_kwh, self.download_s),
            (self.upload_s, self.upload_kwh + self.network_up_kwh, self.download_s + self.train_s),
        )
        parts = [
            kwh * np.clip((moment_s - begin) / np.where(seconds > 0, seconds, 1.0), 0.0, 1.0)
            for seconds, kwh, begin in started
        ]
        return np.asarray(sum(parts))


def client_cost(samples: Array, down: Array, up: Array, flop_per_sample: float, rates: Rates) -> ClientCost:
    """Cost of a client that trains `samples` and moves `down` and `up` bytes; arguments broadcast with (groups,)."""
    train_s = samples * (flop_per_sample * rates.s_per_flop + rates.s_per_sample)
    download_s, upload_s = down * (BITS_PER_BYTE / rates.down_bps), up * (BITS_PER_BYTE / rates.up_bps)
    return ClientCost(
        download_s=download_s,
        train_s=train_s,
        upload_s=upload_s,
        download_kwh=download_s * (rates.receive_w / J_PER_KWH),
        train_kwh=train_s * (rates.train_w / J_PER_KWH),
        upload_kwh=upload_s * (rates.transmit_w / J_PER_KWH),
        network_down_kwh=download_s * (rates.router_w / J_PER_KWH) + down * (rates.down_kwh_per_gb / BYTES_PER_GB),
        network_up_kwh=upload_s * (rates.router_w / J_PER_KWH) + up * (rates.up_kwh_per_gb / BYTES_PER_GB),
    )
