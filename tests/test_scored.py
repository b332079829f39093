"""Scores and what they are worth."""

from __future__ import annotations

import math

import numpy as np

from flopt.simulation.scored import Scored

SCORED = Scored(np.eye(2)[[0, 1, 1]], np.array([0, 1, 0]), np.array([0, 0, 1]))


def test_every_metric_is_there() -> None:
    assert SCORED.measured("accuracy") == 2 / 3
    assert SCORED.measured("worst_client_accuracy") == 0
    assert math.isclose(SCORED.measured("loss"), math.exp(-SCORED.loss))
    assert SCORED.auc() == SCORED.measured("auc") == 0.75


def test_the_area_of_one_class_is_unknown() -> None:
    assert math.isnan(Scored(np.eye(2), np.array([1, 1]), np.array([0, 0])).auc())
