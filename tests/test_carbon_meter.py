"""CodeCarbon beside a search: its figures are kept, labelled, added up over sessions, and found without a network."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from flopt import carbon_meter
from flopt.carbon_meter import METERED, Metered, Session, check_codecarbon, metered, read_metered
from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError
from flopt.study import study_of
from flopt.tuning import tune

Command = Callable[..., tuple[int, str, str]]
NeedsModule = Callable[[str], None]

ONE = Session(10.0, 2e-3, 6e-4, "measured by RAPL for the whole machine", "3.3.2")
TWO = Session(5.0, 1e-3, 3e-4, "estimated from the CPU time and memory of the search", "3.3.2")


def test_sessions_are_added_up_and_each_way_of_finding_them_is_named() -> None:
    assert str(Metered((ONE, ONE))) == "1.2 g CO2e, 4 Wh by CodeCarbon (measured by RAPL for the whole machine)"
    assert str(Metered((ONE, TWO, ONE))) == (
        "1.5 g CO2e, 5 Wh by CodeCarbon (measured by RAPL for the whole machine and estimated from the CPU time and "
        "memory of the search)"
    )


def test_what_is_kept_is_read_back_and_what_is_not_its_own_is_said(tmp_path: Path) -> None:
    assert read_metered(tmp_path) is None
    (tmp_path / METERED).write_text(json.dumps([asdict(ONE), asdict(TWO)]), encoding="utf-8")
    assert read_metered(tmp_path) == Metered((ONE, TWO))
    for text in ('[{"seconds": 1}]', "not JSON", '{"a": 1}'):
        (tmp_path / METERED).write_text(text, encoding="utf-8")
        with pytest.raises(FloptError, match=f"{METERED}: not what flopt keeps of CodeCarbon"):
            read_metered(tmp_path)


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    found = util.find_spec

    def without(name: str) -> ModuleSpec | None:
        return None if name == "codecarbon" else found(name)

    monkeypatch.setattr(util, "find_spec", without)
    with pytest.raises(FloptError, match=r'pip install "flopt-carbon\[codecarbon\]"$'):
        check_codecarbon()
    code, out, err = command("tune", "--set", "oracle=analytic", "--set", "search.meter=codecarbon", "--out", "study")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert not Path("study").exists()


def test_several_drivers_are_not_metered() -> None:
    with pytest.raises(FloptError, match=r"several drivers \(storage\) are not metered$"):
        study_of({"search": {"meter": "codecarbon"}, "storage": "postgresql+psycopg://me@host/flopt"})


def test_a_search_is_metered_session_by_session_with_the_grid_of_the_study(
    needs_module: NeedsModule, tmp_path: Path, command: Command
) -> None:
    needs_module("codecarbon")
    study = {"oracle": "analytic", "space": "quick", "workers": 1, "search": {"country": "FRA", "meter": "codecarbon"}}
    tune({**study, "budget": {"runs": 2}}, out=tmp_path / "study")
    first = read_metered(tmp_path / "study")
    assert first is not None
    (session,) = first.sessions
    assert session.energy_kwh > 0
    assert session.co2e_kg == pytest.approx(session.energy_kwh * annual_grid()["FRA"].g_per_kwh / 1000)
    assert session.how.startswith(("measured", "estimated"))
    code, out, err = command("tune", tmp_path / "study" / "study.toml", "--set", "budget.runs=3", "--out", "study")
    assert (code, err) == (0, "")
    both = read_metered(tmp_path / "study")
    assert both is not None
    assert both.sessions[0] == session
    assert len(both.sessions) == 2
    assert f"\nor {both}, proposals included\n" in out


def test_it_needs_no_network(needs_module: NeedsModule, without_network: Callable[[str], str], tmp_path: Path) -> None:
    needs_module("codecarbon")
    without_network(
        "from pathlib import Path\nfrom flopt.carbon_meter import metered\n"
        f"with metered(Path({str(tmp_path)!r}), 'DEU', 400.0) as meter:\n    sum(range(10**6))\n"
    )
    assert read_metered(tmp_path) is not None


def test_it_writes_now_and_then_so_that_a_killed_search_has_lost_little(
    needs_module: NeedsModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_module("codecarbon")
    with metered(tmp_path, "DEU", 400.0) as meter:
        meter.offer()
        assert read_metered(tmp_path) is None  # not yet due
        monkeypatch.setattr(carbon_meter, "FLUSH_S", 0.0)
        meter._due = 0.0
        meter.offer()
        early = read_metered(tmp_path)
    late = read_metered(tmp_path)
    assert early is not None
    assert late is not None
    assert len(early.sessions) == len(late.sessions) == 1
    assert early.sessions[0].seconds <= late.sessions[0].seconds
    assert "codecarbon" in sys.modules
