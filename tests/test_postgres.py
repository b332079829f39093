"""Studies in a PostgreSQL database: several drivers, one set of books, and no password anywhere."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from database import PASSWORD, program, server

from flopt.cli.dashboard import add_panel
from flopt.errors import FloptError
from flopt.objectives import Direction
from flopt.results import open_results
from flopt.search.samplers import propose
from flopt.search.stores import postgres
from flopt.search.stores.postgres import Postgres
from flopt.space import IntAxis, Space
from flopt.trace import Round, Trace
from flopt.tuning import tune

BOTH: tuple[Direction, Direction] = ("maximize", "minimize")
TRACE = Trace.of([Round(0.5, 0.1, 1, 1, 1, 1)], seed=0, participation="")
PROPOSAL = propose("random", Space("mine", {"rounds": IntAxis(1, 9)}), BOTH, [], [False, False], 0)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url(needs_module: Callable[[str], None], needs_program: Callable[[str], str]) -> Iterator[str]:
    needs_module("psycopg")
    if program("initdb") is None:
        needs_program("initdb")
    with server() as found:
        yield found


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


def opened(url: str, folder: Path) -> Postgres:
    return Postgres.create_or_open(url, folder, BOTH, {"seed": 0})


def test_what_one_driver_writes_the_other_reads(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path / "shared") as one, opened(url, tmp_path / "shared") as other:
        with one.alone():
            one.add(PROPOSAL, {"seed": 3})
        assert [trial.user_attrs["seed"] for trial in other.trials()] == [3]
        assert other.trace(0) is None
        one.record(0, TRACE, 1.5, {"where": "here"})
        assert [trace and trace.to_json() for trace in other.traces()] == [TRACE.to_json()]
        other.tell(0, [0.5, 1.0])
        one.tell(0, [0.5, 1.0])  # both may come to it at once
        one.record(0, TRACE, 1.5)
        assert one.trials()[0].values == [0.5, 1.0]
    with Postgres.read(url, tmp_path / "shared") as reader:
        assert len(reader.trials()) == 1


def test_another_study_of_the_same_name_is_refused(url: str, tmp_path: Path) -> None:
    opened(url, tmp_path / "taken").__exit__(None, None, None)
    with pytest.raises(FloptError, match="holds another study: seed is 0 there and 1 here"):
        Postgres.create_or_open(url, tmp_path / "taken", BOTH, {"seed": 1})


def test_runs_of_a_dead_driver_are_abandoned_and_those_of_a_living_one_are_not(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(url, tmp_path / "left") as dead:
        for _ in range(2):
            dead.add(PROPOSAL, {})
        dead.record(0, TRACE, 1.0)
    with opened(url, tmp_path / "left") as living, living.alone():
        assert living.abandoned() == []  # it was heard of a moment ago
        monkeypatch.setattr(living._storage, "grace_period", -1)
        assert living.abandoned() == [1]
        living.claim(1)
        assert living.abandoned() == []
    with opened(url, tmp_path / "left") as third, third.alone():
        third._study.add_trial(PROPOSAL)  # whose driver died before its first heartbeat
        assert third.abandoned() == [2]


TUNE = """
import json, sys
from pathlib import Path
from flopt.study import study_of
from flopt.tuning import run_study
if __name__ == "__main__":
    study = study_of(json.loads(sys.argv[1])).anchored(Path())
    run_study(study, Path(sys.argv[2]), lambda progress: print(progress.runs, flush=True))
"""


def test_two_drivers_share_the_work_and_the_budget(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    tables = {
        "oracle": "analytic", "space": "quick", "sampler": "random", "workers": 1, "storage": url,
        "replicates": 0, "budget": {"runs": 24},
    }  # fmt: skip
    command = [sys.executable, "-c", TUNE, json.dumps(tables)]
    drivers = [
        subprocess.Popen([*command, str(tmp_path / host / "both")], stdout=subprocess.PIPE, text=True)
        for host in ("a", "b")
    ]
    for driver in drivers:
        driver.communicate()
        assert driver.returncode == 0
    for host in ("a", "b"):
        results = open_results(tmp_path / host / "both")
        assert len(results.plans) == 24
        assert all(trace is not None for trace in results.traces)
        assert len({str(plan) for plan in results.plans}) == 24  # nobody has proposed what another had


def test_every_command_takes_a_shared_study_or_says_in_one_line_that_it_does_not(
    url: str,
    tmp_path: Path,
    command: Callable[..., tuple[int, str, str]],
    needs_module: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs_module("optuna_dashboard")
    folder = tmp_path / "commands"
    tables = {"oracle": "analytic", "space": "quick", "sampler": "random", "workers": 1, "storage": url}
    tune({**tables, "budget": {"runs": 6}}, out=folder)
    for name in ("front", "runs", "report"):
        code, _, err = command(name, folder)
        assert (code, "Traceback" in err) == (0, False), name
    add_panel(folder)
    add_panel(folder)
    assert len(open_results(folder).front()) > 0
    log = tmp_path / "rounds.csv"
    log.write_text("round,accuracy\n1,0.5\n", encoding="utf-8")
    imported = ("import", tmp_path / "new", log, "--from", "csv", "--study", folder / "study.toml")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    for words in (("ask", folder), ("tell", folder), ("doctor", folder), imported):
        code, _, err = command(*words)
        assert (code, err.count("\n")) == (2, 1), (words, err)
        assert "flopt@" in err
        assert "journal" in err
    assert not (tmp_path / "new").exists()


def test_no_password_is_kept_or_shown(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    with_password = url.replace("flopt@", f"flopt:{PASSWORD}@")
    tables = {
        "oracle": "analytic", "space": "quick", "sampler": "random", "workers": 1, "storage": with_password,
        "budget": {"runs": 4},
    }  # fmt: skip
    with pytest.raises(FloptError) as caught:  # it is written without one, and here nobody gives it
        tune(tables, out=tmp_path / "secret")
    assert "no password supplied" in str(caught.value)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    tune(tables, out=tmp_path / "secret")
    for file in (tmp_path / "secret").rglob("*"):
        assert file.is_dir() or PASSWORD.encode() not in file.read_bytes(), file
    said = capsys.readouterr()
    assert PASSWORD not in said.out + said.err
    wrong = url.replace("flopt@", "flopt:hunter2@")
    with pytest.raises(FloptError) as caught:
        opened(wrong, tmp_path / "wrong")
    assert "hunter2" not in str(caught.value)
    assert "password authentication failed" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FloptError) as caught:
        opened("postgresql+psycopg://me:hunter2@127.0.0.1:1/x", tmp_path / "none")
    assert str(caught.value).startswith("postgresql+psycopg://me@127.0.0.1:1/x: ")
    assert "hunter2" not in str(caught.value)


def test_a_driver_is_not_dead_before_it_has_missed_some_heartbeats() -> None:
    assert postgres.GRACE_S >= 3 * postgres.HEARTBEAT_S
