"""Settling: which of the drawn clients' updates were used in rounds that happened, by the rule of `arrivals`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["settle"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def settle(busy_s: Array, reports: Mask, wanted: int, deadline_s: float | None, slowest_s: float) -> tuple[Array, Mask]:
    """Seconds that each round lasted, shape (rounds,), and whose update was used, shape (rounds, drawn).

    `busy_s` and `reports`, shape (rounds, drawn): what each drawn client needs, and whether it reports at all. Where
    fewer than `wanted` report in time, the round lasts until the deadline, or `slowest_s` where there is none. Of
    clients that report at one moment, those that stand first in the draw are used.
    """
    limit = np.inf if deadline_s is None else deadline_s
    arrival = np.where(reports & (busy_s <= limit), busy_s, np.inf)
    order = np.argsort(arrival, axis=1, kind="stable")
    last = np.take_along_axis(arrival, order[:, wanted - 1 : wanted], axis=1)[:, 0]
    round_s = np.where(np.isfinite(last), last, slowest_s if deadline_s is None else deadline_s)
    rank = np.argsort(order, axis=1, kind="stable")
    return round_s, np.isfinite(arrival) & (rank < wanted)
