"""Smoothing over the rounds so far."""

from __future__ import annotations

import re

import pytest

from flopt.errors import FloptError
from flopt.simulation.smoothing import Smoothing


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("last", [1, 3, 5, 1]),
        ("mean3", [1, 2, 3, 3]),
        ("mean1", [1, 3, 5, 1]),
        ("ema0.5", [1, 2, 3.5, 2.25]),
        ("ema1", [1, 3, 5, 1]),
    ],
)
def test_by_hand(how: str, expected: list[float]) -> None:
    smoothing = Smoothing(how)
    assert [smoothing.add(value) for value in (1, 3, 5, 1)] == pytest.approx(expected)


@pytest.mark.parametrize("how", ["first", "mean", "mean0", "mean2.5", "ema", "ema0", "ema1.1", "emanan", ""])
def test_other_words_are_refused(how: str) -> None:
    message = f"task: smoothing = {how!r}: must be last, meanN (N rounds) or emaX (0 < X <= 1)"
    with pytest.raises(FloptError, match=re.escape(message)):
        Smoothing(how)
