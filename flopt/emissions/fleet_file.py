"""Fleets from TOML: the shipped ones by name, the user's by path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, TypeVar

from flopt.emissions.coefficient import Coefficient, is_number
from flopt.emissions.device_file import (
    DATA,
    devices_in,
    links_in,
    only_keys,
    shipped_devices,
    shipped_links,
    table_of,
)
from flopt.emissions.fleet import HOURS_PER_DAY, Device, Fleet, Group, Link, Server
from flopt.emissions.grid import Grid, Intensity, annual_grid
from flopt.emissions.network_file import server_coefficient
from flopt.errors import FloptError, unknown
from flopt.toml_file import read_toml

__all__ = ["DATA", "load_fleet", "server_coefficient", "shipped_devices", "shipped_fleets", "shipped_links"]

_GROUP_NEEDED = ("share", "device", "link", "country")
_GROUP = ("name", *_GROUP_NEEDED, "utc_offset_h", "availability", "drop_out")
_T = TypeVar("_T")
_SERVER_UNITS = {"watts": "W", "selector_w": "W", "pue": "1"}


def load_fleet(reference: str, grid: Grid | None = None) -> Fleet:
    """A fleet by shipped name, or from a file whose name ends in `.toml`; `grid` says which countries there are.

    The file has a table `[server]` (`country`, and `watts`, `selector_w`, `pue` if they are not the shipped ones), a
    table `[[group]]` for each group (`name`, `share`, `device`, `link`, `country`, `utc_offset_h`, `availability`,
    `drop_out`), and, if wanted, `[round]` (`over_selection`, `deadline_s`), `[grid]` (g CO2e/kWh by country),
    `[device.NAME]`, `[link.NAME]`, and `include`, a list of files that hold devices and links.
    """
    grid = annual_grid() if grid is None else grid
    if reference.endswith(".toml"):
        return _fleet(Path(reference).stem, Path(reference), grid)
    if reference not in shipped_fleets():
        raise FloptError(f"{unknown('fleet', reference, shipped_fleets())} (or give a path ending in .toml)")
    return _fleet(reference, DATA / "fleets" / f"{reference}.toml", grid)


def shipped_fleets() -> list[str]:
    """The names of the shipped fleets."""
    return sorted(file.stem for file in (DATA / "fleets").glob("*.toml"))


@dataclass(frozen=True)
class _Names:
    """What a group can refer to."""

    devices: Mapping[str, Device]
    links: Mapping[str, Link]
    grid: Grid


def _fleet(name: str, file: Path, grid: Grid) -> Fleet:
    content = read_toml(file)
    only_keys(content, ("include", "server", "round", "group", "grid", "device", "link"), str(file))
    groups = content.get("group", [])
    if not isinstance(groups, list) or not groups:
        raise FloptError(f"{file}: it has no [[group]]")
    names, rounds = _names(content, file, grid), table_of(content, "round", file)
    only_keys(rounds, ("over_selection", "deadline_s"), f"{file}: round")
    return Fleet(
        name,
        tuple(_group(entry, number, names, file) for number, entry in enumerate(groups, start=1)),
        _server(table_of(content, "server", file), grid, file),
        over_selection=_number(rounds.get("over_selection", 0), f"{file}: round: over_selection"),
        deadline_s=_number(rounds["deadline_s"], f"{file}: round: deadline_s") if "deadline_s" in rounds else None,
        grid=_own_grid(table_of(content, "grid", file), grid, file),
    )


def _names(content: Mapping[str, Any], file: Path, grid: Grid) -> _Names:
    """Shipped devices and links; over them those of the file and of what it includes."""
    files = [*_included(content, file), (file, content)]
    devices = _once("device", [(source, devices_in(tables, source)) for source, tables in files])
    links = _once("link", [(source, links_in(tables, source)) for source, tables in files])
    return _Names({**shipped_devices(), **devices}, {**shipped_links(), **links}, grid)


def _once(kind: str, parts: list[tuple[Path, dict[str, _T]]]) -> dict[str, _T]:
    """All parts together; a name that two files have is an error."""
    found: dict[str, _T] = {}
    for source, entries in parts:
        for name in entries:
            if name in found:
                raise FloptError(f"{source}: {kind} {name!r} stands in an included file already")
        found |= entries
    return found


def _included(content: Mapping[str, Any], file: Path) -> list[tuple[Path, Mapping[str, Any]]]:
    """The files of `include`, with their content: they hold devices and links only."""
    names = content.get("include", [])
    if not isinstance(names, list):
        raise FloptError(f"{file}: include = {names!r}: must be a list of files")
    found: list[tuple[Path, Mapping[str, Any]]] = []
    for name in names:
        if not (isinstance(name, str) and name.endswith(".toml") and name.isprintable()):
            raise FloptError(f"{file}: include: {name!r}: must be the name of a .toml file")
        if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
            raise FloptError(f"{file}: include: {name!r}: must lie beside this file or below it")
        source = file.parent / name
        tables = read_toml(source)
        only_keys(tables, ("device", "link"), str(source))
        found.append((source, tables))
    return found


def _group(entry: Any, number: int, names: _Names, file: Path) -> Group:
    place = f"{file}: group {number}"
    if not isinstance(entry, Mapping):
        raise FloptError(f"{place}: must be a table")
    only_keys(entry, _GROUP, place)
    for key in _GROUP_NEEDED:
        if key not in entry:
            raise FloptError(f"{place}: {key} is missing")
    device, link = str(entry["device"]), str(entry["link"])
    if device not in names.devices:
        raise FloptError(f"{place}: {unknown('device', device, names.devices)}")
    if link not in names.links:
        raise FloptError(f"{place}: {unknown('link', link, names.links)}")
    return Group(
        str(entry.get("name", f"group {number}")),
        names.devices[device],
        names.links[link],
        names.grid.checked(entry["country"], place),
        _number(entry["share"], f"{place}: share"),
        utc_offset_h=_number(entry.get("utc_offset_h", 0), f"{place}: utc_offset_h"),
        availability=_availability(entry.get("availability", 1), f"{place}: availability"),
        drop_out=_number(entry.get("drop_out", 0), f"{place}: drop_out"),
    )


def _availability(entry: Any, place: str) -> tuple[float, ...]:
    """One number for all hours of the day, or 24 of them."""
    if isinstance(entry, list):
        return tuple(_number(each, f"{place}[{hour}]") for hour, each in enumerate(entry))
    return (_number(entry, place),) * HOURS_PER_DAY


def _server(entry: Mapping[str, Any], grid: Grid, file: Path) -> Server:
    place = f"{file}: server"
    only_keys(entry, ("country", *_SERVER_UNITS), place)
    if "country" not in entry:
        raise FloptError(f"{place}: country is missing")
    given = {
        key: Coefficient.of(entry[key], unit, f"{place}.{key}") for key, unit in _SERVER_UNITS.items() if key in entry
    }
    return Server(**{"watts": server_coefficient("watts"), **given}, country=grid.checked(entry["country"], place))


def _own_grid(entries: Mapping[str, Any], grid: Grid, file: Path) -> dict[str, Intensity]:
    """Intensities that the fleet sets itself: a number, or a table with value, source and year."""
    found = {}
    for country, entry in entries.items():
        place = f"{file}: grid"
        known = grid[grid.checked(country, place)]
        value = Coefficient.of(entry, "g/kWh", f"{place}.{country}")
        source = f"{value.source} ({value.status})" if isinstance(entry, Mapping) else file.name
        try:
            found[country] = Intensity(country, known.name, value.value, value.year, source)
        except FloptError as error:
            raise FloptError(f"{file}: {error}") from None
    return found


def _number(value: Any, place: str) -> float:
    if not is_number(value):
        raise FloptError(f"{place} = {value!r}: must be a number")
    return float(value)
