"""A formula: an objective written down, so that the page can compute it from another price."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.accrual import Accrual
from flopt.emissions.footprint import PARTS, Parts
from flopt.objectives import Objective
from flopt.run import Run

__all__ = ["LEAVES", "Formula", "Watched", "evaluated", "formula_of", "watched"]

Array = NDArray[np.float64]
Formula = str | float | list[Any]
"""A leaf such as `co2e_kg`, a number, or `[operator, left, right]`."""

LEAVES = ("co2e_kg", "energy_kwh", "duration_s", "rounds", "accuracy", "loss")
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


@dataclass(frozen=True)
class _Term:
    """A quantity that writes down what is done with it; anything but arithmetic is a TypeError."""

    formula: Formula

    def __add__(self, other: object) -> _Term:
        return _joined("+", self, other)

    def __radd__(self, other: object) -> _Term:
        return _joined("+", other, self)

    def __sub__(self, other: object) -> _Term:
        return _joined("-", self, other)

    def __rsub__(self, other: object) -> _Term:
        return _joined("-", other, self)

    def __mul__(self, other: object) -> _Term:
        return _joined("*", self, other)

    def __rmul__(self, other: object) -> _Term:
        return _joined("*", other, self)

    def __truediv__(self, other: object) -> _Term:
        return _joined("/", self, other)

    def __rtruediv__(self, other: object) -> _Term:
        return _joined("/", other, self)

    def __pow__(self, other: object) -> _Term:
        return _joined("**", self, other)

    def __neg__(self) -> _Term:
        return _joined("-", 0.0, self)

    def __bool__(self) -> bool:
        raise TypeError("a formula has no truth")

    def __eq__(self, other: object) -> bool:
        raise TypeError("a formula is not compared")

    __hash__ = None  # type: ignore[assignment]


def _joined(sign: str, left: object, right: object) -> _Term:
    sides = [each.formula if isinstance(each, _Term) else _number(each) for each in (left, right)]
    return _Term([sign, *sides])


def _number(value: object) -> float:
    if isinstance(value, int | float | np.integer | np.floating) and np.isfinite(value):
        return float(value)
    raise TypeError(f"{value!r} is no number of a formula")


@dataclass(frozen=True, eq=False)
class _Written(Run):
    """A run whose quantities are terms; what a price does not give and the page does not hold cannot be read."""

    rounds = property(lambda _: _Term("rounds"))
    accuracy = property(lambda _: _Term("accuracy"))
    loss = property(lambda _: _Term("loss"))
    energy_kwh = property(lambda _: _Term("energy_kwh"))
    co2e_kg = property(lambda _: _Term("co2e_kg"))
    duration_s = property(lambda _: _Term("duration_s"))
    energy_kwh_by_part = property(lambda _: _parts("energy_kwh"))
    co2e_kg_by_part = property(lambda _: _parts("co2e_kg"))


def _parts(quantity: str) -> Parts:
    terms: Any = {part: _Term(f"{quantity}.{part}") for part in PARTS}
    return Parts(**terms)


def formula_of(objective: Objective, runs: Sequence[Run]) -> Formula | None:
    """The objective as arithmetic on a run's quantities, checked on every round of the runs; None if it is not that."""
    if not runs:
        return None
    written = _Written(**{field.name: getattr(runs[0], field.name) for field in fields(Run)})
    try:
        term = objective.measure(written)
    except (Exception, SystemExit):  # a function written for numbers may do anything on a term
        return None
    if not isinstance(term, _Term):
        return None
    same = all(_agree(evaluated(term.formula, run), objective.along(run)) for run in runs)
    return term.formula if same else None


def _agree(found: Any, expected: Array) -> bool:
    return bool(np.allclose(found, expected, rtol=1e-12, atol=0.0))


def evaluated(formula: Formula, run: Run) -> Any:
    """The value of a formula after every round of a run, shape (rounds,)."""
    if isinstance(formula, list):
        sign, left, right = formula
        return _OPERATORS[sign](evaluated(left, run), evaluated(right, run))
    if not isinstance(formula, str):
        return formula
    name, _, part = formula.partition(".")
    whole = run.along()
    return getattr(getattr(whole, f"{name}_by_part"), part) if part else getattr(whole, name)


@dataclass
class Watched:
    """Whether anything priced has been read of a run."""

    read: bool = False


def watched(run: Run, watch: Watched) -> Run:
    """The same run; `watch` notes when its price is read."""
    accrual = run.accrual

    def noted(value: Callable[[], Any]) -> Callable[[], Any]:
        def give() -> Any:
            watch.read = True
            return value()

        return give

    seen = Accrual(
        accrual.rounds,
        noted(lambda: accrual.energy_kwh_by_part),
        noted(lambda: accrual.co2e_kg_by_part),
        noted(lambda: accrual.duration_s),
    )
    values: dict[str, Any] = {field.name: getattr(run, field.name) for field in fields(Run)}
    return Run(**{**values, "accrual": seen})
