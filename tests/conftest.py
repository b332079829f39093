"""What all tests share: a missing real component skips a test, except with CI=true, where that is a failure."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import settings

# No deadline: a first call may import a heavy package. CI draws the same examples every time.
settings.register_profile("flopt", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("flopt")


@pytest.fixture
def needs_program() -> Callable[[str], str]:
    """`needs_program("chromium")` gives the program's path."""

    def find(name: str) -> str:
        path = shutil.which(name)
        return path if path else _missing(f"the program {name!r} is not installed (see `make system`)")

    return find


@pytest.fixture
def needs_module() -> Callable[[str], None]:
    """`needs_module("ray")` before importing a package that only an extra brings."""

    def check(name: str) -> None:
        if importlib.util.find_spec(name) is None:
            _missing(f"the Python package {name!r} is not installed (see the extras in pyproject.toml)")

    return check


def _missing(reason: str) -> str:
    if os.environ.get("CI") == "true":
        pytest.fail(f"with CI=true nothing may be skipped: {reason}")
    pytest.skip(reason)
