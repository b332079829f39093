"""The order of groups by time: what NumPy's stable sort gives, in every case by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions.order import Order

COLUMNS = st.integers(1, 12).flatmap(
    lambda groups: st.lists(st.lists(st.integers(0, 5), min_size=groups, max_size=groups), min_size=1, max_size=6)
)


@given(COLUMNS)
def test_rows_are_sorted_in_every_column_and_go_back_to_where_they_were(columns: list[list[int]]) -> None:
    values = np.array(columns, dtype=np.float64).T
    order = Order.of(values)
    assert np.array_equal(order.sorted(values), np.sort(values, axis=0))
    assert np.array_equal(order.back(order.sorted(values)), values)


@given(COLUMNS)
def test_of_equal_values_the_first_comes_first(columns: list[list[int]]) -> None:
    values = np.array(columns, dtype=np.float64).T
    names = np.arange(len(values), dtype=np.float64)[:, np.newaxis]
    assert np.array_equal(Order.of(values).sorted(names), np.argsort(values, axis=0, kind="stable"))
