"""`flopt lint`: exit 1 when something is flagged, each with row and reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., tuple[int, str, str]]


def test_a_table_with_errors_is_exit_1(command: Command, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("accuracy,co2e_kg\n.8,1\n.7,2\n", encoding="utf-8")
    code, out, err = command("lint", "t.csv")
    assert (code, err) == (1, "flopt: t.csv: 2 rows, 1 flagged\n")
    assert out.splitlines()[1].split()[:2] == ["2", "dominated"]
    found = json.loads(command("lint", "t.csv", "--json")[1])
    assert [(each["row"], each["rule"]) for each in found] == [(2, "dominated")]


def test_a_sound_table_is_exit_0(command: Command, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("accuracy,co2e_kg\n.8,1\n.9,2\n", encoding="utf-8")
    assert command("lint", "t.csv") == (0, "", "flopt: t.csv: 2 rows, nothing flagged\n")


def test_flopt_s_own_front_has_nothing_but_points_at_chance(command: Command, analytic_study: Path) -> None:
    found = json.loads(command("lint", analytic_study, "--json")[1])
    assert {each["rule"] for each in found} <= {"chance"}


def test_what_cannot_be_read_is_one_line(command: Command) -> None:
    for words in (("none.csv",), (".",), ("none.csv", "--classes", 1)):
        code, out, err = command("lint", *words)
        assert (code, out, err.count("\n")) == (2, "", 1)
