"""Devices and links from TOML: the shipped ones, and tables of the user's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import tomlkit

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Link
from flopt.errors import FloptError, unknown
from flopt.toml_file import read_toml

__all__ = [
    "DATA",
    "device_toml",
    "devices_in",
    "links_in",
    "only_keys",
    "shipped_devices",
    "shipped_links",
    "table_of",
]

DATA = Path(__file__).parent / "data"

_DEVICE = {"train_w": "W", "wait_w": "W", "receive_w": "W", "transmit_w": "W"}
_DEVICE_OPTIONAL = {
    "flop_per_s": "FLOP/s",
    "samples_per_s": "samples/s",
    "embodied_kg": "kg",
    "lifetime_years": "year",
}
_LINK = {"down_bps": "bit/s", "up_bps": "bit/s"}
_LINK_OPTIONAL = {"access_nj_per_bit_down": "nJ/bit", "access_nj_per_bit_up": "nJ/bit"}


@lru_cache
def shipped_devices() -> Mapping[str, Device]:
    """The shipped devices by name."""
    return _devices(read_toml(DATA / "devices.toml"), "devices.toml")


@lru_cache
def shipped_links() -> Mapping[str, Link]:
    """The shipped links by name."""
    return _links(read_toml(DATA / "links.toml"), "links.toml")


def devices_in(content: Mapping[str, Any], file: Path) -> dict[str, Device]:
    """The tables `[device.NAME]` of a file."""
    return _devices(table_of(content, "device", file), str(file))


def links_in(content: Mapping[str, Any], file: Path) -> dict[str, Link]:
    """The tables `[link.NAME]` of a file."""
    return _links(table_of(content, "link", file), str(file))


def device_toml(devices: Iterable[Device]) -> str:
    """The text of a file with a table `[device.NAME]` for each device: `devices_in` reads the same devices from it."""
    texts = [tomlkit.dumps({"device": {device.name: _device_table(device)}}) for device in devices]
    return "\n".join(text.rstrip("\n") + "\n" for text in texts)


def _device_table(device: Device) -> dict[str, Any]:
    table: dict[str, Any] = {"description": device.description, "scope": device.scope}
    for key in (*_DEVICE, *_DEVICE_OPTIONAL):
        coefficient = getattr(device, key)
        if coefficient is not None:
            table[key] = tomlkit.inline_table()
            table[key].update({name: value for name, value in asdict(coefficient).items() if value is not None})
    return table


def _devices(entries: Mapping[str, Any], file: str) -> dict[str, Device]:
    return {name: _device(name, entry, f"{file}: device {name}") for name, entry in entries.items()}


def _links(entries: Mapping[str, Any], file: str) -> dict[str, Link]:
    return {name: _link(name, entry, f"{file}: link {name}") for name, entry in entries.items()}


def _device(name: str, entry: Any, place: str) -> Device:
    values = _coefficients(entry, _DEVICE, _DEVICE_OPTIONAL, ("scope", "description"), place)
    if not ("flop_per_s" in values or "samples_per_s" in values):
        raise FloptError(f"{place}: flop_per_s is missing (or samples_per_s)")
    return Device(name, **values, scope=entry.get("scope", "board"), description=str(entry.get("description", "")))


def _link(name: str, entry: Any, place: str) -> Link:
    values = _coefficients(entry, _LINK, _LINK_OPTIONAL, ("kind", "description"), place)
    return Link(name, **values, kind=entry.get("kind", "fixed"), description=str(entry.get("description", "")))


def _coefficients(
    entry: Any, needed: Mapping[str, str], optional: Mapping[str, str], others: tuple[str, ...], place: str
) -> dict[str, Coefficient]:
    if not isinstance(entry, Mapping):
        raise FloptError(f"{place}: must be a table")
    units = {**needed, **optional}
    only_keys(entry, (*units, *others), place)
    for key in needed:
        if key not in entry:
            raise FloptError(f"{place}: {key} is missing")
    return {key: Coefficient.of(entry[key], unit, f"{place}: {key}") for key, unit in units.items() if key in entry}


def table_of(content: Mapping[str, Any], key: str, file: Path) -> Mapping[str, Any]:
    """A table of a file, empty where it is left out."""
    table = content.get(key, {})
    if not isinstance(table, Mapping):
        raise FloptError(f"{file}: {key} must be a table")
    return table


def only_keys(entry: Mapping[str, Any], allowed: tuple[str, ...], place: str) -> None:
    """Refuse a key that nobody would read."""
    for key in entry:
        if key not in allowed:
            raise FloptError(f"{place}: {unknown('key', key, allowed)}")
