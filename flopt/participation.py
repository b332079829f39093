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
    """The clients of every round, their fate, and the group of the fleet that each client belongs to."""

    selected: NDArray[np.int64]
    """Shape (rounds, drawn per round): who is drawn; no client twice in a round."""
    reports: NDArray[np.bool_]
    """Same shape: False for a client that drops out."""
    used: NDArray[np.bool_]
    """Same shape: whose update the server uses; the others are too late, one too many, or never report."""
    group_of: NDArray[np.int64]
    """Shape (clients,): the fleet group of each client."""

    def __post_init__(self) -> None:
        if self.selected.ndim != 2 or self.selected.shape[1] < 1:
            raise FloptError(f"participation: shape {self.selected.shape}; must be (rounds, clients per round)")
        if self.reports.shape != self.selected.shape or self.used.shape != self.selected.shape:
            raise FloptError(f"participation: reports and used must have the shape of selected, {self.selected.shape}")
        if np.any(self.used & ~self.reports):
            raise FloptError("participation: an update is used that was never reported")
        ordered = np.sort(self.selected, axis=1)
        if ordered.size and (ordered[:, 0].min() < 0 or ordered[:, -1].max() >= len(self.group_of)):
            raise FloptError(f"participation: client outside 0..{len(self.group_of) - 1}")
        if np.any(np.diff(ordered, axis=1) == 0):
            raise FloptError("participation: a client is drawn twice in one round")
        for array in (self.selected, self.reports, self.used, self.group_of):
            array.setflags(write=False)

    @classmethod
    def complete(cls, selected: NDArray[np.int64], group_of: NDArray[np.int64]) -> Participation:
        """A participation in which everyone who is drawn reports and is used."""
        everyone = np.ones(selected.shape, dtype=bool)
        return cls(selected, everyone, everyone, group_of)

    @property
    def rounds(self) -> int:
        """How many rounds are laid out."""
        return len(self.selected)

    def users(self, index: int) -> NDArray[np.int64]:
        """The clients whose update is used in a round, counted from 0, in the order they were drawn."""
        return np.asarray(self.selected[index][self.used[index]])

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits of what a model learns from: who is drawn and whose update is used, not on which device."""
        content = repr(self.selected.shape).encode() + self.selected.tobytes() + self.used.tobytes()
        return hashlib.sha256(content).hexdigest()[:12]
