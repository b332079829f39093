"""The spread of expected curves: its draws have its variance, and chances are shares of draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.pareto import non_dominated
from flopt.spread import DRAWS, Spread, _Counted, _Ordered, normals, settled, weights

KNOTS = np.array([1.0, 3.0, 9.0])
SPREAD = Spread(KNOTS, np.array([[0.1, 0.0], [0.1, 0.02], [0.05, 0.05]]), np.array([[0.03], [0.03], [0.03]]))


def test_the_numbers_are_standard_normal_and_independent() -> None:
    drawn = np.concatenate([normals(key, column, 5) for key in range(1, 41) for column in (0, 1)])
    assert drawn.shape == (80 * DRAWS, 5)
    assert abs(drawn.mean()) < 0.01
    assert drawn.std() == pytest.approx(1, abs=0.01)
    assert abs(np.corrcoef(drawn.T) - np.eye(5)).max() < 0.03
    assert (np.abs(drawn) < 1.6449).mean() == pytest.approx(0.9, abs=0.01)


def test_equal_keys_give_equal_numbers() -> None:
    assert (normals(7, 0, 3) == normals(7, 0, 3)).all()
    assert (normals(7, 0, 3) == normals(7, 0, 9)[:, :3]).all()
    assert (normals(7, 0, 3) != normals(8, 0, 3)).all()
    assert (normals(7, 0, 3) != normals(7, 1, 3)).all()


def test_the_first_numbers_are_those_that_the_page_of_a_report_makes() -> None:
    """Worked out by hand with the finaliser of MurmurHash3: they must not change, or the two part."""
    assert normals(1, 0, 2)[0] == pytest.approx(first_numbers(1, 0, 2), rel=1e-12)


def first_numbers(key: int, column: int, factors: int) -> list[float]:
    """The definition in plain integers, of draw 0."""

    def mix(state: int) -> int:
        state = ((state ^ state >> 16) * 0x85EBCA6B) % 2**32
        state = ((state ^ state >> 13) * 0xC2B2AE35) % 2**32
        return state ^ state >> 16

    found = []
    for factor in range(factors):
        state = mix((mix((mix((mix(key) + column) % 2**32) + 0) % 2**32) + factor) % 2**32)
        first, second = ((mix((state + part) % 2**32) + 0.5) / 2**32 for part in (1, 2))
        found.append(float(np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)))
    return found


def test_draws_have_the_standard_deviation_that_is_told() -> None:
    drawn = np.concatenate([SPREAD.errors(key, 0, 9) for key in range(1, 60)])
    np.testing.assert_allclose(drawn.std(axis=0), SPREAD.sd(9), rtol=0.1)


def test_all_plans_move_together_by_what_they_share() -> None:
    alone = Spread(KNOTS, np.zeros((3, 2)), SPREAD.common)
    assert (alone.errors(1, 0, 9) == alone.errors(2, 0, 9)).all()
    assert not (SPREAD.errors(1, 0, 9) == SPREAD.errors(2, 0, 9)).any()


def test_between_knots_lies_the_line_in_log_rounds() -> None:
    found = weights(9, KNOTS)
    assert found[[0, 2, 8]] == pytest.approx(np.eye(3))
    assert found[1] == pytest.approx([1 - np.log(2) / np.log(3), np.log(2) / np.log(3), 0])
    assert found.sum(axis=1) == pytest.approx(np.ones(9))


def test_the_most_doubtful_point_leaves_first_and_is_no_rival_any_more() -> None:
    first = [[1.0, 5.0], [2.0, 4.0], [3.0, 3.9]]
    loss = np.array([first, [[1.0, 5.0], [2.0, 6.0], [3.0, 4.5]], [[1.0, 5.0], [2.0, 4.0], [3.0, 4.5]]])
    stays, chance = settled(loss, 0.5)  # the second is beaten in one draw of three, the third in one
    assert (stays.tolist(), chance.tolist()) == ([True, True, True], [1.0, 2 / 3, 2 / 3])
    stays, chance = settled(loss, 0.7)
    assert (stays.tolist(), chance.tolist()) == ([True, False, True], [1.0, 2 / 3, 1.0])


@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_those_that_stay_are_probable_enough_and_one_always_does(points: int, seed: int) -> None:
    loss = np.random.default_rng(seed).normal(size=(30, points, 2))
    stays, chance = settled(loss, 0.5)
    assert stays.any()
    assert stays.sum() == 1 or (chance[stays] >= 0.5).all()
    assert (chance[~stays] < 0.5).all()
    kept = loss[:, stays]
    free = [[non_dominated(draw)[i] for draw in kept] for i in range(kept.shape[1])]
    assert np.mean(free, axis=1) == pytest.approx(chance[stays])


def test_of_equal_plans_one_stays() -> None:
    accuracy = np.random.default_rng(0).normal(size=(500, 6))
    loss = np.stack([-accuracy, np.broadcast_to(np.arange(6.0), (500, 6))], axis=-1)
    assert settled(loss, 0.5)[0].sum() in (1, 2)


@given(st.integers(1, 12), st.integers(0, 2**32 - 1), st.booleans())
def test_where_one_objective_is_known_order_tells_what_counting_tells(points: int, seed: int, first: bool) -> None:
    random = np.random.default_rng(seed)
    learned = random.integers(0, 4, (20, points)).astype(float)  # small numbers, so that there are ties
    known = np.broadcast_to(random.permutation(points).astype(float), learned.shape)
    loss = np.stack([known, learned] if first else [learned, known], axis=-1)
    ordered, counted = _Ordered.of(loss), _Counted(loss)
    assert ordered is not None
    left = list(range(points))
    while left:
        places = np.array(left)
        assert ordered.chances(places).tolist() == counted.chances(places).tolist()
        gone = left.pop(int(random.integers(len(left))))
        ordered.without(gone)
        counted.without(gone)


def test_points_of_one_cost_are_counted() -> None:
    assert _Ordered.of(np.zeros((3, 2, 2))) is None
    assert _Ordered.of(np.random.default_rng(0).random((3, 4, 2))) is None
    assert _Ordered.of(np.zeros((3, 1, 3))) is None
