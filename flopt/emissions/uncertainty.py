"""Uncertainty: the same coefficients drawn many times over, for all plans alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.errors import FloptError
from flopt.seeds import stream

__all__ = ["Draws", "Interval", "interval", "probability_non_dominated"]

Array = NDArray[np.float64]

LOW, HIGH = 0.05, 0.95
"""The quantiles that an interval is printed with."""


@dataclass(frozen=True)
class Draws:
    """Draws of every coefficient, common to all plans: a `ValueOf` for `rates`.

    Each is triangular between its low and its high with the mode at its central value: the simplest law that keeps to
    the range and needs no further number (Johnson, "The triangular distribution as a proxy for the beta distribution
    in risk analysis", The Statistician 46, 1997). One name is one quantity: two groups with one device share its draws.
    """

    count: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.count < 1:
            raise FloptError(f"draws = {self.count}: must be at least 1")

    def __call__(self, name: str, coefficient: Coefficient) -> Array:
        """Draws of one coefficient, shape (draws, 1): the second axis is that of the plans."""
        low, mode, high = coefficient.low, coefficient.value, coefficient.high
        if low == high:
            return np.full((1, 1), mode)
        drawn = stream(self.seed, "coefficient", name).triangular(low, mode, high, self.count)
        return np.asarray(drawn[:, np.newaxis])


@dataclass(frozen=True)
class Interval:
    """A central value and the range that nine of ten draws lie in."""

    central: float
    low: float
    high: float


def interval(central: float, draws: Array) -> Interval:
    """The 5 % and 95 % quantiles of the draws around a central value."""
    low, high = np.quantile(draws, [LOW, HIGH])
    return Interval(central, float(low), float(high))


def probability_non_dominated(loss: Array, is_front: Callable[[Array], NDArray[np.bool_]]) -> Array:
    """Share of the draws in which each point is non-dominated; `loss` has shape (draws, points, objectives)."""
    return np.asarray(np.mean([is_front(each) for each in loss], axis=0))
