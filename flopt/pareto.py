"""Laws of the Pareto front: who is non-dominated, how much is dominated, where the knee is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flopt.errors import FloptError

__all__ = ["hypervolume", "knee", "losses", "non_dominated"]

Array = NDArray[np.float64]


def losses(values: ArrayLike, directions: Sequence[str]) -> Array:
    """Values of shape (points, objectives) as losses: a maximised column changes its sign."""
    signs = np.array([-1.0 if direction == "maximize" else 1.0 for direction in directions])
    table = np.asarray(values, dtype=np.float64)
    if table.size and table.shape[-1] != len(signs):
        raise FloptError(f"losses: values of shape {table.shape}, {len(signs)} directions")
    signed: Array = table.reshape(-1, len(signs)) * signs
    return signed


def non_dominated(loss: ArrayLike) -> NDArray[np.bool_]:
    """Which of the points, shape (points, objectives), no other point dominates; lower is better.

    Of equal points the first counts. A point with a NaN is never non-dominated and dominates nothing.
    Two objectives take O(n log n) time, more take moocore's algorithm.
    """
    points = np.asarray(loss, dtype=np.float64)
    finite = ~np.isnan(points).any(axis=1)
    keep = np.zeros(len(points), dtype=bool)
    rows = np.flatnonzero(finite)
    if not len(rows):
        return keep
    if points.shape[1] == 2:
        keep[rows[_staircase(points[rows])]] = True
    else:
        import moocore

        # Ranks and not values: dominance needs only the order, and moocore misjudges infinite values.
        ranks = np.column_stack([np.unique(column, return_inverse=True)[1] for column in points[rows].T])
        keep[rows[moocore.is_nondominated(ranks.astype(np.float64), maximise=False)]] = True
    return keep


def _staircase(points: Array) -> NDArray[np.int64]:
    """Rows of the 2-D front, from the lowest first column to the highest."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    second = points[order, 1]
    lower = second[1:] < np.minimum.accumulate(second)[:-1]
    rows: NDArray[np.int64] = order[np.concatenate(([True], lower))]
    return rows


def hypervolume(loss: ArrayLike, reference: ArrayLike) -> float:
    """Volume between the points, shape (points, objectives), and the reference point; lower is better.

    Points that are not better than the reference in every objective add nothing.
    """
    points = np.asarray(loss, dtype=np.float64)
    corner = np.asarray(reference, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != len(corner):
        raise FloptError(f"hypervolume: points of shape {points.shape}, reference of length {len(corner)}")
    points = points[(points < corner).all(axis=1)]
    if not len(points):
        return 0.0
    if len(corner) != 2:
        import moocore

        return float(moocore.hypervolume(points, ref=corner))
    front = points[_staircase(points)]
    widths = np.diff(np.append(front[:, 0], corner[0]))
    return float(np.sum(widths * (corner[1] - front[:, 1])))


def knee(loss: ArrayLike) -> int:
    """Row of the front, shape (points, 2), that lies farthest below the chord between its two ends.

    Both axes are scaled to [0, 1] first. After Das, "On characterizing the knee of the Pareto curve based on
    normal-boundary intersection", Structural Optimization 18 (1999). With fewer than three points: the first row.
    """
    points = np.asarray(loss, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise FloptError(f"knee: points of shape {points.shape}; must be (points, 2) with at least one point")
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.where(high > low, high - low, 1.0)
    return int(np.argmin(scaled.sum(axis=1)))
