"""A model's scores on held-out samples, and what they are worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flopt.simulation.metrics import METRICS, cross_entropy

__all__ = ["Scored"]


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores with the labels and clients of their samples."""

    scores: NDArray[np.floating]
    """Shape (n, classes)."""
    labels: NDArray[np.int64]
    """Shape (n,)."""
    clients: NDArray[np.int64]
    """Shape (n,): whose each sample is."""

    @cached_property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return cross_entropy(self.scores, self.labels)

    def measured(self, metric: str) -> float:
        """The metric of that name, in [0, 1]; raises FloptError where the samples do not allow it."""
        return METRICS[metric](self.scores, self.labels, self.clients)

    def auc(self) -> float:
        """Area under the ROC curve; NaN where all samples are of one class."""
        return self.measured("auc") if self.labels.min() < self.labels.max() else math.nan
