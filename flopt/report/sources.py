"""Sources: every coefficient that a price of the page may read, with its range and where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Fleet
from flopt.emissions.network import NetworkModel
from flopt.emissions.pricing import Pricing, central, rates
from flopt.errors import FloptError

__all__ = ["coefficient_rows"]

Plain = dict[str, Any]


@dataclass
class _Recorder:
    """A `ValueOf` that notes what it is asked for."""

    seen: dict[str, Coefficient] = field(default_factory=dict)

    def __call__(self, name: str, coefficient: Coefficient) -> NDArray[np.float64]:
        self.seen[name] = coefficient
        return central(name, coefficient)


def coefficient_rows(fleets: Iterable[Fleet], pricing: Pricing) -> list[Plain]:
    """A row for each coefficient: which fleets read it, under which network models, and whether only for embodied."""
    found: dict[tuple[str, Coefficient], Plain] = {}
    for fleet in fleets:
        for model, embodied in [*((model, False) for model in get_args(NetworkModel)), ("router", True)]:
            for name, each in _read(fleet, pricing, model, embodied=embodied).items():
                row = found.setdefault((name, each), _row(name, each))
                _add(row["fleets"], fleet.name)
                _add(row["reads"], "embodied" if embodied else model)
    return sorted(found.values(), key=lambda row: str(row["name"]))


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def _read(fleet: Fleet, pricing: Pricing, model: NetworkModel, *, embodied: bool) -> dict[str, Coefficient]:
    """What one price asks for; the factor on a country's intensity is said once, not for every country."""
    recorder = _Recorder()
    own = replace(pricing, network=model, embodied=embodied, pue=None, router_w=None, kwh_per_gb=None)
    with suppress(FloptError):  # a device of which nobody knows the making
        rates(fleet, own, recorder)
    return {"grid.relative" if name.startswith("grid.") else name: each for name, each in recorder.seen.items()}


def _row(name: str, each: Coefficient) -> Plain:
    return {
        "name": name,
        "value": each.value,
        "low": each.low,
        "high": each.high,
        "unit": each.unit,
        "year": each.year,
        "status": each.status,
        "source": each.source,
        "fleets": [],
        "reads": [],
    }
