"""A coefficient: a number that somebody measured, with its range and where it stands."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard, get_args

from flopt.errors import FloptError, unknown

__all__ = ["Coefficient", "Status", "is_number"]

Status = Literal["seen", "derived", "assumed", "unverified", "user"]
_KEYS = ("value", "low", "high", "unit", "source", "year", "status")


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether this is a finite number; a bool is not one, nor is an integer that no float can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


@dataclass(frozen=True)
class Coefficient:
    """One number of the emissions model: central value, range, unit, source, year, and how sure the source is."""

    value: float
    low: float
    high: float
    unit: str
    source: str
    year: int | None
    status: Status

    @classmethod
    def of(cls, entry: Any, unit: str, place: str) -> Coefficient:
        """Read a table of a data file, or a user's plain number (its range is then the number itself)."""
        if isinstance(entry, bool) or not isinstance(entry, int | float | Mapping):
            raise FloptError(f"{place} = {entry!r}: must be a number in {unit}, or a table with value, low, high")
        if not isinstance(entry, Mapping):
            return cls._checked(place, entry, entry, entry, unit, place, None, "user")
        for key in entry:
            if key not in _KEYS:
                raise unknown(f"key of {place}", key, _KEYS)
        if "value" not in entry:
            raise FloptError(f"{place}: value is missing")
        if entry.get("unit", unit) != unit:
            raise FloptError(f"{place}: unit {entry['unit']!r}; must be {unit!r}")
        value = entry["value"]
        low, high = entry.get("low", value), entry.get("high", value)
        source, year = str(entry.get("source", place)), entry.get("year")
        return cls._checked(place, value, low, high, unit, source, year, entry.get("status", "user"))

    @classmethod
    def _checked(
        cls, place: str, value: Any, low: Any, high: Any, unit: str, source: str, year: Any, status: Any
    ) -> Coefficient:
        for number in (value, low, high):
            if not is_number(number):
                raise FloptError(f"{place} = {number!r}: must be a number in {unit}")
            if number < 0:
                raise FloptError(f"{place} = {number:g} {unit}: must not be negative")
        if not low <= value <= high:
            raise FloptError(f"{place}: low {low:g}, value {value:g} and high {high:g} must be in this order")
        if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
            raise FloptError(f"{place}: year = {year!r}: must be a whole number")
        if status not in get_args(Status):
            raise unknown(f"status of {place}", str(status), get_args(Status))
        return cls(float(value), float(low), float(high), unit, source, year, status)
