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
    """Seconds and kWh of one client that does all its work; arrays of shape (groups, draws, plans), or (clients,)."""

    download_s: Array
    train_s: Array
    upload_s: Array
    download_kwh: Array
    """Drawn by the device; the network's share stands apart."""
    train_kwh: Array
    upload_kwh: Array
    network_down_kwh: Array
    network_up_kwh: Array
    down_kwh_per_s: Array
    """While it downloads, device and network together; from the rates alone, as the next two."""
    train_kwh_per_s: Array
    up_kwh_per_s: Array

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

    def kwh_of(self, download_s: Array, train_s: Array, upload_s: Array) -> Array:
        """kWh of a client that is that long at each of its phases, which it need not finish."""
        received = download_s * self.down_kwh_per_s
        return np.asarray(received + train_s * self.train_kwh_per_s + upload_s * self.up_kwh_per_s)

    def kwh_until(self, moment_s: Array) -> Array:
        """kWh of a client that is stopped at a moment."""
        download_s = np.minimum(moment_s, self.download_s)
        train_s = np.clip(moment_s - self.download_s, 0.0, self.train_s)
        upload_s = np.clip(moment_s - self.download_s - self.train_s, 0.0, self.upload_s)
        return self.kwh_of(download_s, train_s, upload_s)


def client_cost(samples: Array, down: Array, up: Array, flop_per_sample: float, rates: Rates) -> ClientCost:
    """Cost of a client that trains `samples` and moves `down` and `up` bytes; arguments broadcast with the rates."""
    train_s = samples * (flop_per_sample * rates.s_per_flop + rates.s_per_sample)
    down_s, up_s = BITS_PER_BYTE / rates.down_bps, BITS_PER_BYTE / rates.up_bps  # for each byte
    download_s, upload_s = down * down_s, up * up_s
    network_down = down_s * (rates.router_w / J_PER_KWH) + rates.down_kwh_per_gb / BYTES_PER_GB  # kWh for each byte
    network_up = up_s * (rates.router_w / J_PER_KWH) + rates.up_kwh_per_gb / BYTES_PER_GB
    return ClientCost(
        download_s=download_s,
        train_s=train_s,
        upload_s=upload_s,
        download_kwh=download_s * (rates.receive_w / J_PER_KWH),
        train_kwh=train_s * (rates.train_w / J_PER_KWH),
        upload_kwh=upload_s * (rates.transmit_w / J_PER_KWH),
        network_down_kwh=down * network_down,
        network_up_kwh=up * network_up,
        down_kwh_per_s=rates.receive_w / J_PER_KWH + network_down / down_s,
        train_kwh_per_s=rates.train_w / J_PER_KWH,
        up_kwh_per_s=rates.transmit_w / J_PER_KWH + network_up / up_s,
    )
