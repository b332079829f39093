"""Settings of the command line: TOML values, plain text where that is none, and a path through tables."""

from __future__ import annotations

from typing import Any

import pytest

from flopt.errors import FloptError
from flopt.settings import apply_setting, put


@pytest.mark.parametrize(
    ("setting", "tables"),
    [
        ("seed=3", {"seed": 3}),
        ("budget.runs=20", {"budget": {"runs": 20}}),
        ("fleet.use=phones_europe", {"fleet": {"use": "phones_europe"}}),
        ('limits."my.py:water".at_most=2.5', {"limits": {"my.py:water": {"at_most": 2.5}}}),
        ('oracle=["recorded", "simulated"]', {"oracle": ["recorded", "simulated"]}),
    ],
)
def test_a_value_finds_its_place(setting: str, tables: dict[str, Any]) -> None:
    found: dict[str, Any] = {}
    apply_setting(found, setting)
    assert found == tables


@pytest.mark.parametrize("setting", ["seed", "=3", "objectives=[accuracy]", "seed.a=1"])
def test_what_is_no_setting_is_one_line(setting: str) -> None:
    with pytest.raises(FloptError, match="--set"):
        apply_setting({"seed": 0}, setting)


def test_a_value_is_no_table() -> None:
    with pytest.raises(FloptError, match="seed is not a table"):
        put({"seed": 0}, ["seed", "a"], 1)
