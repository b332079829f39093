"""Who takes part in each round: the one thing that both the oracle and the price read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError

__all__ = ["Participation"]


@dataclass(frozen=True, eq=False)
class Participation:
    """The clients of every round, and the group of the fleet that each client belongs to."""

    selected: NDArray[np.int64]
    """Shape (rounds, clients per round): who is drawn; no client twice in a round."""
    group_of: NDArray[np.int64]
    """Shape (clients,): the fleet group of each client."""

    def __post_init__(self) -> None:
        if self.selected.ndim != 2 or self.selected.shape[1] < 1:
            raise FloptError(f"participation: shape {self.selected.shape}; must be (rounds, clients per round)")
        ordered = np.sort(self.selected, axis=1)
        if ordered.size and (ordered[:, 0].min() < 0 or ordered[:, -1].max() >= len(self.group_of)):
            raise FloptError(f"participation: client outside 0..{len(self.group_of) - 1}")
        if np.any(np.diff(ordered, axis=1) == 0):
            raise FloptError("participation: a client is drawn twice in one round")
        self.selected.setflags(write=False)
        self.group_of.setflags(write=False)

    @property
    def rounds(self) -> int:
        """How many rounds are laid out."""
        return len(self.selected)

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that tell two participations apart."""
        content = repr(self.selected.shape).encode() + self.selected.tobytes() + self.group_of.tobytes()
        return hashlib.sha256(content).hexdigest()[:12]
