"""Printing: tables for people, strict JSON for programs, notes on stderr."""

from __future__ import annotations

import json
import math

import pytest

from flopt.cli.printing import note, print_json, print_table


def test_json_is_strict(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a": math.nan, "b": [1, math.nan, {"c": (math.nan, "µ")}], "d": None, "e": True, "f": 1e-300}
    print_json(value)

    def refuse(name: str) -> None:
        raise ValueError(name)

    read = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert read == {"a": None, "b": [1, None, {"c": [None, "µ"]}], "d": None, "e": True, "f": 1e-300}


def test_a_table_aligns_numbers_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "CO2e"], [["a", "1 g"], ["bcd", "100 g"]])
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "name   CO2e",
        "a       1 g",
        "bcd   100 g",
    ]


def test_a_table_of_words_is_aligned_to_the_left(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "about"], [["a", "x"], ["bcd", "xyz"]], numbers=False)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == ["name  about", "a     x", "bcd   xyz"]


def test_what_looks_like_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a"], [["[bold]x[/bold] :smile: [link=y]"]])
    assert "[bold]x[/bold] :smile: [link=y]" in capsys.readouterr().out


def test_a_note_is_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    note("wrote x")
    assert capsys.readouterr() == ("", "flopt: wrote x\n")
