"""Features: near points are near, drawn and moved points lie in the space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from flopt.search.features import Distributions, drawn, features, leanings, mutated

SPACE: Distributions = {
    "local_epochs": IntDistribution(1, 10, log=True),
    "client_fraction": FloatDistribution(0.1, 1.0),
    "batch_size": CategoricalDistribution((10, 20, 50)),
    "uplink.kind": CategoricalDistribution(("none", "quantize", "topk")),
    "uplink.level": FloatDistribution(0.0, 1.0),
    "client_lr": FloatDistribution(0.1, 0.1),
}
POINT = {
    "local_epochs": 1, "client_fraction": 1.0, "batch_size": 20, "uplink.kind": "topk", "uplink.level": 0.9,
    "client_lr": 0.1,
}  # fmt: skip


def test_features_worked_by_hand() -> None:
    row = features([POINT], SPACE)[0]
    # epochs, fraction, batch size, three kinds, a level for each kind but none, rate
    assert row == pytest.approx([0, 1, 0.5, 0, 0, 0.7, 0, 0.4, 0])
    assert features([{**POINT, "uplink.kind": "none"}], SPACE)[0] == pytest.approx([0, 1, 0.5, 0.7, 0, 0, 0, 0, 0])


@given(st.integers(0, 2**32 - 1))
def test_drawn_and_moved_points_lie_in_the_space(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for point in (drawn(SPACE, rng), mutated(POINT, SPACE, rng)):
        assert point.keys() == SPACE.keys()
        for name, axis in SPACE.items():
            assert axis._contains(axis.to_internal_repr(point[name])), (name, point[name])


def test_whole_numbers_are_drawn_equally_often() -> None:
    rng = np.random.default_rng(0)
    counts = np.bincount([drawn({"e": IntDistribution(1, 4)}, rng)["e"] for _ in range(2000)])[1:]
    assert (np.abs(counts - 500) < 100).all()


def test_a_moved_point_differs_and_is_mostly_near() -> None:
    rng = np.random.default_rng(0)
    moved = [mutated(POINT, SPACE, rng) for _ in range(200)]
    apart = np.linalg.norm(features(moved, SPACE) - features([POINT], SPACE), axis=1)
    assert np.median(apart) < 0.5
    assert (apart > 0).mean() > 0.7


def test_leanings_say_how_far_a_product_reaches_along_each_feature() -> None:
    space: Distributions = {
        "epochs": IntDistribution(1, 10, log=True),
        "batch": CategoricalDistribution([10, 20, 50]),
        "kind": CategoricalDistribution(["none", "topk"]),
        "rate": FloatDistribution(0.0, 1.0),
    }
    found = leanings(space, {"epochs": 1.0, "batch": -1.0, "rate": 2.0})
    assert found == pytest.approx([np.log(10), -np.log(5), 0, 0, 0])
    assert len(found) == features([{"epochs": 1, "batch": 10, "kind": "none", "rate": 0.5}], space).shape[1]
