"""`flopt diff`: physics and factors of two study folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def elsewhere(analytic_study: Path, tmp_path: Path) -> Path:
    """The same journal, priced in Poland."""
    folder = tmp_path / "elsewhere"
    shutil.copytree(analytic_study, folder)
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8").replace("[pricing]\n", '[pricing]\ncountry = "POL"\n')
    file.write_text(text, encoding="utf-8")
    return folder


def test_another_country_is_factors_alone(command: Command, analytic_study: Path, elsewhere: Path) -> None:
    code, out, err = command("diff", analytic_study, elsewhere, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["physics"] == []
    assert {each["name"] for each in found["factors"]} == {"country", "server_country"}
    assert found["runs"] == {"first": 16, "second": 16, "same": 16}
    assert found["levels"]
    for each in found["levels"]:
        assert each["physics"] == pytest.approx(1)
        assert each["factors"] == pytest.approx(each["ratio"])
    code, out, _ = command("diff", analytic_study, elsewhere, "--level", 0.8)
    assert code == 0
    assert "factors that differ: country DEU, ESP, FRA, POL -> POL; server_country DEU -> POL" in out
    assert "physics that differ: none" in out


def test_a_level_that_neither_reaches_is_exit_1(command: Command, analytic_study: Path) -> None:
    code, _, err = command("diff", analytic_study, analytic_study, "--level", 1.5)
    assert (code, err) == (1, "flopt: no level that both fronts reach\n")


def test_a_folder_that_is_none_is_one_line(command: Command, analytic_study: Path, tmp_path: Path) -> None:
    code, _, err = command("diff", analytic_study, tmp_path)
    assert code == 2
    assert err.count("\n") == 1
