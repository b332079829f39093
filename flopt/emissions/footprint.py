"""The footprint: energy and CO2e of every part of a round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.pricing import Rates
from flopt.emissions.waiting import expected_waiting
from flopt.emissions.work import Work
from flopt.units import BITS_PER_BYTE, BYTES_PER_GB, G_PER_KG, J_PER_KWH

__all__ = ["PARTS", "Footprint", "Parts", "round_footprint"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Parts:
    """One quantity, part by part; arrays of one shape."""

    training: Array
    waiting: Array
    download: Array
    upload: Array
    network: Array
    server: Array

    @property
    def total(self) -> Array:
        """The sum of the parts."""
        return np.asarray(sum(getattr(self, part) for part in PARTS))

    def map(self, change: Callable[[Array], Array]) -> Parts:
        """The same parts, each changed in the same way."""
        return Parts(*(change(getattr(self, part)) for part in PARTS))


PARTS: tuple[str, ...] = tuple(field.name for field in fields(Parts))


@dataclass(frozen=True, eq=False)
class Footprint:
    """Energy, CO2e and time, as arrays of one shape: over plans, or over the rounds of one plan."""

    energy_kwh: Parts
    co2e_kg: Parts
    duration_s: Array

    def over_rounds(self, rounds: int) -> Footprint:
        """The cumulative footprint after each of `rounds` equal rounds; shapes grow by a last axis (rounds,)."""
        count = np.arange(1, rounds + 1, dtype=np.float64)
        return self.map(lambda per_round: np.multiply.outer(per_round, count))

    def map(self, change: Callable[[Array], Array]) -> Footprint:
        """The same footprint, every array changed in the same way."""
        return Footprint(self.energy_kwh.map(change), self.co2e_kg.map(change), change(self.duration_s))


def round_footprint(work: Work, rates: Rates) -> Footprint:
    """Expected footprint of one round of each plan: arrays of the shape of `work.clients`.

    Qiu et al., "A first look into the carbon footprint of federated learning", JMLR 24 (2023): training and
    communication energy of every client times the intensity of its grid; waiting and the server are added.
    """
    train_s = work.samples[..., np.newaxis] * (work.flop_per_sample / rates.flop_per_s)
    down_s = work.download_bytes[..., np.newaxis] * (BITS_PER_BYTE / rates.down_bps)
    up_s = work.upload_bytes[..., np.newaxis] * (BITS_PER_BYTE / rates.up_bps)
    wait_s, round_s = expected_waiting(train_s + down_s + up_s, rates.share, work.clients, work.population)
    gb = (work.download_bytes + work.upload_bytes)[..., np.newaxis] / BYTES_PER_GB
    per_client_kwh = {
        "training": train_s * rates.train_w / J_PER_KWH,
        "waiting": wait_s * rates.wait_w / J_PER_KWH,
        "download": down_s * rates.receive_w / J_PER_KWH,
        "upload": up_s * rates.transmit_w / J_PER_KWH,
        "network": (down_s + up_s) * rates.router_w / J_PER_KWH + gb * rates.network_kwh_per_gb,
    }
    server_kwh = round_s * rates.server_w * rates.pue / J_PER_KWH
    energy = {part: work.clients * (kwh @ rates.share) for part, kwh in per_client_kwh.items()}
    kg_per_kwh = rates.share * rates.g_per_kwh / G_PER_KG
    co2e = {part: work.clients * (kwh @ kg_per_kwh) for part, kwh in per_client_kwh.items()}
    server_kg = server_kwh * rates.server_g_per_kwh / G_PER_KG
    return Footprint(Parts(**energy, server=server_kwh), Parts(**co2e, server=server_kg), round_s)
