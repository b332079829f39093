"""A search space: which settings of a plan are searched, and between which values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flopt.compression import SCHEMES, Compression
from flopt.errors import FloptError, unknown
from flopt.plan import APP, PLAN_FIELDS, WHOLE_FIELDS, Plan, Setting
from flopt.run_config import RunConfig

__all__ = ["Axis", "ChoiceAxis", "FloatAxis", "IntAxis", "Space"]

_COMPRESSED = ("uplink", "downlink")


@dataclass(frozen=True)
class IntAxis:
    """Whole numbers from low to high, both included."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True)
class FloatAxis:
    """Real numbers from low to high."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class ChoiceAxis:
    """One of several values."""

    choices: tuple[Setting, ...]


Axis = IntAxis | FloatAxis | ChoiceAxis


@dataclass(frozen=True)
class Space:
    """Named axes; `uplink.kind` and `uplink.level` together make one compression."""

    name: str
    axes: Mapping[str, Axis]

    @classmethod
    def of(cls, name: str, tables: Mapping[str, Any], place: str, run_config: RunConfig | None = None) -> Space:
        """A space from the tables of a TOML file; `place` names the file in errors.

        With a Flower app's run-config an axis may also have the name of any of its keys.
        """
        axes: dict[str, Axis] = {}
        for given, table in tables.items():
            key = _setting(given, place, run_config)
            if key in axes or f"{key}.kind" in axes:
                raise FloptError(f"{place}: {given} is {key}, which stands twice")
            if not isinstance(table, Mapping):
                raise FloptError(f"{place}: {given} must be a table with low and high, or with choices")
            if key.startswith(APP) and run_config is not None:
                axes[key] = _own_axis(key.removeprefix(APP), table, f"{place}: {given}", run_config)
            elif key in _COMPRESSED and "choices" not in table:
                axes |= _compression_axes(key, table, place)
            else:
                axes[key] = _axis(key, table, f"{place}: {given}")
        if not axes:
            raise FloptError(f"{place}: the space has no axis")
        return cls(name, axes)

    def plan(self, values: Mapping[str, Any], base: Plan) -> Plan:
        """The plan at one point of the space; what the space does not search comes from `base`."""
        parts = {f"{key}.{part}" for key in _COMPRESSED for part in ("kind", "level")}
        settings: dict[str, Setting] = {key: value for key, value in values.items() if key not in parts}
        for key in _COMPRESSED:
            if f"{key}.kind" in values:
                level = values.get(f"{key}.level", 1.0)
                settings[key] = str(Compression.at_level(values[f"{key}.kind"], level))
        return Plan.of(settings, base)

    @property
    def max_rounds(self) -> int | None:
        """The most rounds the space offers; None where rounds are not searched."""
        axis = self.axes.get("rounds")
        if isinstance(axis, ChoiceAxis):
            return max(int(choice) for choice in axis.choices)
        return None if axis is None else int(axis.high)


def _compression_axes(key: str, table: Mapping[str, Any], place: str) -> dict[str, Axis]:
    for name in table:
        if name not in ("kind", "level"):
            raise FloptError(f"{place}: {unknown(f'key of {key}', name, ('kind', 'level', 'choices'))}")
    kinds = table.get("kind")
    if not isinstance(kinds, list) or not kinds:
        raise FloptError(f"{place}: {key}.kind = {kinds!r}: must be a list of at least one of {', '.join(SCHEMES)}")
    _check_twice(kinds, f"{place}: {key}.kind")
    for kind in kinds:
        if not isinstance(kind, str) or kind not in SCHEMES:
            raise FloptError(f"{place}: {key}.kind: {unknown('compression', str(kind), SCHEMES)}")
        if key == "downlink" and not SCHEMES[kind].downlink:
            raise FloptError(f"{place}: downlink.kind: {kind} needs a client that holds an earlier model")
    axes: dict[str, Axis] = {f"{key}.kind": ChoiceAxis(tuple(kinds))}
    level = table.get("level", {"low": 0.0, "high": 1.0})
    if not isinstance(level, Mapping):
        raise FloptError(f"{place}: {key}.level must be a table with low and high in [0, 1]")
    axis = _axis(f"{key}.level", level, f"{place}: {key}.level")
    values = axis.choices if isinstance(axis, ChoiceAxis) else (axis.low, axis.high)
    if any(isinstance(v, bool) or not isinstance(v, int | float) or not 0 <= v <= 1 for v in values):
        raise FloptError(f"{place}: {key}.level: {values} must lie in [0, 1]")
    return axes | {f"{key}.level": axis}


def _setting(name: str, place: str, run_config: RunConfig | None) -> str:
    """The setting that the name of an axis stands for."""
    if run_config is not None:
        try:
            return run_config.named(name)
        except FloptError as error:
            raise FloptError(f"{place}: axis {name}: {error}") from None
    if name not in PLAN_FIELDS:
        raise FloptError(f"{place}: {unknown('axis', name, PLAN_FIELDS)}")
    return name


def _own_axis(key: str, table: Mapping[str, Any], place: str, run_config: RunConfig) -> Axis:
    """An axis of a key that only the app knows; its type is that of the app's default."""
    if "choices" not in table and type(run_config.own[key]) not in (int, float):
        raise FloptError(f"{place}: give choices; {key} is {run_config.own[key]!r} in {run_config.place}")
    axis = _axis(f"{APP}{key}", table, place, partial(_check_own, run_config, key, place))
    if isinstance(axis, FloatAxis) and type(run_config.own[key]) is int:
        return IntAxis(int(axis.low), int(axis.high), axis.log)
    if isinstance(axis, ChoiceAxis):
        return ChoiceAxis(tuple(run_config.checked(key, choice) for choice in axis.choices))
    return axis


def _check_own(run_config: RunConfig, key: str, place: str, value: Any) -> None:
    try:
        run_config.checked(key, value)
    except FloptError as error:
        raise FloptError(f"{place}: {error}") from None


def _axis(key: str, table: Mapping[str, Any], place: str, check: Callable[[Any], None] | None = None) -> Axis:
    check = check or (partial(_check_plan, key, place) if key in PLAN_FIELDS else _accept)
    for name in table:
        if name not in ("low", "high", "log", "choices"):
            raise FloptError(f"{place}: {unknown('key', name, ('low', 'high', 'log', 'choices'))}")
    if "choices" in table:
        if len(table) > 1:
            raise FloptError(f"{place}: give choices, or low and high, not both")
        return _choices(table["choices"], place, check)
    if key in _COMPRESSED:
        raise FloptError(f"{place}: give kind and level, or choices")
    return _range(key, table, place, check)


def _choices(choices: Any, place: str, check: Callable[[Any], None]) -> ChoiceAxis:
    if not isinstance(choices, list) or not choices:
        raise FloptError(f"{place}: choices = {choices!r}: must be a list of at least one value")
    _check_twice(choices, f"{place}: choices")
    for choice in choices:
        check(choice)
    return ChoiceAxis(tuple(choices))


def _check_twice(values: list[Any], place: str) -> None:
    if any(value in values[:index] for index, value in enumerate(values)):
        raise FloptError(f"{place} = {values!r}: a value stands twice")


def _range(key: str, table: Mapping[str, Any], place: str, check: Callable[[Any], None]) -> IntAxis | FloatAxis:
    for name in ("low", "high"):
        number = table.get(name)
        if isinstance(number, bool) or not isinstance(number, int | float) or not _is_finite(number):
            raise FloptError(f"{place}: {name} = {number!r}: must be a number")
        if key in WHOLE_FIELDS and not isinstance(number, int):
            raise FloptError(f"{place}: {name} = {number!r}: must be a whole number")
    low, high, log = table["low"], table["high"], table.get("log", False)
    if low > high:
        raise FloptError(f"{place}: low = {low:g} must not be above high = {high:g}")
    if not isinstance(log, bool):
        raise FloptError(f"{place}: log = {log!r}: must be true or false")
    if log and low <= 0:
        raise FloptError(f"{place}: low = {low:g}: must be above 0 on a log axis")
    check(low)
    check(high)
    return IntAxis(low, high, log) if key in WHOLE_FIELDS else FloatAxis(float(low), float(high), log)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number that no float holds
        return False


def _accept(_value: Any) -> None:
    """A level is checked whole, by its own range."""


def _check_plan(key: str, place: str, value: Setting) -> None:
    """A space that could propose an invalid plan is invalid itself."""
    try:
        Plan.of({key: value})
    except FloptError as error:
        raise FloptError(f"{place}: {str(error).removeprefix('plan: ').removeprefix(f'{key}: ')}") from None
