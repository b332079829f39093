"""Log-odds: there and back, the same for gains as for losses, and finite at both ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.search.log_odds import OFFSET, log_odds, share, slope


@given(st.floats(0, 1))
def test_there_and_back(value: float) -> None:
    assert share(log_odds(np.array(value))) == pytest.approx(value, abs=1e-12)


@given(st.floats(0, 1))
def test_a_loss_is_the_accuracy_with_its_sign_changed(value: float) -> None:
    assert log_odds(np.array(1 - value)) == pytest.approx(-log_odds(np.array(value)), abs=1e-12)


def test_by_hand() -> None:
    found = log_odds(np.array([0.0, 0.5, 0.97, 1.0, 1.7]))
    end = math.log(1.03 / 0.03)
    assert OFFSET == 0.03
    np.testing.assert_allclose(found, [-end, 0.0, math.log(1.0 / 0.06), end, end])


@given(st.floats(-3.4, 3.4))
def test_the_slope_is_that_of_the_share(odds: float) -> None:
    step = 1e-5
    rise = (share(np.array(odds + step)) - share(np.array(odds - step))) / (2 * step)
    assert slope(np.array(odds)) == pytest.approx(rise, rel=1e-6)
