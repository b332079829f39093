"""Watching a search: budgets, time left, pictures that are not written too often."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from flopt import tune
from flopt.cli.watching import Refresh, Watch, share_spent, status, time_left, write_pictures
from flopt.results import Results
from flopt.search.books import Progress
from flopt.search.volume import Growth, box_of
from flopt.study import Study, study_of


@pytest.mark.parametrize(
    ("budget", "share"),
    [
        ({"runs": 20}, 0.25),
        ({"rounds": 200}, 0.5),
        ({"minutes": 10.0}, 0.1),
        ({"runs": 20, "rounds": 200}, 0.5),
        ({"runs": 2}, 1.0),
    ],
)
def test_the_bound_that_comes_first_counts(budget: dict[str, float], share: float) -> None:
    study = study_of({"budget": budget})
    assert share_spent(study, Progress(5, 0, 100, 3.0), 60.0) == pytest.approx(share)


def test_a_budget_in_kilograms_is_the_search_s_own() -> None:
    # 3 CPU seconds x 15 W on a grid of 344 g/kWh are some 4.3e-6 kg
    study = study_of({"budget": {"search_kg": 1e-5}})
    assert 0.3 < share_spent(study, Progress(5, 0, 100, 3.0), 0.0) < 0.6


def test_time_left_goes_on_as_it_did() -> None:
    assert time_left(0.25, 0.75, 10.0) == 30.0
    assert time_left(0.0, 1.0, 10.0) is None


def test_the_line_says_it_all(five_runs: Results) -> None:
    growth = Growth(box_of(five_runs.problem))
    growth.add(np.array([[0.8, 1e-6], [0.5, 1e-7]]))
    line = status(Study(), Progress(5, 1, 100, 3.0), growth, 30.0)
    assert line.startswith("5 runs, 1 failed, 100 rounds; front of 2, hypervolume ")
    assert line.endswith(" CO2e (estimated); about 30 s left")


def test_pictures_take_a_tenth_of_the_time() -> None:
    times: Iterator[float] = iter([0.0, 2.0, 21.9, 22.1, 23.0])
    written = []
    refresh = Refresh(lambda: written.append("x"), lambda: next(times))
    assert [refresh.offer(), refresh.offer(), refresh.offer()] == [True, False, True]  # took 2 s: not before 22
    assert len(written) == 2


def test_a_terminal_shows_the_front_and_a_pipe_nothing(tmp_path: Path) -> None:
    study = {"oracle": "analytic", "workers": 1, "budget": {"runs": 3}}
    shown = {}
    for terminal in (True, False):
        said = io.StringIO()
        console = Console(file=said, force_terminal=terminal, width=100)
        with Watch(study_of(study), console) as watch:
            tune(study, out=tmp_path / str(terminal), report=watch.report)
        shown[terminal] = said.getvalue()
    assert "accuracy against co2e" in shown[True]
    assert "hypervolume" in shown[True]
    assert shown[False] == ""


def test_pictures_of_a_folder_are_written_whole(analytic_study: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "study"
    shutil.copytree(analytic_study, folder)
    (folder / "front.png").unlink()
    write_pictures(folder)
    assert (folder / "front.png").stat().st_size > 5000
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")
    assert not list(folder.glob(".draft*"))
