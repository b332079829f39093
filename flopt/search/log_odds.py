"""Log-odds: the scale on which learning curves are nearly straight lines over log rounds.

Both ends count: the first rounds, which all guess, differ as little from each other as the last ones do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["OFFSET", "log_odds", "share", "slope"]

Array = NDArray[np.float64]

OFFSET = 0.03
"""How near to 0 and to 1 still makes a difference: both are reached at finite log-odds."""


def log_odds(shares: Array) -> Array:
    """The log-odds of shares in [0, 1], such as accuracies or losses; what lies outside counts as the nearest."""
    clipped = np.clip(shares, 0.0, 1.0)
    return np.asarray(np.log((clipped + OFFSET) / (1 + OFFSET - clipped)))


def share(odds: Array) -> Array:
    """And back; from -OFFSET to 1 + OFFSET."""
    return np.asarray(0.5 + (0.5 + OFFSET) * np.tanh(odds / 2))


def slope(odds: Array) -> Array:
    """By how much the share grows there, for a small step of the log-odds."""
    return np.asarray((0.5 + OFFSET) / 2 * (1 - np.tanh(odds / 2) ** 2))
