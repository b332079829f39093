from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from flopt.errors import FloptError
from flopt.flower.requirement import QUIET, flower_version, require_flower


def test_without_flower_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flopt.flower.requirement.find_spec", lambda _name: None)
    with pytest.raises(FloptError, match=r"Flower is not installed: pip install 'flopt-carbon\[flower\]'"):
        require_flower()


def test_with_it_flower_is_told_to_stay_off_the_network(needs_module: Callable[[str], None]) -> None:
    needs_module("flwr")
    require_flower()
    assert all(os.environ[name] for name in QUIET)
    assert flower_version()[:2] == "1."
