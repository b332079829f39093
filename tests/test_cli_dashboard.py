"""`flopt dashboard`: optuna-dashboard serves the study, with the front as a panel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flopt.cli.dashboard import HOST, PANEL, _free_port, add_panel, panel
from flopt.drawing.front import front_figure
from flopt.results import Results, open_results


def test_the_panel_shows_the_facts(five_runs: Results) -> None:
    facts = front_figure(five_runs)
    figure = panel(facts)
    (front,) = [trace for trace in figure.data if trace.name == "front"]
    assert list(zip(front.x, front.y, strict=True)) == [tuple(point) for point in facts.front.tolist()]
    assert figure.layout.xaxis.type == "log"


def test_the_study_reads_as_before_with_its_panel(
    analytic_study: Path, tmp_path: Path, needs_module: Callable[[str], None]
) -> None:
    needs_module("optuna_dashboard")
    folder = tmp_path / "study"
    shutil.copytree(analytic_study, folder)
    add_panel(folder)
    add_panel(folder)  # in the place of the older one
    before, after = (open_results(each).front() for each in (analytic_study, folder))
    assert [p.values for p in before.points] == [p.values for p in after.points]


def test_without_the_extra_it_says_how_to_install_it(
    command: Callable[..., tuple[int, str, str]], analytic_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    code, _, err = command("dashboard", analytic_study)
    assert code == 2
    assert err == "flopt: dashboard: it needs optuna-dashboard: pip install 'flopt-carbon[dashboard]'\n"


def fetched(url: str) -> Any:
    """What a server that is just starting answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


@pytest.mark.slow
def test_a_real_dashboard_serves_runs_and_panel(
    analytic_study: Path, tmp_path: Path, needs_module: Callable[[str], None]
) -> None:
    needs_module("optuna_dashboard")
    folder, port = tmp_path / "study", _free_port()
    shutil.copytree(analytic_study, folder)
    server = subprocess.Popen([sys.executable, "-m", "flopt", "dashboard", str(folder), "--port", str(port)])
    try:
        (summary,) = fetched(f"http://{HOST}:{port}/api/studies")["study_summaries"]
        study = fetched(f"http://{HOST}:{port}/api/studies/{summary['study_id']}")
        assert len(study["trials"]) == 16
        assert study["directions"] == ["maximize", "minimize"]
        assert [each["id"] for each in study["plotly_graph_objects"]] == [PANEL]
    finally:
        server.terminate()
        server.wait(timeout=30)
