"""Coefficients: a number with range, unit and source, or one line about what is wrong with it."""

from __future__ import annotations

import datetime
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions.coefficient import Coefficient, is_number
from flopt.errors import FloptError

TABLE = {"value": 3.0, "low": 1, "high": 4.5, "unit": "W", "source": "a paper", "year": 2022, "status": "seen"}

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.dates(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(sorted(TABLE)), inner, max_size=7),
    max_leaves=8,
)


def test_a_table_keeps_range_source_and_year() -> None:
    assert Coefficient.of(TABLE, "W", "here") == Coefficient(3.0, 1.0, 4.5, "W", "a paper", 2022, "seen")


@pytest.mark.parametrize("number", [3, 3.0, 0])
def test_a_plain_number_is_its_own_range_and_comes_from_the_user(number: float) -> None:
    assert Coefficient.of(number, "W", "here") == Coefficient(number, number, number, "W", "here", None, "user")


def test_what_a_table_leaves_out_follows_from_its_value_and_place() -> None:
    assert Coefficient.of({"value": 2}, "W", "here") == Coefficient(2.0, 2.0, 2.0, "W", "here", None, "user")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("3 W", "here = '3 W': must be a number in W, or a table with value, low, high"),
        (True, "here = True: must be a number in W, or a table with value, low, high"),
        (None, "here = None: must be a number in W, or a table with value, low, high"),
        ([3], "here = [3]: must be a number in W, or a table with value, low, high"),
        (math.nan, "here = nan: must be a number in W"),
        (math.inf, "here = inf: must be a number in W"),
        (10**309, f"here = 1{'0' * 309}: must be a number in W"),
        (-0.5, "here = -0.5 W: must not be negative"),
        ({}, "here: value is missing"),
        ({"low": 1, "high": 2}, "here: value is missing"),
        ({**TABLE, "vlaue": 3}, "no key of here 'vlaue'; did you mean 'value'?"),
        ({**TABLE, "unit": "kW"}, "here: unit 'kW'; must be 'W'"),
        ({**TABLE, "unit": ["W"]}, "here: unit ['W']; must be 'W'"),
        ({**TABLE, "value": "3"}, "here = '3': must be a number in W"),
        ({**TABLE, "value": False}, "here = False: must be a number in W"),
        ({**TABLE, "low": -1}, "here = -1 W: must not be negative"),
        ({**TABLE, "high": math.inf}, "here = inf: must be a number in W"),
        ({**TABLE, "low": 3.5}, "here: low 3.5, value 3 and high 4.5 must be in this order"),
        ({**TABLE, "high": 2}, "here: low 1, value 3 and high 2 must be in this order"),
        ({**TABLE, "year": "2022"}, "here: year = '2022': must be a whole number"),
        ({**TABLE, "year": True}, "here: year = True: must be a whole number"),
        ({**TABLE, "year": 2022.5}, "here: year = 2022.5: must be a whole number"),
        ({**TABLE, "year": datetime.date(2022, 1, 1)}, "must be a whole number"),
        ({**TABLE, "status": "sen"}, "no status of here 'sen'; did you mean 'seen'?"),
        ({**TABLE, "status": ["seen"]}, "no status of here"),
    ],
)
def test_a_bad_coefficient_says_place_value_and_what_is_allowed(entry: object, message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        Coefficient.of(entry, "W", "here")


@given(JUNK)
def test_whatever_is_written_gives_a_coefficient_in_order_or_one_line(entry: object) -> None:
    message = "here"
    try:
        coefficient = Coefficient.of(entry, "W", "here")
        assert 0 <= coefficient.low <= coefficient.value <= coefficient.high < math.inf
        assert coefficient.unit == "W"
    except FloptError as error:
        message = str(error)
    assert "here" in message
    assert "\n" not in message


@pytest.mark.parametrize("value", [0, -3, 1e308, 10**308])
def test_finite_numbers_are_numbers(value: object) -> None:
    assert is_number(value)


@pytest.mark.parametrize("value", [True, "3", None, [3], math.nan, -math.inf, 10**309, 3j])
def test_nothing_else_is_a_number(value: object) -> None:
    assert not is_number(value)
