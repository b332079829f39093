"""How many times more one side takes than the other, with its spread: resampled from what was measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError, unknown

__all__ = ["Factor", "needed_by", "of_means", "of_medians", "runs_needed"]

Array = NDArray[np.float64]
DRAWS = 4000
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True, eq=False)
class Factor:
    """A ratio, and the same of measurements drawn again with replacement."""

    value: float
    draws: Array

    def __mul__(self, other: Factor) -> Factor:
        """The product of two that were measured apart."""
        return Factor(self.value * other.value, self.draws * other.draws)

    def __str__(self) -> str:
        low, high = np.quantile(self.draws, INTERVAL, method="nearest")
        return f"{_told(self.value)} ({_told(low)} to {_told(high)})"


def of_means(theirs: Sequence[float], ours: Sequence[float]) -> Factor:
    """Mean over mean: what one side's measurements cost in sum."""
    above, below = np.array(theirs), np.array(ours)
    rng = np.random.default_rng(0)
    return Factor(above.mean() / below.mean(), _drawn(above, rng).mean(axis=1) / _drawn(below, rng).mean(axis=1))


def of_medians(theirs: Sequence[float | None], ours: Sequence[float | None]) -> Factor:
    """Median over median, where None was never reached: infinitely many. NaN where neither median was."""
    above, below = (np.array([np.inf if each is None else each for each in side]) for side in (theirs, ours))
    rng = np.random.default_rng(1)
    with np.errstate(invalid="ignore"):  # infinity over infinity
        draws = _middle(_drawn(above, rng)) / _middle(_drawn(below, rng))
        return Factor(float(_middle(above[np.newaxis])[0] / _middle(below[np.newaxis])[0]), draws)


def runs_needed(race: Path) -> dict[str, list[float | None]]:
    """Runs until the target, by method and seed, from the file of the search race; None where it was not reached."""
    try:
        methods = json.loads(race.read_text(encoding="utf-8"))["methods"]
        return {name: [None if each is None else float(each) for each in row["runs"]] for name, row in methods.items()}
    except OSError as error:
        raise FloptError(f"--race {race}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FloptError(f"--race {race}: no result of the search race, as its --out is ({error!r})") from None


def needed_by(name: str, needed: dict[str, list[float | None]]) -> list[float | None]:
    """Those of one method; an error says which there are."""
    if name not in needed:
        raise FloptError(f"--race: {unknown('method', name, needed)}")
    return needed[name]


def _drawn(values: Array, rng: np.random.Generator) -> Array:
    return np.asarray(values[rng.integers(len(values), size=(DRAWS, len(values)))])


def _middle(rows: Array) -> Array:
    """The lower median of each row, which is one of its values: a mean with infinity says nothing."""
    return np.asarray(np.quantile(rows, 0.5, axis=1, method="lower"))


def _told(value: float) -> str:
    if np.isnan(value):
        return "unknown: neither got there"
    return "none of ours got there" if value == 0 else "without end" if np.isinf(value) else f"{value:.3g}x"
