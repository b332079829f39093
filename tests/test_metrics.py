"""Metrics by hand and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

from flopt.errors import FloptError
from flopt.simulation.metrics import METRICS, cross_entropy

RANDOM = np.random.default_rng(0)
SCORES = RANDOM.normal(size=(200, 4)).astype(np.float32)
LABELS = RANDOM.integers(0, 4, 200)
CLIENTS = RANDOM.integers(0, 5, 200)
SHARES = np.exp(SCORES.astype(float)) / np.exp(SCORES.astype(float)).sum(axis=1, keepdims=True)


def test_they_are_scikit_learn_s() -> None:
    guess = SCORES.argmax(axis=1)
    assert METRICS["accuracy"](SCORES, LABELS, CLIENTS) == (guess == LABELS).mean()
    assert METRICS["balanced_accuracy"](SCORES, LABELS, CLIENTS) == pytest.approx(
        balanced_accuracy_score(LABELS, guess)
    )
    assert METRICS["auc"](SCORES, LABELS, CLIENTS) == pytest.approx(roc_auc_score(LABELS, SHARES, multi_class="ovr"))
    assert cross_entropy(SCORES, LABELS) == pytest.approx(log_loss(LABELS, SHARES))
    assert METRICS["loss"](SCORES, LABELS, CLIENTS) == pytest.approx(math.exp(-log_loss(LABELS, SHARES)))


def test_two_classes_have_one_area_and_ties_count_half() -> None:
    margin = np.array([0.0, 1, 1, 2, 3])
    scores, labels = np.column_stack([np.zeros(5), margin]), np.array([0, 1, 0, 0, 1])
    assert METRICS["auc"](scores, labels, labels) == pytest.approx(4.5 / 6)
    assert METRICS["auc"](scores, labels, labels) == pytest.approx(roc_auc_score(labels, margin))


def test_the_worst_client_by_hand() -> None:
    scores, labels = np.eye(2)[[0, 0, 1, 1, 1]], np.array([0, 1, 1, 1, 0])
    assert METRICS["worst_client_accuracy"](scores, labels, np.array([0, 0, 4, 4, 4])) == 0.5
    assert METRICS["worst_client_accuracy"](scores, labels, np.array([3, 3, 3, 3, 1])) == 0


def test_an_area_needs_two_classes() -> None:
    with pytest.raises(FloptError, match="metric 'auc': the held-out samples are all of one class; needs at least"):
        METRICS["auc"](SCORES, np.zeros(200, dtype=np.int64), CLIENTS)


def test_extreme_scores_stay_finite() -> None:
    assert cross_entropy(np.array([[1e4, -1e4], [0, 0]]), np.array([0, 1])) == pytest.approx(math.log(2) / 2)
