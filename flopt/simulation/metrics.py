"""How good scores are: one function for each metric, all the better the higher, all in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError

__all__ = ["METRICS", "Metric", "cross_entropy"]

Scores = NDArray[np.floating]
Labels = NDArray[np.int64]
Metric = Callable[[Scores, Labels, Labels], float]
"""`metric(scores, labels, clients)`, shapes (n, classes), (n,) and (n,): whose each sample is."""


def _right(scores: Scores, labels: Labels) -> NDArray[np.bool_]:
    return np.asarray(scores.argmax(axis=1) == labels)


def _accuracy(scores: Scores, labels: Labels, _clients: Labels) -> float:
    """Share of samples whose highest score is at the right label."""
    return int(_right(scores, labels).sum()) / len(labels)


def _balanced_accuracy(scores: Scores, labels: Labels, _clients: Labels) -> float:
    """Mean over the classes of the share found: Brodersen et al., ICPR 2010."""
    return float(_shares(_right(scores, labels), labels).mean())


def _worst_client_accuracy(scores: Scores, labels: Labels, clients: Labels) -> float:
    """The lowest accuracy of any client that has samples here: the agnostic goal of Mohri et al., ICML 2019."""
    return float(_shares(_right(scores, labels), clients).min())


def _shares(right: NDArray[np.bool_], group: Labels) -> NDArray[np.float64]:
    """Share of right ones in each group that occurs."""
    counts = np.bincount(group)
    return np.asarray(np.bincount(group, weights=right)[counts > 0] / counts[counts > 0])


def _auc(scores: Scores, labels: Labels, _clients: Labels) -> float:
    """Area under the ROC curve, of each class against the others and averaged over the classes that occur.

    Ties count half: Hanley and McNeil, Radiology 143 (1982). A class is ranked by its log
    probability, so that two classes have one area between them.
    """
    if not (labels != labels[0]).any():
        raise FloptError("metric 'auc': the held-out samples are all of one class; needs at least two")
    return _mean_area(_log_probabilities(scores), labels)


def _mean_area(values: NDArray[np.float64], labels: Labels) -> float:
    """Share of pairs of a sample of a class and one of another in which the first has the higher value of the class.

    From the sum of the ranks of each class's own samples (Mann and Whitney 1947, U = R - n (n + 1) / 2).
    """
    order = np.argsort(labels, kind="stable")
    own, labels = values[order, labels[order]], labels[order]
    columns = np.sort(values.T, axis=1)  # along memory: several times quicker
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    counts = np.diff(starts, append=len(labels))
    areas = []
    for start, count in zip(starts, counts, strict=True):
        column, mine = columns[labels[start]], own[start : start + count]
        # A tie counts half: the mean of the ranks that it may have.
        twice = int(column.searchsorted(mine, side="left").sum() + column.searchsorted(mine, side="right").sum())
        areas.append((twice - count * count) / 2 / (count * (len(labels) - count)))
    return float(np.mean(areas))


def _log_probabilities(scores: Scores) -> NDArray[np.float64]:
    shifted = scores.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def cross_entropy(scores: Scores, labels: Labels) -> float:
    """Mean negative log probability of the right label, in nats."""
    return float(-_log_probabilities(scores)[np.arange(len(labels)), labels].mean())


def _likelihood(scores: Scores, labels: Labels, _clients: Labels) -> float:
    """The loss on a scale where more is better: exp(-loss), the geometric mean of the right label's probability."""
    return float(np.exp(-cross_entropy(scores, labels)))


METRICS: dict[str, Metric] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "auc": _auc,
    "loss": _likelihood,
    "worst_client_accuracy": _worst_client_accuracy,
}
