"""A user's Python file: imported under a private name, and named with the line where it breaks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.plugin import function_of, import_file, split_reference, where


def written(folder: Path, text: str, name: str = "mine.py") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("co2e", ("co2e", "")),
        ("my.py", ("my.py", "")),
        ("my.py:water", ("my.py", "water")),
        ("a:b/my.py:water", ("a:b/my.py", "water")),
        ("a:b", ("a:b", "")),
        ("my.toml:x", ("my.toml:x", "")),
    ],
)
def test_a_reference_is_a_file_and_a_name(reference: str, parts: tuple[str, str]) -> None:
    assert split_reference(reference) == parts


def test_two_files_of_one_name_are_two_modules(tmp_path: Path) -> None:
    one, two = (import_file(written(tmp_path / side, f"SIDE = {side!r}\n")) for side in ("left", "right"))
    assert (one.SIDE, two.SIDE) == ("left", "right")
    assert one.__name__ != two.__name__
    assert {one.__name__, two.__name__} <= set(sys.modules)


def test_a_file_does_not_hide_a_module_of_its_name(tmp_path: Path) -> None:
    import_file(written(tmp_path, "dumps = None\n", "json.py"))
    import json

    assert json.dumps({}) == "{}"


def test_a_dataclass_with_text_annotations_works(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\n"
        "from dataclasses import dataclass, field\n"
        "@dataclass\n"
        "class Factor:\n"
        "    litres: float = field(default=1.8)\n"
    )
    assert import_file(written(tmp_path, text)).Factor().litres == 1.8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\nimport no_such_package\n", r"ModuleNotFoundError: .*no_such_package.* \(.*mine\.py:2\)"),
        ("def broken(:\n", r"SyntaxError: .*line 1"),
        ("\n\n1 / 0\n", r"ZeroDivisionError: .*mine\.py:3"),
        ("import sys\nsys.exit('enough')\n", r"SystemExit: enough .*mine\.py:2"),
        ("raise ValueError('two\\nlines')\n", r"ValueError: two lines .*mine\.py:1"),
        ("from flopt import FloptError\nraise FloptError('no such unit')\n", r"import: no such unit .*mine\.py:2"),
    ],
)
def test_what_breaks_in_a_file_is_one_line_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file, before = written(tmp_path, text), set(sys.modules)
    with pytest.raises(FloptError, match=message) as caught:
        import_file(file)
    assert str(caught.value).startswith(f"{file} does not import: ")
    assert "\n" not in str(caught.value)
    assert not [name for name in set(sys.modules) - before if name.startswith("flopt.plugin")]


def test_ctrl_c_in_a_file_stays_ctrl_c(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        import_file(written(tmp_path, "raise KeyboardInterrupt\n"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=r"no file absent\.py"):
        import_file(Path("absent.py"))
    with pytest.raises(FloptError, match="no file"):
        import_file(tmp_path)


def test_a_function_is_found_or_the_nearest_of_the_file_s_own_is_named(tmp_path: Path) -> None:
    file = written(tmp_path, "from math import floor\nSIZE = 3\ndef build():\n    return 1\n")
    module = import_file(file)
    assert function_of(module, file, "build")() == 1
    with pytest.raises(FloptError, match=r"mine\.py has no function 'biuld'; did you mean 'build'\?"):
        function_of(module, file, "biuld")
    with pytest.raises(FloptError, match=r"has no function 'SIZE'; allowed: build"):
        function_of(module, file, "SIZE")


def test_where_names_the_last_line_in_the_user_s_file(tmp_path: Path) -> None:
    file = written(tmp_path, "import json\n\n\ndef read():\n    return json.loads('{')\n")
    with pytest.raises(ValueError, match="Expecting") as caught:
        import_file(file).read()
    assert where(caught.value, file) == f" ({file}:5)"
    assert where(caught.value, tmp_path / "other.py") == ""
