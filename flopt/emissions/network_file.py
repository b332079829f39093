"""What lies between clients and server, and in its data centre: the shipped coefficients that no fleet sets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.device_file import DATA
from flopt.emissions.fleet import LinkKind
from flopt.toml_file import read_toml

__all__ = ["hops", "network_facts", "server_coefficient"]


@lru_cache
def network_facts() -> Mapping[str, Coefficient]:
    """Every coefficient of network.toml by its dotted name: `network.router_w`, `hop.core_router.nj_per_bit`."""
    return dict(_flat(read_toml(DATA / "network.toml"), ""))


def server_coefficient(name: str) -> Coefficient:
    """A coefficient of the server, such as `watts` (W) or `pue` (1)."""
    return network_facts()[f"server.{name}"]


def hops(kind: LinkKind) -> tuple[tuple[Coefficient, Coefficient], ...]:
    """The machines on the way of a bit beyond its access network: nJ per bit of each, and how many of them."""
    names = [name.split(".")[1] for name in network_facts() if name.startswith("hop.") and name.endswith(".nj_per_bit")]
    return tuple((network_facts()[f"hop.{name}.nj_per_bit"], network_facts()[f"hop.{name}.{kind}"]) for name in names)


def _flat(table: Mapping[str, Any], prefix: str) -> list[tuple[str, Coefficient]]:
    found: list[tuple[str, Coefficient]] = []
    for key, entry in table.items():
        if "value" in entry:
            found.append((f"{prefix}{key}", Coefficient.of(entry, entry["unit"], f"{prefix}{key}")))
        else:
            found += _flat(entry, f"{prefix}{key}.")
    return found
