"""Physics: all that the page's own pricing reads, as plain values. Central values; nothing is priced here."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, LinkKind
from flopt.emissions.fleet_file import load_fleet, shipped_fleets
from flopt.emissions.grid import Intensity, annual_grid
from flopt.emissions.grid_file import load_grid
from flopt.emissions.network_file import hops, network_facts
from flopt.emissions.pricing import Pricing
from flopt.emissions.series import Series
from flopt.emissions.work import Work

__all__ = ["fleets_of", "grid_facts", "network_values", "physics", "work_facts"]

Plain = dict[str, Any]

_SECONDS_PER_YEAR = 365.25 * 24 * 3600


def physics(fleet: Fleet, pricing: Pricing, works: Work) -> Plain:
    """What `pricing.js` needs to price the works, arrays of shape (works,), on any of the fleets."""
    return {
        "works": work_facts(works),
        "fleets": [fleet_facts(each) for each in fleets_of(fleet)],
        "pricing": asdict(pricing),
        "grid": grid_facts(pricing),
        "network": network_values(),
    }


def fleets_of(fleet: Fleet) -> list[Fleet]:
    """The study's own fleet, then the shipped ones; a shipped one of the same name is left out."""
    return [fleet, *(load_fleet(name) for name in shipped_fleets() if name != fleet.name)]


def work_facts(works: Work) -> Plain:
    """The work of one round: a column for each quantity, one entry for each work."""
    return {
        "clients": works.clients.tolist(),
        "samples": works.samples.tolist(),
        "held_out_samples": works.held_out_samples.tolist(),
        "download_bytes": works.download_bytes.tolist(),
        "upload_bytes": works.upload_bytes.tolist(),
        "flop_per_sample": works.flop_per_sample,
        "population": works.population,
    }


def fleet_facts(fleet: Fleet) -> Plain:
    """A fleet with its groups; watts and speeds as numbers."""
    server = fleet.server
    return {
        "name": fleet.name,
        "over_selection": fleet.over_selection,
        "deadline_s": fleet.deadline_s,
        "server": {
            "country": server.country,
            "watts": server.watts.value + (server.selector_w.value if server.selector_w else 0.0),
            "pue": server.pue.value if server.pue else None,
        },
        "groups": [_group(group) for group in fleet.groups],
        "grid": [_intensity(each) for each in fleet.grid.values()],
    }


def _group(group: Group) -> Plain:
    device, link = group.device, group.link
    return {
        "name": group.name,
        "share": group.share,
        "country": group.country,
        "drop_out": group.drop_out,
        "availability": _hours_of_day(group),
        "utc_offset_h": group.utc_offset_h,
        "device": device.name,
        "train_w": device.train_w.value,
        "wait_w": device.wait_w.value,
        "receive_w": device.receive_w.value,
        "transmit_w": device.transmit_w.value,
        "s_per_flop": _inverse(device.flop_per_s),
        "s_per_sample": _inverse(device.samples_per_s),
        "embodied_kg_per_s": _embodied(device),
        "link": link.name,
        "kind": link.kind,
        "down_bps": link.down_bps.value,
        "up_bps": link.up_bps.value,
        "access_nj_per_bit_down": _value(link.access_nj_per_bit_down),
        "access_nj_per_bit_up": _value(link.access_nj_per_bit_up),
    }


def _hours_of_day(group: Group) -> float | list[float]:
    """One number where all hours are alike."""
    first = group.availability[0]
    return first if set(group.availability) == {first} else list(group.availability)


def _value(coefficient: Coefficient | None) -> float | None:
    return None if coefficient is None else coefficient.value


def _inverse(speed: Coefficient | None) -> float:
    return 0.0 if speed is None else 1 / speed.value


def _embodied(device: Device) -> float | None:
    if device.embodied_kg is None or device.lifetime_years is None:
        return None
    return device.embodied_kg.value / (device.lifetime_years.value * _SECONDS_PER_YEAR)


def network_values() -> Plain:
    """The shipped coefficients that no fleet sets, and the sum over the hops beyond each kind of access."""
    kinds: Sequence[LinkKind] = ("fixed", "mobile")
    values = {name: found.value for name, found in network_facts().items() if not name.startswith("hop.")}
    server_s = values["server.lifetime_years"] * _SECONDS_PER_YEAR
    return {
        **values,
        **{f"path.{kind}.nj_per_bit": sum(each.value * count.value for each, count in hops(kind)) for kind in kinds},
        "server.embodied_kg_per_s": values["server.embodied_kg"] / server_s,
    }


def grid_facts(pricing: Pricing) -> Plain:
    """Annual means of all countries, the study's own over them, and the hours where there are any."""
    own = load_grid(Path(pricing.grid)) if isinstance(pricing.grid, str) else None
    shipped = annual_grid()
    hours = {**shipped.shapes(), **(own.shapes() if own else {})}
    return {
        "countries": [_intensity(each) for each in shipped.by_country.values()],
        "own": [_intensity(each) for each in own.by_country.values()] if own else [],
        "hours": {code: _series(each) for code, each in hours.items()},
    }


def _intensity(each: Intensity) -> list[Any]:
    return [each.country, each.name, each.g_per_kwh, each.year, each.source, each.kind]


def _series(series: Series) -> Plain:
    """The hours as base64: 16-bit whole numbers where they are whole, else 64-bit floats; little-endian."""
    values = series.g_per_kwh
    whole = bool((values == np.round(values)).all())
    packed = values.astype("<u2" if whole else "<f8").tobytes()
    return {
        "start_ms": int(series.start.timestamp() * 1000),
        "hours": len(series),
        "whole": whole,
        "values": base64.b64encode(packed).decode("ascii"),
        "kind": series.kind,
        "source": series.source,
        "year": series.year,
    }
