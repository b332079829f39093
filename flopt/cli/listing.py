"""`flopt list`: what is shipped, with where it comes from."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from flopt.cli.printing import print_json, print_table
from flopt.emissions.coefficient import Coefficient

__all__ = ["print_list"]


def print_list(kind: str, *, as_json: bool) -> None:
    """Print the entries of one kind, each with a line about it."""
    entries = _KINDS[kind]()
    if as_json:
        print_json(entries)
        return
    columns = _COLUMNS.get(kind, tuple(entries[0]))
    print_table(columns, [[_text(entry[name]) for name in columns] for entry in entries], numbers=False)


def _objectives() -> list[dict[str, Any]]:
    from flopt.catalogue import load_objective, shipped

    found = [load_objective(name) for name in shipped("objectives", ".py")]
    return [
        {"name": o.name, "direction": o.direction, "unit": o.unit, "about": (o.measure.__doc__ or "").strip()}
        for o in found
    ]


def _spaces() -> list[dict[str, Any]]:
    from flopt.catalogue import load_space, shipped

    found = [load_space(name) for name in shipped("search_spaces", ".toml")]
    return [{"name": space.name, "axes": ", ".join(space.axes)} for space in found]


def _fleets() -> list[dict[str, Any]]:
    from flopt.emissions.fleet_file import load_fleet, shipped_fleets

    found = [load_fleet(name) for name in shipped_fleets()]
    return [
        {
            "name": fleet.name,
            "server": fleet.server.country,
            "over_selection": fleet.over_selection,
            "deadline_s": fleet.deadline_s,
            "groups": "; ".join(f"{group.share:.0%} {group.name}" for group in fleet.groups),
        }
        for fleet in found
    ]


def _devices() -> list[dict[str, Any]]:
    from flopt.emissions.device_file import shipped_devices

    return [_facts(device) for device in shipped_devices().values()]


def _links() -> list[dict[str, Any]]:
    from flopt.emissions.device_file import shipped_links

    return [_facts(link) for link in shipped_links().values()]


def _network() -> list[dict[str, Any]]:
    from flopt.emissions.network_file import network_facts

    return [{"name": name, **asdict(fact)} for name, fact in network_facts().items()]


def _facts(value: Any) -> dict[str, Any]:
    """The fields of a device or a link; coefficients with range, source, year and status."""
    names = [field.name for field in fields(value)]
    return {name: asdict(c) if isinstance(c := getattr(value, name), Coefficient) else c for name in names}


def _countries() -> list[dict[str, Any]]:
    from flopt.emissions.grid import annual_grid

    grid = annual_grid()
    with_hours = grid.shapes()
    return [{**asdict(grid[code]), "hours": code in with_hours} for code in sorted(grid.by_country)]


def _oracles() -> list[dict[str, Any]]:
    from flopt.catalogue import ORACLES

    return [{"name": name, "about": about} for name, about in ORACLES.items()]


def _tables() -> list[dict[str, Any]]:
    from flopt.oracles.shipped import shipped_tables

    return [
        {
            "name": table.name,
            "plans": table.plans,
            "seeds": table.seeds,
            "rounds": table.rounds,
            "task": table.task,
            "select": " ".join(f"--set {setting}" for setting in table.settings),
        }
        for table in shipped_tables()
    ]


def _samplers() -> list[dict[str, Any]]:
    from flopt.search.samplers import SAMPLERS

    return [{"name": name, "about": about} for name, about in SAMPLERS.items()]


def _stopping() -> list[dict[str, Any]]:
    from flopt.search.stopping import STOPPING

    return [{"name": name, "about": about} for name, about in STOPPING.items()]


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):  # a coefficient
        return f"{value['value']:g} {value['unit']} ({value['low']:g}-{value['high']:g})"
    return str(value)


_KINDS = {
    "objectives": _objectives,
    "spaces": _spaces,
    "fleets": _fleets,
    "devices": _devices,
    "links": _links,
    "network": _network,
    "countries": _countries,
    "oracles": _oracles,
    "tables": _tables,
    "samplers": _samplers,
    "stopping": _stopping,
}

# What of an entry fits into a line; JSON has it all.
_COLUMNS = {
    "devices": ("name", "train_w", "wait_w", "receive_w", "transmit_w", "flop_per_s", "scope"),
    "links": ("name", "down_bps", "up_bps", "kind", "description"),
    "tables": ("name", "plans", "seeds", "rounds", "select"),
    "network": ("name", "value", "low", "high", "unit", "year", "status"),
}
