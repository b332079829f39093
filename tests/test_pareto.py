"""The front, its hypervolume and its knee, by hand and against brute force."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from flopt.errors import FloptError
from flopt.pareto import hypervolume, knee, losses, non_dominated

Point = tuple[float, ...]

# Points on a small grid, so that ties and equal points are common.
COORDINATE = st.one_of(st.integers(0, 4).map(float), st.sampled_from([math.nan, math.inf]))


def points(dimensions: int, coordinate: st.SearchStrategy[float] = COORDINATE) -> st.SearchStrategy[list[Point]]:
    return st.lists(st.tuples(*[coordinate] * dimensions), max_size=8)


def dominates(one: Point, other: Point) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


def brute_force_front(rows: list[Point]) -> list[bool]:
    """One comparison of each pair; of equal points the first is kept."""
    return [
        not any(map(math.isnan, row)) and not any(dominates(other, row) for other in rows) and row not in rows[:number]
        for number, row in enumerate(rows)
    ]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@given(data=st.data())
def test_the_front_equals_brute_force(dimensions: int, data: st.DataObject) -> None:
    rows = data.draw(points(dimensions))
    assert non_dominated(np.array(rows).reshape(-1, dimensions)).tolist() == brute_force_front(rows)


def test_the_front_of_six_points_by_hand() -> None:
    rows = [(1, 5), (2, 3), (2, 4), (3, 3), (4, 1), (5, 0.5)]
    assert non_dominated(rows).tolist() == [True, True, False, False, True, True]


def test_of_equal_points_the_first_counts() -> None:
    assert non_dominated([(1, 1), (1, 1), (0, 2), (0, 2)]).tolist() == [True, False, True, False]


def test_nan_never_dominates() -> None:
    nan = math.nan
    assert non_dominated([(nan, 0), (0, nan), (nan, nan), (3, 3)]).tolist() == [False, False, False, True]
    assert non_dominated([(nan, 0)]).tolist() == [False]


def test_no_points_have_no_front() -> None:
    assert non_dominated(np.empty((0, 2))).tolist() == []


def test_losses_change_the_sign_of_what_is_maximised() -> None:
    assert losses([(0.9, 2.0), (0.8, 1.0)], ["maximize", "minimize"]).tolist() == [[-0.9, 2.0], [-0.8, 1.0]]
    assert losses([], ["maximize", "minimize"]).shape == (0, 2)


def test_losses_refuse_another_number_of_directions() -> None:
    with pytest.raises(FloptError, match=r"losses: values of shape \(2, 3\), 2 directions"):
        losses([(1, 2, 3), (4, 5, 6)], ["minimize", "minimize"])


def test_hypervolume_by_hand() -> None:
    # Three stairs under the corner (4, 4): 1 x 1 above (1, 3), 2 x 2 more from (2, 2), 1 x 1 more from (3, 1).
    assert hypervolume([(1, 3), (2, 2), (3, 1)], (4, 4)) == 3 + 2 + 1
    assert hypervolume([(1, 3), (2, 2), (3, 1), (3, 3), (2, 2)], (4, 4)) == 6
    assert hypervolume([(1, 1, 1)], (2, 3, 4)) == 1 * 2 * 3


@pytest.mark.parametrize("rows", [np.empty((0, 2)), [(4, 0)], [(5, 5)], [(math.nan, 0)]])
def test_points_not_better_than_the_reference_add_nothing(rows: ArrayLike) -> None:
    assert hypervolume(rows, (4, 4)) == 0


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@given(data=st.data())
def test_hypervolume_equals_counted_unit_cells(dimensions: int, data: st.DataObject) -> None:
    rows = data.draw(points(dimensions, st.integers(0, 4).map(float)))
    cells = product(range(3), repeat=dimensions)  # each named by its lower corner; the reference is 3
    counted = sum(any(all(a <= c for a, c in zip(row, cell, strict=True)) for row in rows) for cell in cells)
    assert hypervolume(np.array(rows).reshape(-1, dimensions), [3] * dimensions) == pytest.approx(counted)


def test_hypervolume_refuses_another_number_of_objectives() -> None:
    with pytest.raises(FloptError, match=r"hypervolume: points of shape \(1, 2\), reference of length 3"):
        hypervolume([(1, 2)], (3, 3, 3))


def test_the_knee_lies_farthest_below_the_chord() -> None:
    # Scaled to [0, 1] the sums are 1, 0.9, 0.5, 0.8 and 1: the chord is where the sum is 1.
    assert knee([(0, 10), (10, 8), (30, 2), (70, 1), (100, 0)]) == 2


def test_the_knee_does_not_depend_on_the_units() -> None:
    front = np.array([(0, 10), (10, 8), (30, 2), (70, 1), (100, 0)])
    assert knee(front * (1e-6, 3600) + (5, -2)) == 2


@pytest.mark.parametrize("front", [[(1, 1)], [(0, 1), (1, 0)], [(0, 2), (1, 1), (2, 0)]])
def test_without_a_bend_the_knee_is_the_first_point(front: list[Point]) -> None:
    assert knee(front) == 0


@pytest.mark.parametrize("front", [np.empty((0, 2)), [(1, 2, 3)], [1, 2]])
def test_the_knee_of_something_else_is_refused(front: ArrayLike) -> None:
    with pytest.raises(FloptError, match=r"must be \(points, 2\) with at least one point"):
        knee(front)


@given(points(2, st.floats(0, 1)))
def test_the_front_is_a_staircase(rows: list[Point]) -> None:
    loss = np.array(rows).reshape(-1, 2)
    front = sorted(map(tuple, loss[non_dominated(loss)].tolist()))
    assert all(left < right and upper > lower for (left, upper), (right, lower) in pairwise(front))
