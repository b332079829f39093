"""Draws of the coefficients, the intervals they give, and how often a point stays non-dominated."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.uncertainty import BLOCK, Draws, Interval, drawn_totals, interval, probability_non_dominated
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.study import study_of

PROBLEM = problem_of(study_of({}))
PLANS = [Plan(rounds=5), Plan(rounds=20, local_epochs=4), Plan(rounds=20, client_fraction=1.0)]
WORK = PROBLEM.works(PLANS)
ROUNDS = [plan.rounds for plan in PLANS]


def coefficient(low: float, value: float, high: float) -> Coefficient:
    return Coefficient(value, low, high, "W", "test", 2024, "assumed")


@given(st.tuples(*[st.floats(0, 1e6)] * 3).map(sorted), st.integers(0, 2**32 - 1))
def test_no_draw_leaves_the_range(range_: list[float], seed: int) -> None:
    low, value, high = range_
    drawn = Draws(200, seed)("power", coefficient(low, value, high))
    slack = 1e-12 * high
    assert (drawn >= low - slack).all()
    assert (drawn <= high + slack).all()


@pytest.mark.parametrize(("low", "value", "high"), [(1, 2, 3), (1, 1.1, 9), (0, 5, 5.5), (2, 2, 7), (1, 4, 4)])
def test_the_central_value_is_the_median_whatever_the_range_looks_like(low: float, value: float, high: float) -> None:
    drawn = Draws(20_000)("power", coefficient(low, value, high))
    below = (drawn < value).mean() if low < value else (drawn <= value).mean()
    assert below == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(20_000))


def test_half_of_a_side_lies_within_three_tenths_of_it() -> None:
    # A triangle with its peak at the central value: within t of the way to the end lies 1 - (1 - t)^2 of the side.
    drawn = Draws(40_000)("power", coefficient(0, 10, 20))
    for share in (0.1, 0.3, 0.7):
        within = (np.abs(drawn - 10) <= 10 * share).mean()
        assert within == pytest.approx(1 - (1 - share) ** 2, abs=0.01)


def test_one_name_is_one_quantity_and_two_names_are_two() -> None:
    draws, own = Draws(100, 7), coefficient(1, 2, 3)
    np.testing.assert_array_equal(draws("phone.train_w", own), draws("phone.train_w", own))
    assert (draws("phone.train_w", own) != draws("phone.idle_w", own)).all()
    # Of two ranges under one name, the draws are at the same quantile.
    np.testing.assert_allclose(draws("a", coefficient(10, 20, 30)), 10 * draws("a", own), rtol=1e-12)


def test_the_seed_and_the_block_decide() -> None:
    own = coefficient(1, 2, 3)
    assert (Draws(100, 1)("a", own) == Draws(100, 1)("a", own)).all()
    assert (Draws(100, 1)("a", own) != Draws(100, 2)("a", own)).all()
    assert (Draws(100, 1)("a", own) != Draws(100, 1, block=1)("a", own)).all()


def test_two_names_are_independent() -> None:
    own = coefficient(1, 2, 3)
    one, other = (Draws(20_000)(name, own)[:, 0] for name in ("a", "b"))
    assert abs(float(np.mean((one - 2) * (other - 2)) / np.var(one))) < 4 / np.sqrt(20_000)


def test_without_a_range_there_is_nothing_to_draw() -> None:
    assert Draws(100)("a", coefficient(2, 2, 2)).tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (BLOCK, [BLOCK]), (BLOCK + 1, [BLOCK, 1]), (3 * BLOCK, [BLOCK] * 3)]
)
def test_blocks_are_the_draws_cut_in_pieces(count: int, sizes: list[int]) -> None:
    blocks = list(Draws(count, 3).blocks())
    assert [block.count for block in blocks] == sizes
    assert [block.block for block in blocks] == list(range(len(sizes)))
    assert {block.seed for block in blocks} == {3}


@pytest.mark.parametrize("count", [0, -5])
def test_there_is_one_draw_at_least(count: int) -> None:
    with pytest.raises(FloptError, match=f"draws = {count}: must be at least 1"):
        Draws(count)


def test_the_price_of_a_draw_is_that_of_its_coefficients() -> None:
    """Draw by draw: each coefficient of the pricer replaced by one number."""
    (total,) = drawn_totals(PROBLEM.pricer, WORK, ROUNDS, Draws(7, 5))
    assert total.co2e_kg.total.shape == total.duration_s.shape == (7, 3)
    for draw in (0, 6):

        def one(name: str, own: Coefficient, draw: int = draw) -> NDArray[np.float64]:
            drawn = np.ravel(Draws(7, 5)(name, own))
            return np.asarray(drawn[min(draw, len(drawn) - 1)])

        for column, plan in enumerate(PLANS):
            run = replace(PROBLEM, value_of=one).run(plan)
            assert run.co2e_kg == pytest.approx(float(total.co2e_kg.total[draw, column]), rel=1e-12)
            assert run.duration_s == pytest.approx(float(total.duration_s[draw, column]), rel=1e-12)


def test_draws_are_common_to_all_plans() -> None:
    twice = PROBLEM.works([PLANS[1], PLANS[1]])
    (total,) = drawn_totals(PROBLEM.pricer, twice, [20, 20], Draws(50))
    np.testing.assert_array_equal(total.co2e_kg.total[:, 0], total.co2e_kg.total[:, 1])
    (more,) = drawn_totals(PROBLEM.pricer, WORK, ROUNDS, Draws(50))
    np.testing.assert_allclose(more.co2e_kg.total[:, 1], total.co2e_kg.total[:, 0], rtol=1e-12)


def test_hour_by_hour_the_same_draws_move_the_same_way() -> None:
    """A grid without a range and a start hour: every plan has draws, of the shape of the annual price."""
    pricing = replace(PROBLEM.pricing, start="2019-06-01T00:00", flat=True)
    (total,) = drawn_totals(replace(PROBLEM, pricing=pricing).pricer, WORK, ROUNDS, Draws(20))
    assert total.co2e_kg.total.shape == (20, 3)
    assert (total.co2e_kg.total.std(axis=0) > 0).all()
    (annual,) = drawn_totals(PROBLEM.pricer, WORK, ROUNDS, Draws(20))
    np.testing.assert_allclose(total.energy_kwh.total, annual.energy_kwh.total, rtol=1e-9)


def test_the_parts_of_every_draw_add_up_and_none_is_negative() -> None:
    (total,) = drawn_totals(PROBLEM.pricer, WORK, ROUNDS, Draws(200))
    for parts in (total.co2e_kg, total.energy_kwh):
        columns = [np.broadcast_to(getattr(parts, name), (200, 3)) for name in parts.__dataclass_fields__]
        assert all((column >= 0).all() for column in columns)
        np.testing.assert_allclose(np.sum(columns, axis=0), parts.total, rtol=1e-12)


def test_an_interval_holds_nine_of_ten_draws() -> None:
    found = interval(50.0, np.arange(101.0))
    assert found == Interval(50, 5, 95)
    assert found.has_width
    assert not interval(3.0, [3.0] * 20).has_width


POINTS = st.integers(1, 5).flatmap(
    lambda points: st.integers(1, 3).flatmap(
        lambda objectives: st.lists(
            st.lists(
                st.lists(st.integers(0, 3), min_size=objectives, max_size=objectives), min_size=points, max_size=points
            ),
            min_size=1,
            max_size=4,
        )
    )
)


@given(POINTS)
def test_the_probability_is_that_of_the_definition(values: list[list[list[int]]]) -> None:
    loss = np.array(values, dtype=np.float64)
    count, points, _ = loss.shape
    expected = np.zeros(points)
    for draw, own in product(range(count), range(points)):
        rivals = [loss[draw, other] for other in range(points)]
        expected[own] += not any((r <= loss[draw, own]).all() and (r < loss[draw, own]).any() for r in rivals)
    np.testing.assert_allclose(probability_non_dominated(loss), expected / count, rtol=1e-12)


def test_equal_points_do_not_dominate_each_other() -> None:
    assert probability_non_dominated(np.ones((4, 3, 2))).tolist() == [1, 1, 1]
