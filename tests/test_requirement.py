from __future__ import annotations

import os
import subprocess
import sys
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


IMPORTED = """
import importlib, pkgutil, sys
import flopt
names = [each.name for each in pkgutil.walk_packages(flopt.__path__, "flopt.")]
core = [name for name in names if not name.startswith("flopt.flower.") and not name.endswith("__main__")]
for name in core:
    importlib.import_module(name)
print(len(core), "flwr" in sys.modules)
"""


def test_nothing_but_the_package_for_it_imports_flower() -> None:
    plain = {name: value for name, value in os.environ.items() if name not in QUIET}
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, env=plain, check=True)
    modules, loaded = done.stdout.split()[-2:]
    assert int(modules) > 100
    assert loaded == "False"
