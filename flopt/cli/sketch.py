"""A sketch: a front in a terminal, in letters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flopt.objectives import Objective
from flopt.units import quantity

__all__ = ["sketch"]

Array = NDArray[np.float64]
POINT, EMPTY = "o", " "


def sketch(values: Array, objectives: tuple[Objective, ...], width: int = 56, height: int = 9) -> str:
    """Points of shape (points, objectives): the last minimised objective to the right (log where it is above 0), the
    first other one upwards, so that every front of two objectives climbs or falls; nothing where there is no pair.
    """
    if not len(values) or len(objectives) < 2:
        return ""
    minimised = [column for column, o in enumerate(objectives) if o.direction == "minimize"]
    across = minimised[-1] if minimised else 0
    up = next(column for column in range(len(objectives)) if column != across)
    x, y = values[:, across], values[:, up]
    columns = _cells(np.log10(x) if x.min() > 0 else x, width)
    rows = _cells(y, height)
    canvas = [[EMPTY] * width for _ in range(height)]
    for column, row in zip(columns, rows, strict=True):
        canvas[height - 1 - row][column] = POINT
    ends = [_text(float(value), objectives[up]) for value in (y.max(), y.min())]
    margin = max(map(len, ends))
    labels = [ends[0], *[""] * (height - 2), ends[1]]
    lines = [f"{label:>{margin}} |{''.join(line).rstrip()}" for label, line in zip(labels, canvas, strict=True)]
    low, high = (_text(float(value), objectives[across]) for value in (x.min(), x.max()))
    under = f"{low}{high:>{max(1, width - len(low))}}"
    name = f"{objectives[up].name} against {objectives[across].name}"
    return "\n".join([name, *lines, f"{'':>{margin}} +{'-' * width}", f"{'':>{margin}}  {under}"])


def _cells(values: Array, count: int) -> NDArray[np.int64]:
    """Which of so many cells each value falls into."""
    span = float(values.max() - values.min())
    shares = (values - values.min()) / span if span > 0 else np.full(len(values), 0.5)
    return np.minimum((shares * count).astype(np.int64), count - 1)


def _text(value: float, objective: Objective) -> str:
    return quantity(value, objective.unit) if objective.unit else f"{value:.3f}"
