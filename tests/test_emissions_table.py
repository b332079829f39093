"""CSV tables: every wrong cell, row or file is one line with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flopt.emissions.table import read_table
from flopt.errors import FloptError


def write(tmp_path: Path, content: str | bytes) -> Path:
    file = tmp_path / "my.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_rows_know_their_lines(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, '\ufeffa, b\r\n1,"x\ny"\r\n\r\n 2.5 ,z\n'))
    assert table.columns == ("a", "b")
    assert [row.cells for row in table.rows] == [{"a": "1", "b": "x\ny"}, {"a": "2.5", "b": "z"}]
    assert table.rows[1].place == f"{tmp_path / 'my.csv'}: line 5"
    assert table.rows[1].number("a") == 2.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "{file}: it has no row below a header"),
        ("a,b\n", "{file}: it has no row below a header"),
        ("a,b,a\n1,2,3\n", "{file}: column 'a' stands there twice"),
        ("a,b\n1,2\n3\n", "{file}: line 3: 1 cells; the header has 2"),
        (b"a,b\n\xe9,2\n", "{file}: 'utf-8' codec can't decode"),
        ('a,b\n"1,2\n', "{file}: unexpected end of data"),
    ],
)
def test_an_unreadable_table_is_one_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(FloptError, match=re.escape(message.format(file=file))):
        read_table(file)


def test_a_missing_file_and_a_folder_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=re.escape(f"no file {tmp_path / 'none.csv'}")):
        read_table(tmp_path / "none.csv")
    with pytest.raises(FloptError, match=re.escape(f"{tmp_path}: Is a directory")):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "line 2: a is empty"),
        ("x", "line 2: a = 'x': must be a number"),
        ("nan", "line 2: a = 'nan': must be a number"),
        ("1e999", "line 2: a = '1e999': must be a number"),
        ("-3", "line 2: a = -3: must not be negative"),
    ],
)
def test_a_cell_that_is_no_number_says_so(tmp_path: Path, cell: str, message: str) -> None:
    (row,) = read_table(write(tmp_path, f"a,b\n{cell},1\n")).rows
    with pytest.raises(FloptError, match=re.escape(message)):
        row.number("a")
