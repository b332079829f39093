"""The user's torch Dataset, by a function in a file; `.npz` files are in test_data."""

from __future__ import annotations

from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.simulation.data import load

HEAD = "import torch\nfrom torch.utils.data import TensorDataset\n\n"


def written(folder: Path, body: str) -> str:
    (folder / "own.py").write_text(HEAD + body, encoding="utf-8")
    return f"{folder / 'own.py'}:build"


def test_a_torch_dataset_with_and_without_clients(tmp_path: Path) -> None:
    body = "def build():\n    return TensorDataset(torch.eye(6).reshape(6, 2, 3), torch.arange(6) % 3{})\n"
    plain = load(written(tmp_path, body.format("")))
    assert (plain.x.shape, plain.y.tolist(), plain.client_ids) == ((6, 2, 3), [0, 1, 2, 0, 1, 2], None)
    natural = load(written(tmp_path, body.format(", torch.arange(6) // 2")))
    assert natural.client_ids is not None
    assert natural.client_ids.tolist() == [0, 0, 1, 1, 2, 2]


def test_any_object_with_a_length_and_items_will_do(tmp_path: Path) -> None:
    data = load(written(tmp_path, "def build():\n    return [([1.0, 2.0], 0), ([3.0, 4.0], 1)]\n"))
    assert data.x.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def build():\n    return 3\n", r"failed with TypeError: .*len.*; must give a torch Dataset of"),
        ("def build():\n    1 / 0\n", r"failed with ZeroDivisionError: division by zero \(.*own\.py:5\)"),
        ("def build():\n    return []\n", r"gave no items; must be \(sample, label\)"),
        ("def build():\n    return [(1, 2, 3, 4)]\n", "gave items of 4 parts"),
        ("def build():\n    return [([1.0], 0), ([1.0, 2.0], 1)]\n", "failed with ValueError: all input arrays"),
        ("def biuld():\n    return []\n", "has no function 'build'; did you mean 'biuld'"),
    ],
)
def test_what_is_no_dataset_is_named(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(FloptError, match=message):
        load(written(tmp_path, body))


def test_a_file_alone_is_not_enough() -> None:
    with pytest.raises(FloptError, match=r"data 'own\.py': write file\.py:function"):
        load("own.py")
