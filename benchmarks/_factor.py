"""How many times more one side takes than the other, with its spread: resampled from what was measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError, unknown

__all__ = ["Factor", "Needed", "needed_by", "of_means", "of_medians", "runs_needed"]

Array = NDArray[np.float64]
DRAWS = 4000
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Needed:
    """Runs that one search needed to the target; where it never got there (censored), it needs more than it made."""

    runs: float
    reached: bool = True


@dataclass(frozen=True, eq=False)
class Factor:
    """A ratio, and the same of measurements drawn again with replacement.

    Where searches were censored only bounds are known: each entry lies between `least` and `most`.
    """

    least: Array
    """The ratio, then its draws; shape (1 + DRAWS,)."""
    most: Array

    @property
    def value(self) -> float:
        """The ratio, or the least that it can be."""
        return float(self.least[0])

    def __mul__(self, other: Factor) -> Factor:
        """The product of two that were measured apart."""
        return Factor(self.least * other.least, self.most * other.most)

    def __str__(self) -> str:
        low, high = (
            _told(*(float(np.quantile(side[1:], share, method="nearest")) for side in (self.least, self.most)))
            for share in INTERVAL
        )
        return f"{_told(float(self.least[0]), float(self.most[0]))} ({low} to {high})"


def of_means(theirs: Sequence[float], ours: Sequence[float]) -> Factor:
    """Mean over mean: what one side's measurements cost in sum."""
    rng = np.random.default_rng(0)
    above, below = (_drawn(np.array(side), rng).mean(axis=1) for side in (theirs, ours))
    return Factor(above / below, above / below)


def of_medians(theirs: Sequence[Needed], ours: Sequence[Needed]) -> Factor:
    """Median over median; a censored search needs at least what it made, and at most infinitely many."""
    low_above, high_above = _medians(theirs, 1)
    low_below, high_below = _medians(ours, 2)
    return Factor(low_above / high_below, high_above / low_below)


def runs_needed(race: Path) -> dict[str, list[Needed]]:
    """Runs until the target, by method and seed, from the file of the search race."""
    try:
        methods = json.loads(race.read_text(encoding="utf-8"))["methods"]
        return {name: _needed(row) for name, row in methods.items()}
    except OSError as error:
        raise FloptError(f"--race {race}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FloptError(f"--race {race}: no result of today's search race, as its --out is ({error!r})") from None


def needed_by(name: str, needed: dict[str, list[Needed]]) -> list[Needed]:
    """Those of one method; an error says which there are."""
    if name not in needed:
        raise FloptError(f"--race: {unknown('method', name, needed)}")
    return needed[name]


def _needed(row: dict[str, Any]) -> list[Needed]:
    found = zip(row["runs"], row["made"], strict=True)
    return [Needed(float(made), reached=False) if runs is None else Needed(float(runs)) for runs, made in found]


def _medians(side: Sequence[Needed], seed: int) -> tuple[Array, Array]:
    """The least and the most that the median can be; both from the same draws."""
    least = np.array([each.runs for each in side])
    most = np.array([each.runs if each.reached else np.inf for each in side])
    low, high = (_middle(_drawn(runs, np.random.default_rng(seed))) for runs in (least, most))
    return low, high


def _drawn(values: Array, rng: np.random.Generator) -> Array:
    """The values, then draws of as many with replacement; shape (1 + DRAWS, values)."""
    return np.vstack([values, values[rng.integers(len(values), size=(DRAWS, len(values)))]])


def _middle(rows: Array) -> Array:
    """The lower median of each row, which is one of its values: a mean with infinity says nothing."""
    return np.asarray(np.quantile(rows, 0.5, axis=1, method="lower"))


def _told(least: float, most: float) -> str:
    """A number, or the one bound of it that says something."""
    if least == most:
        return f"{least:.3g}x"
    if least > 0:
        return f"> {least:.3g}x"
    return f"< {most:.3g}x" if np.isfinite(most) else "unknown"
