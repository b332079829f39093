"""Flips: every change of a choice over a range is found, to a thousandth."""

from __future__ import annotations

import math
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.errors import FloptError
from flopt.reading.flips import PRECISION, SCAN, Flips, Stretch, find_flips


def test_two_prices_flip_where_they_are_equal() -> None:
    # 2 + 100 x and 5 + 10 x meet at x = 3 / 90.
    found = find_flips(lambda x: 2 + 100 * x < 5 + 10 * x, 0.001, 1.0)
    assert [stretch.choice for stretch in found.stretches] == [True, False]
    assert found.points == pytest.approx([1 / 30], rel=1e-4)


def test_of_three_prices_the_middle_one_has_its_stretch() -> None:
    # x, 1 + x / 2 and 4 + x / 8: they meet at 2 and at 8.
    costs = (lambda x: x, lambda x: 1 + x / 2, lambda x: 4 + x / 8)
    found = find_flips(lambda x: min(range(3), key=lambda i: costs[i](x)), 0.1, 100)
    assert [stretch.choice for stretch in found.stretches] == [0, 1, 2]
    assert found.points == pytest.approx([2, 8], rel=1e-4)


def test_a_choice_that_returns_has_two_stretches() -> None:
    found = find_flips(lambda x: "b" if 3 <= x < 20 else "a", 1, 100)
    assert [stretch.choice for stretch in found.stretches] == ["a", "b", "a"]
    assert found.points == pytest.approx([3, 20], rel=1e-4)


def test_several_flips_within_one_step_of_the_scan_are_found() -> None:
    edges = [1.5, 1.51, 1.515, 1.5151 * 1.001]  # a step of the scan is 7 %
    found = find_flips(lambda x: bisect_right(edges, x), 1, 100)
    assert [stretch.choice for stretch in found.stretches] == [0, 1, 2, 3, 4]
    assert found.points == pytest.approx(edges, rel=1e-4)


@given(
    low=st.floats(1e-9, 1e3),
    decades=st.floats(0.01, 6),
    shares=st.lists(st.floats(0.001, 0.999), min_size=0, max_size=5, unique=True),
    choices=st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
def test_flips_of_any_staircase_are_found_to_a_thousandth(
    low: float, decades: float, shares: list[float], choices: list[int]
) -> None:
    high = low * 10**decades
    steps = sorted({round(share * SCAN) / SCAN for share in shares} - {0, 1})  # a step of the scan apart, or more
    edges = [low * (high / low) ** step for step in steps]

    def choose(value: float) -> int:
        return choices[bisect_right(edges, value)]

    expected = [edge for i, edge in enumerate(edges) if choices[i] != choices[i + 1]]
    found = find_flips(choose, low, high)
    assert found.points == pytest.approx(expected, rel=1e-3)
    assert found.stretches[0].low == low
    assert found.stretches[-1].high == high
    for before, after in zip(found.stretches, found.stretches[1:], strict=False):
        assert before.high == after.low
        assert before.choice != after.choice
    for stretch in found.stretches:
        assert choose(math.sqrt(stretch.low) * math.sqrt(stretch.high)) == stretch.choice


def test_a_choice_that_never_changes_is_one_stretch_and_costs_one_scan() -> None:
    asked = []
    found = find_flips(lambda x: asked.append(x), 2, 3)  # None each time
    assert found.stretches == (Stretch(2, 3, None),)
    assert found.points == []
    assert len(asked) == SCAN
    assert (asked[0], asked[-1]) == (2, 3)


def test_a_flip_takes_few_questions() -> None:
    asked = []

    def choose(value: float) -> bool:
        asked.append(value)
        return value > 0.0123

    find_flips(choose, 0.001, 0.1)
    assert len(asked) <= SCAN + math.ceil(math.log2(math.log(100) / (SCAN - 1) / math.log1p(PRECISION)))


FLIPS = Flips((Stretch(1.0, 2.0, "a"), Stretch(2.0, 32.0, "b"), Stretch(32.0, 100.0, "a")))


@pytest.mark.parametrize(("value", "nearest"), [(1.0, 2.0), (7.9, 2.0), (8.1, 32.0), (1000.0, 32.0), (0.1, 2.0)])
def test_the_nearest_flip_is_the_one_of_the_smallest_ratio(value: float, nearest: float) -> None:
    assert FLIPS.nearest(value) == nearest


def test_a_value_lies_in_its_stretch() -> None:
    assert [getattr(FLIPS.around(value), "choice", None) for value in (0.5, 1, 3, 99, 101)] == [
        None,
        "a",
        "b",
        "a",
        None,
    ]
    assert Flips((Stretch(1.0, 2.0, "a"),)).nearest(1.5) is None


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (2, 1), (1, 1), (1, math.inf), (math.nan, 1)])
def test_a_range_is_two_numbers_above_zero(low: float, high: float) -> None:
    with pytest.raises(FloptError, match="must be two numbers above 0, the lower one first"):
        find_flips(lambda _: 0, low, high)
