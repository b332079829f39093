"""TOML files: tables, or one line about what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.toml_file import read_toml


def test_a_file_is_its_tables(tmp_path: Path) -> None:
    file = tmp_path / "ä b.toml"
    file.write_text('name = "Zürich"\n[budget]\nruns = 3\n', encoding="utf-8")
    assert read_toml(file) == {"name": "Zürich", "budget": {"runs": 3}}


def test_an_empty_file_has_no_tables(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    assert read_toml(tmp_path / "empty.toml") == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a = \n", "line 1"), (b"a = 1\na = 2\n", "line 2"), (b"\xff", "utf-8"), ("é".encode("latin-1"), "utf-8")],
)
def test_a_malformed_file_is_named_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(FloptError, match=message) as caught:
        read_toml(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


def test_no_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=r"no file .*absent\.toml"):
        read_toml(tmp_path / "absent.toml")
    with pytest.raises(FloptError, match="directory"):
        read_toml(tmp_path)
