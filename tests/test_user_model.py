"""The user's own model file: how it is called, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from flopt.errors import FloptError
from flopt.simulation.user_model import load_builder

HEAD = "from torch import nn\n"


def written(folder: Path, body: str, name: str = "build") -> str:
    (folder / "own.py").write_text(HEAD + body, encoding="utf-8")
    return f"{folder / 'own.py'}:{name}"


@pytest.mark.parametrize(
    "body",
    [
        "def build():\n    return nn.Linear(6, 3)\n",
        "def build(hidden=5, depth=2):\n    return nn.Linear(6, 3)\n",
        "def build(features, classes):\n    return nn.Linear(features[0], classes)\n",
        "def build(features, classes, bias=True):\n    return nn.Linear(features[0], classes, bias)\n",
    ],
)
def test_a_function_may_take_the_shape_or_nothing(tmp_path: Path, body: str) -> None:
    module = load_builder(written(tmp_path, body))((6,), 3)
    assert isinstance(module, nn.Linear)
    assert (module.in_features, module.out_features) == (6, 3)


def test_a_class_is_a_function_too(tmp_path: Path) -> None:
    body = "class Net(nn.Linear):\n    def __init__(self):\n        super().__init__(6, 3)\n"
    assert load_builder(written(tmp_path, body, "Net"))((6,), 3).out_features == 3


def test_two_files_of_one_name_do_not_meet(tmp_path: Path) -> None:
    models = []
    for folder, size in (("a", 2), ("b", 3)):
        (tmp_path / folder).mkdir()
        models.append(written(tmp_path / folder, f"def build():\n    return nn.Linear(6, {size})\n"))
    assert [load_builder(model)((6,), 3).out_features for model in models] == [2, 3]


def test_a_relative_path_names_the_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "\nimport no_such_package_anywhere\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FloptError, match=r"^own\.py does not import: ModuleNotFoundError: .* \(own\.py:3\)$"):
        load_builder("own.py:build")


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        (
            "import no_such_package_anywhere\n",
            "build",
            r"does not import: ModuleNotFoundError: No module .*own\.py:2\)",
        ),
        ("def build(:\n", "build", r"does not import: SyntaxError: invalid syntax \(own\.py, line 2\)"),
        ("def build():\n    return 1\n", "buidl", r"own\.py has no function 'buidl'; did you mean 'build'\?"),
        ("x = 1\n", "x", r"own\.py has no function 'x'; allowed: \(none\)"),
        ("def build():\n    return 1\n", "build", r"own\.py:build: returned int; must be a torch\.nn\.Module"),
        (
            "def build():\n    return 1 / 0\n",
            "build",
            r"failed with ZeroDivisionError: division by zero \(.*own\.py:3\)",
        ),
        ("def build(shape):\n    return 1\n", "build", r"takes 1 arguments; must be \(\) or \(features, classes\)"),
        ("def build(*, a):\n    return 1\n", "build", r"takes 1 arguments; must be \(\) or \(features, classes\)"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, body: str, name: str, message: str) -> None:
    with pytest.raises(FloptError, match=message):
        load_builder(written(tmp_path, body, name))((4,), 2)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=r"^no file .*absent\.py$"):
        load_builder(f"{tmp_path / 'absent.py'}:build")


@pytest.mark.parametrize("model", ["own.py", "own.py:", "own:build", ":build"])
def test_the_way_to_write_it_is_said(model: str) -> None:
    with pytest.raises(FloptError, match=r"write file\.py:function"):
        load_builder(model)
