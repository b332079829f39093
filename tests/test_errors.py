"""Errors name the nearest spelling, or list what is allowed."""

from __future__ import annotations

import pytest

from flopt.errors import FloptError, nearest, unknown


@pytest.mark.parametrize(
    ("name", "allowed", "hint"),
    [
        ("co2", ["accuracy", "co2e"], "did you mean 'co2e'?"),
        ("fra", ["DEU", "FRA"], "did you mean 'FRA'?"),
        ("round", ["rounds", "round_s", "loss"], "did you mean 'rounds' or 'round_s'?"),
        ("water", ["co2e", "accuracy"], "allowed: accuracy, co2e"),
        ("water", [], "allowed: (none)"),
    ],
)
def test_nearest_suggests_or_lists(name: str, allowed: list[str], hint: str) -> None:
    assert nearest(name, allowed) == hint


def test_a_long_list_is_cut_after_twelve_names() -> None:
    assert nearest("?", [f"{n:02}" for n in range(13)]).endswith("10, 11, ...")
    assert nearest("?", [f"{n:02}" for n in range(12)]).endswith("10, 11")


def test_unknown_is_one_line_with_what_and_the_value() -> None:
    error = unknown("objective", "co2", ["co2e"])
    assert isinstance(error, FloptError)
    assert str(error) == "no objective 'co2'; did you mean 'co2e'?"
