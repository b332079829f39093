"""The centralised counterpart: the same task trained in a data centre, and the way of the raw data to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.fleet import Device, Fleet
from flopt.emissions.network import ValueOf
from flopt.emissions.pricing import central
from flopt.emissions.rates import Rates
from flopt.errors import FloptError
from flopt.units import BITS_PER_BYTE, BYTES_PER_GB, G_PER_KG, J_PER_KWH

__all__ = ["BYTES_PER_FEATURE", "Centralised", "RawUpload", "centralised_training", "raw_upload"]

Array = NDArray[np.float64]

BYTES_PER_FEATURE = 4
"""Raw data are sent as float32."""

_SECONDS_PER_YEAR = 365.25 * 24 * 3600


@dataclass(frozen=True, eq=False)
class Centralised:
    """Training in a data centre; arrays of shape (), or (draws, 1)."""

    duration_s: Array
    energy_kwh: Array
    """With the PUE."""
    co2e_kg: Array
    embodied_kg: Array
    """Making of the machine, by its busy share of its life; 0 where it is not asked for."""


@dataclass(frozen=True, eq=False)
class RawUpload:
    """What sending the raw data takes; arrays of shape (), or (draws, 1)."""

    energy_kwh: Array
    """Of the devices that send, and of the network."""
    co2e_kg: Array


def centralised_training(
    samples: float,
    flop_per_sample: float,
    device: Device,
    pue: Array,
    g_per_kwh: Array,
    value_of: ValueOf = central,
    *,
    embodied: bool = False,
) -> Centralised:
    """PUE x P x t x intensity: one machine trains on `samples`, t from their FLOP and its throughput.

    The centralised baseline of Qiu et al., "A first look into the carbon footprint of federated learning",
    JMLR 24 (2023). P is the machine's full draw while it trains, within the scope that the device names.
    """
    speed = value_of(f"device.{device.name}.{_speed_name(device)}", device.throughput)
    seconds = samples * (flop_per_sample if device.samples_per_s is None else 1.0) / speed
    kwh = pue * value_of(f"device.{device.name}.train_w", device.train_w) * seconds / J_PER_KWH
    making = _embodied_kg_per_s(device, value_of) * seconds if embodied else np.zeros_like(kwh)
    return Centralised(seconds, kwh, kwh * g_per_kwh / G_PER_KG, making)


def raw_upload(bytes_each: float, clients: float, fleet: Fleet, rates: Rates) -> RawUpload:
    """Every one of `clients` sends `bytes_each` over its own link once; priced as the rates price an upload."""
    seconds = bytes_each * BITS_PER_BYTE / rates.up_bps
    watts = rates.transmit_w + rates.router_w
    each = seconds * watts / J_PER_KWH + bytes_each / BYTES_PER_GB * rates.up_kwh_per_gb
    kwh = clients * np.array([group.share for group in fleet.groups]).reshape(-1, 1, 1) * each
    kg = kwh * rates.g_per_kwh / G_PER_KG
    shape = (*rates.draws, 1) if rates.draws else ()
    return RawUpload(kwh.sum(axis=0).reshape(shape), kg.sum(axis=0).reshape(shape))


def _speed_name(device: Device) -> str:
    return "flop_per_s" if device.samples_per_s is None else "samples_per_s"


def _embodied_kg_per_s(device: Device, value_of: ValueOf) -> Array:
    if device.embodied_kg is None or device.lifetime_years is None:
        raise FloptError(f"device {device.name}: it has no embodied_kg and lifetime_years, which embodied needs")
    kg = value_of(f"device.{device.name}.embodied_kg", device.embodied_kg)
    years = value_of(f"device.{device.name}.lifetime_years", device.lifetime_years)
    return np.asarray(kg / (years * _SECONDS_PER_YEAR))
