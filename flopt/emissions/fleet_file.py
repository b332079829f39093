"""Fleets, devices and links from TOML: the shipped ones by name, the user's by path."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from flopt.emissions.coefficient import Coefficient, is_number
from flopt.emissions.fleet import Device, Fleet, Group, Link, Server
from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError, unknown
from flopt.toml_file import read_toml

__all__ = [
    "DATA",
    "load_fleet",
    "server_coefficient",
    "shipped_devices",
    "shipped_fleets",
    "shipped_links",
]

DATA = Path(__file__).parent / "data"

_DEVICE_UNITS = {"train_w": "W", "wait_w": "W", "receive_w": "W", "transmit_w": "W", "flop_per_s": "FLOP/s"}
_LINK_UNITS = {"down_bps": "bit/s", "up_bps": "bit/s"}


def load_fleet(reference: str) -> Fleet:
    """A fleet by shipped name, or from a file whose name ends in `.toml`.

    The file has a table `[server]` (`country`, and `watts` if it is not the shipped one), a table `[[group]]` for
    each group (`name`, `share`, `device`, `link`, `country`), and, if wanted, `[device.NAME]` and `[link.NAME]`.
    """
    if reference.endswith(".toml"):
        return _fleet(Path(reference).stem, Path(reference))
    if reference not in shipped_fleets():
        raise FloptError(f"{unknown('fleet', reference, shipped_fleets())} (or give a path ending in .toml)")
    return _fleet(reference, DATA / "fleets" / f"{reference}.toml")


def shipped_fleets() -> list[str]:
    """The names of the shipped fleets."""
    return sorted(file.stem for file in (DATA / "fleets").glob("*.toml"))


@lru_cache
def shipped_devices() -> dict[str, Device]:
    """The shipped devices by name."""
    entries = read_toml(DATA / "devices.toml")
    return {name: _device(name, entry, "devices.toml") for name, entry in entries.items()}


@lru_cache
def shipped_links() -> dict[str, Link]:
    """The shipped links by name."""
    return {name: _link(name, entry, "links.toml") for name, entry in read_toml(DATA / "links.toml").items()}


@lru_cache
def server_coefficient(name: str) -> Coefficient:
    """A coefficient of the server: `watts` (W) or `pue` (1)."""
    units = {"watts": "W", "pue": "1"}
    return Coefficient.of(read_toml(DATA / "network.toml")["server"][name], units[name], f"server.{name}")


def _fleet(name: str, file: Path) -> Fleet:
    content = read_toml(file)
    _only(content, ("server", "group", "device", "link"), str(file))
    devices = shipped_devices() | {
        key: _device(key, entry, str(file)) for key, entry in _table(content, "device", file).items()
    }
    links = shipped_links() | {
        key: _link(key, entry, str(file)) for key, entry in _table(content, "link", file).items()
    }
    groups = content.get("group", [])
    if not isinstance(groups, list) or not groups:
        raise FloptError(f"{file}: it has no [[group]]")
    built = tuple(_group(entry, number, devices, links, file) for number, entry in enumerate(groups))
    return Fleet(name, built, _server(_table(content, "server", file), file))


def _group(entry: Any, number: int, devices: Mapping[str, Device], links: Mapping[str, Link], file: Path) -> Group:
    place = f"{file}: group {number + 1}"
    if not isinstance(entry, Mapping):
        raise FloptError(f"{place}: must be a table")
    _only(entry, ("name", "share", "device", "link", "country"), place)
    for key in ("share", "device", "link", "country"):
        if key not in entry:
            raise FloptError(f"{place}: {key} is missing")
    share = entry["share"]
    if not is_number(share):
        raise FloptError(f"{place}: share = {share!r}: must be a number")
    device, link = str(entry["device"]), str(entry["link"])
    if device not in devices:
        raise FloptError(f"{place}: {unknown('device', device, devices)}")
    if link not in links:
        raise FloptError(f"{place}: {unknown('link', link, links)}")
    name = str(entry.get("name", f"group {number + 1}"))
    country = annual_grid().checked(entry["country"], place)
    return Group(name, devices[device], links[link], country, float(share))


def _server(entry: Mapping[str, Any], file: Path) -> Server:
    _only(entry, ("watts", "country"), f"{file}: server")
    if "country" not in entry:
        raise FloptError(f"{file}: server: country is missing")
    watts = entry.get("watts")
    coefficient = server_coefficient("watts") if watts is None else Coefficient.of(watts, "W", f"{file}: server.watts")
    return Server(coefficient, annual_grid().checked(entry["country"], f"{file}: server"))


def _device(name: str, entry: Any, place: str) -> Device:
    values = _coefficients(entry, _DEVICE_UNITS, ("scope", "description"), f"{place}: device {name}")
    return Device(name, **values, scope=entry.get("scope", "board"), description=str(entry.get("description", "")))


def _link(name: str, entry: Any, place: str) -> Link:
    values = _coefficients(entry, _LINK_UNITS, ("kind", "description"), f"{place}: link {name}")
    return Link(name, **values, kind=entry.get("kind", "fixed"), description=str(entry.get("description", "")))


def _coefficients(entry: Any, units: Mapping[str, str], others: tuple[str, ...], place: str) -> dict[str, Coefficient]:
    if not isinstance(entry, Mapping):
        raise FloptError(f"{place}: must be a table")
    _only(entry, (*units, *others), place)
    for key in units:
        if key not in entry:
            raise FloptError(f"{place}: {key} is missing")
    return {key: Coefficient.of(entry[key], unit, f"{place}: {key}") for key, unit in units.items()}


def _table(content: Mapping[str, Any], key: str, file: Path) -> Mapping[str, Any]:
    table = content.get(key, {})
    if not isinstance(table, Mapping):
        raise FloptError(f"{file}: {key} must be a table")
    return table


def _only(entry: Mapping[str, Any], allowed: tuple[str, ...], place: str) -> None:
    for key in entry:
        if key not in allowed:
            raise FloptError(f"{place}: {unknown('key', key, allowed)}")
