"""The rate: what one more point of accuracy costs in CO2e, along a run and along a front."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flopt.fronts import Front, Point
from flopt.run import Run

__all__ = ["POINT", "front_rates", "rate", "run_rates"]

Array = NDArray[np.float64]

POINT = 0.01
"""One point of accuracy."""


def rate(accuracy: ArrayLike, co2e_kg: ArrayLike) -> Array:
    """dCO2e/daccuracy as kg per point of accuracy, shape (n,), for emissions that grow from entry to entry.

    Where the accuracy is higher than ever before, it is the CO2e emitted since it last was, over the points gained
    since then. Elsewhere accuracy has not risen and the rate is NaN, as it is for the first entry, which has nothing
    to rise from.
    """
    reached, kg = np.asarray(accuracy, dtype=np.float64), np.asarray(co2e_kg, dtype=np.float64)
    found = np.full(reached.shape, np.nan)
    if len(reached):
        best = np.maximum.accumulate(reached)
        records = np.flatnonzero(np.concatenate(([True], best[1:] > best[:-1])))
        found[records[1:]] = np.diff(kg[records]) / np.diff(reached[records]) * POINT
    return found


def run_rates(run: Run) -> Array:
    """The rate after each round of a run, in kg CO2e per point of validation accuracy."""
    whole = run.along()
    return rate(whole.accuracy, whole.co2e_kg)


def front_rates(front: Front) -> Array:
    """The rate of each point of a front, in the order of its points, from the next cheaper one of lower accuracy."""
    order = sorted(range(len(front.points)), key=lambda row: _kg(front.points[row]))
    points = [front.points[row] for row in order]
    found = np.full(len(points), np.nan)
    found[order] = rate([point.run.accuracy for point in points], [_kg(point) for point in points])
    return found


def _kg(point: Point) -> float:
    return point.run.co2e_kg
