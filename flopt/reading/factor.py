"""A factor: one number of a price, by its name, that can be given another value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.network_file import network_facts
from flopt.emissions.pricing import NetworkModel, Pricing, ValueOf, central, rates
from flopt.errors import FloptError, unknown
from flopt.search.problem import Problem

__all__ = ["Factor", "Override", "factor", "factor_names"]

Array = NDArray[np.float64]

_PRICING = {"network.kwh_per_gb": "kwh_per_gb", "network.router_w": "router_w", "server.pue": "pue"}
"""Factors that are settings of the pricing, by the setting's name."""
_UNITS = {"network.kwh_per_gb": "kWh/GB", "network.router_w": "W", "server.pue": "1"}
_SPEED = re.compile(r"device\..+\.(flop|samples)_per_s|link\..+_bps")


@dataclass(frozen=True)
class Override:
    """A `ValueOf` that has its own values for some names and asks another for the rest."""

    values: Mapping[str, float]
    other: ValueOf = central

    def __call__(self, name: str, coefficient: Coefficient) -> Array:
        """What stands in for a coefficient."""
        return np.asarray(self.values[name]) if name in self.values else self.other(name, coefficient)


@dataclass(frozen=True, eq=False)
class Factor:
    """A factor of a problem's price."""

    name: str
    unit: str
    today: float | None
    """Its value in the study; None where it stands for several values that differ."""
    at: Callable[[float], Problem]
    """The same problem with another value."""
    decides_who_takes_part: bool = False
    """Whether other clients would take part under another value."""

    def has_effect(self, low: float, high: float) -> bool:
        """Whether any plan's energy, CO2e or time differs between two values."""
        return _prices(self.at(low)) != _prices(self.at(high))


@dataclass
class _Recorder:
    """A `ValueOf` that notes what it is asked for."""

    seen: dict[str, Coefficient] = field(default_factory=dict)

    def __call__(self, name: str, coefficient: Coefficient) -> Array:
        self.seen[name] = coefficient
        return central(name, coefficient)


def factor(problem: Problem, name: str) -> Factor:
    """A factor by its name; an unknown one is an error with the nearest names."""
    if name in _PRICING:
        return _setting(problem, name)
    if name.startswith("grid."):
        return _intensity(problem, name)
    coefficients = _coefficients(problem)
    if name not in coefficients:
        raise unknown("factor", name, factor_names(problem))
    found, lossy = coefficients[name], problem.fleet.deadline_s is not None or problem.fleet.over_selection > 0
    return Factor(
        name,
        found.unit,
        found.value,
        lambda value: replace(problem, value_of=Override({name: value}, problem.value_of)),
        decides_who_takes_part=lossy and _SPEED.fullmatch(name) is not None,
    )


def factor_names(problem: Problem) -> list[str]:
    """Every factor of a problem, also those that its network model does not read."""
    grid = [f"grid.{country}" for country in (*_countries(problem), "all", "relative")]
    return sorted({*_coefficients(problem), *_PRICING, *grid})


def _setting(problem: Problem, name: str) -> Factor:
    def at(value: float) -> Problem:
        changed: dict[str, Any] = {_PRICING[name]: value}
        return replace(problem, pricing=replace(problem.pricing, **changed))

    return Factor(name, _UNITS[name], _today(problem, name), at)


def _today(problem: Problem, name: str) -> float | None:
    if name == "server.pue":
        return float(problem.pricer.rates.pue)
    given: float | None = getattr(problem.pricing, _PRICING[name])
    if given is not None:
        return given
    if name == "network.router_w":
        return network_facts()[name].value
    kinds = {group.link.kind for group in problem.fleet.groups}
    return _one({network_facts()[f"network.{kind}_kwh_per_gb"].value for kind in kinds})


def _intensity(problem: Problem, name: str) -> Factor:
    """The level of one country (`grid.FRA`) or of all (`grid.all`) in g/kWh, or a factor on all (`grid.relative`)."""
    place, used = name.removeprefix("grid."), _countries(problem)
    if place == "relative":
        return Factor(name, "1", 1.0, lambda value: _scaled(problem, dict.fromkeys(used, value)))
    if place != "all" and place not in used:
        raise unknown("factor", name, factor_names(problem))
    levels = {country: g for country, g in used.items() if place in ("all", country)}

    def at(value: float) -> Problem:
        return _scaled(problem, {country: value / g for country, g in levels.items()})

    return Factor(name, "g/kWh", _one(set(levels.values())), at)


def _scaled(problem: Problem, factors: Mapping[str, float]) -> Problem:
    values = {f"grid.{country}": value for country, value in factors.items()}
    return replace(problem, value_of=Override(values, problem.value_of))


def _countries(problem: Problem) -> dict[str, float]:
    """The countries that a price reads, with their annual means in g/kWh."""
    moved = problem.fleet.moved(problem.pricing.country, problem.pricing.server_country)
    names = sorted({*(group.country for group in moved.groups), moved.server.country})
    return {country: problem.pricer.grid[country].g_per_kwh for country in names}


def _coefficients(problem: Problem) -> dict[str, Coefficient]:
    """Every coefficient that some network model asks for, with embodied carbon where the devices have it."""
    recorder = _Recorder()
    for model in get_args(NetworkModel):
        rates(problem.fleet, replace(problem.pricing, network=model, embodied=False), recorder)
    with suppress(FloptError):  # a device without embodied carbon
        rates(problem.fleet, Pricing(embodied=True), recorder)
    return {name: found for name, found in recorder.seen.items() if name.split(".")[0] != "grid"}


def _prices(problem: Problem) -> list[tuple[float, ...]]:
    """Of three spread plans; none where the fleet can run none of them."""
    with suppress(FloptError):
        return [(run.energy_kwh, run.co2e_kg, run.duration_s) for run in problem.spread_runs()]
    return []


def _one(values: set[float]) -> float | None:
    return next(iter(values)) if len(values) == 1 else None
