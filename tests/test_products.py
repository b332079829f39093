"""Products that are kept are those that would be found anew."""

from __future__ import annotations

import numpy as np
import torch

from flopt.simulation.products import Products

X = torch.randn(40, 24, generator=torch.Generator().manual_seed(0))
ROWS = [np.array([0, 3, 4]), np.arange(5, 25), np.array([39]), np.arange(3, 20)]


def test_they_are_the_products_of_the_rows() -> None:
    for rows in ROWS:
        torch.testing.assert_close(Products(X).of(rows), X[rows] @ X[rows].t())


def test_kept_or_found_anew_they_are_equal_bit_by_bit() -> None:
    keeping, forgetting = Products(X), Products(X, most_bytes=0)
    for _ in range(3):
        for rows in ROWS:
            assert torch.equal(keeping.of(rows), forgetting.of(rows))
    assert keeping.of(ROWS[0]) is keeping.of(ROWS[0].copy())
    assert forgetting.of(ROWS[0]) is not forgetting.of(ROWS[0])


def test_those_that_were_not_asked_for_longest_make_room() -> None:
    products = Products(X, most_bytes=4 * (20**2 + 17**2))
    large, small = products.of(ROWS[1]), products.of(ROWS[3])
    assert products.of(ROWS[1]) is large
    products.of(ROWS[0])  # no room for all three: the one of ROWS[3] goes
    assert products.of(ROWS[1]) is large
    assert products.of(ROWS[3]) is not small
