"""An objective: one number read off a run, with a direction and a unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError, unknown
from flopt.run import NotYetTrained, Run

__all__ = ["Direction", "Measure", "NotFiniteError", "Objective", "objective"]

Array = NDArray[np.float64]
Direction = Literal["minimize", "maximize"]
Measure = Callable[[Run], float]

_NUMBERS = (int, float, np.integer, np.floating, np.ndarray)


class NotFiniteError(FloptError):
    """An objective gave NaN or an infinite number."""


@dataclass(frozen=True)
class Objective:
    """A named measure of a run, and which way is better."""

    name: str
    measure: Measure
    direction: Direction
    unit: str
    source: str = ""
    """File and line of the function."""
    known: bool | None = None
    """Whether it reads nothing learned; None: found out by trying it on predicted runs."""

    def __call__(self, run: Run) -> float:
        """The value for a run stopped where it is; a finite number, or a `FloptError` that names the function."""
        try:
            value: Any = self.measure(run)
        except (Exception, SystemExit) as error:
            reason = " ".join(str(error).split())
            raise FloptError(f"{self._place} failed on {run}: {type(error).__name__}: {reason}") from error
        if isinstance(value, np.ndarray) and value.shape:
            raise FloptError(f"{self._place} gave an array of shape {value.shape}; it must give a number")
        try:
            number = float(value) if isinstance(value, _NUMBERS) and not isinstance(value, bool) else None
        except (TypeError, ValueError, OverflowError):
            number = None
        if number is None:
            raise FloptError(f"{self._place} gave {_short(value)}; it must give a number")
        if not math.isfinite(number):
            raise NotFiniteError(f"{self._place} gave {number} for {run}; it must be finite")
        return number

    def along(self, run: Run) -> Array:
        """The value after every round, shape (rounds,); equal to calling the objective on `run.until(r)`.

        One call on arrays is tried first, and kept if it agrees with plain calls at three rounds.
        """
        rounds = sorted({1, (run.length + 1) // 2, run.length})
        plain = np.array([self(run.until(r)) for r in rounds])
        whole = self._at_once(run)
        if whole is not None and np.array_equal(whole[[r - 1 for r in rounds]], plain):
            return whole
        return np.array([self(run.until(r)) for r in range(1, run.length + 1)])

    def finite_rounds(self, run: Run) -> int:
        """After how many rounds of the run, from its first, it gives a finite number."""
        try:
            self.along(run)
        except NotFiniteError:
            return next(r for r in range(run.length) if not self._is_finite(run.until(r + 1)))
        return run.length

    def is_known(self, predicted: Run) -> bool:
        """Whether it can be computed before training: it reads nothing learned of a predicted run."""
        if self.known is False:
            return False
        try:
            for r in sorted({1, (predicted.length + 1) // 2, predicted.length}):
                self(predicted.until(r))
        except NotYetTrained as learned:
            if self.known:
                raise FloptError(f"{self._place} says known=True, but it reads run.{learned}") from None
            return False
        return True

    def _at_once(self, run: Run) -> Array | None:
        try:
            whole = np.asarray(self.measure(run.along()), dtype=np.float64)
        except (Exception, SystemExit):  # a function written for numbers may do anything on arrays
            return None
        return whole if whole.shape == (run.length,) and bool(np.isfinite(whole).all()) else None

    def _is_finite(self, run: Run) -> bool:
        try:
            self(run)
        except NotFiniteError:
            return False
        return True

    @property
    def _place(self) -> str:
        return f"objective {self.name!r}" + (f" ({self.source})" if self.source else "")


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def objective(*, direction: Direction, unit: str, known: bool | None = None) -> Callable[[Measure], Objective]:
    """Make an objective out of a function from a run to a number.

    `unit` is printed on axes and beside every value; `""` for a plain number.
    """
    if direction not in get_args(Direction):
        raise unknown("direction", str(direction), get_args(Direction))
    if not isinstance(unit, str):
        raise FloptError(f"unit {unit!r}: must be text, such as 'kg' or ''")

    def make(measure: Measure) -> Objective:
        code = getattr(measure, "__code__", None)
        source = f"{code.co_filename}:{code.co_firstlineno}" if code else ""
        name = getattr(measure, "__name__", type(measure).__name__)
        return Objective(name, measure, direction, unit, source, known)

    return make
