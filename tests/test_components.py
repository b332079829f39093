from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("flwr")

from flower_apps import EXAMPLE, changed

from flopt.errors import FloptError
from flopt.flower.app import read_app
from flopt.flower.components import load_components, place_in


def test_components_are_fresh_each_time_and_the_rest_stays() -> None:
    torch = sys.modules.get("torch")
    first, second = load_components(read_app(EXAMPLE)), load_components(read_app(EXAMPLE))
    assert first[0] is not second[0]
    assert torch is None or sys.modules["torch"] is torch
    assert sys.path.count(str(EXAMPLE)) == 1


def test_a_name_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    folder = changed(tmp_path / "app", "digits_app/task.py", "import torch\n", "import torch\n\n1 / 0\n")
    with pytest.raises(FloptError, match=r"does not load: ZeroDivisionError: .* \(task.py:7\)") as raised:
        load_components(read_app(folder))
    assert place_in(tmp_path / "elsewhere", raised.value) == ""
