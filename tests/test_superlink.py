from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from flopt.errors import FloptError
from flopt.flower import superlink
from flopt.flower.requirement import QUIET
from flopt.flower.superlink import SuperLink, local_superlink

# A `flwr` that answers as the real one was seen to.
FLWR = """#!{python}
import json, sys
with open(__file__ + ".calls", "a") as calls:
    print(*sys.argv[1:], file=calls)
if sys.argv[1] == "run":
    print("Building ...")
    print(json.dumps({run}))
elif sys.argv[1] == "log":
    print("starting", "RuntimeError: no", "ended", sep="\\n")
else:
    run = {{"run-id": "7", "status": "{status}", "status-details": "{details}"}}
    print(json.dumps({{"success": True, "runs": [run]}}))
"""


def link(folder: Path, status: str, details: str = "", run: object = None) -> SuperLink:
    program = folder / "flwr"
    answer = run or {"success": True, "run-id": "7"}
    program.write_text(FLWR.format(python=sys.executable, run=answer, status=status, details=details), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return SuperLink({**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}, str(folder / "log"))


@pytest.fixture(autouse=True)
def _path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")  # subprocess looks `flwr` up in ours


def test_a_completed_run_is_one(tmp_path: Path) -> None:
    link(tmp_path, "finished:completed").run(tmp_path, 4, 60)


def test_the_status_counts_and_not_the_exit_code(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match="finished:failed: ServerApp raised; its log: RuntimeError: no"):
        link(tmp_path, "finished:failed", "ServerApp raised").run(tmp_path, 4, 60)


def test_a_run_that_does_not_start_is_told_in_flowers_words(tmp_path: Path) -> None:
    refused = {"success": False, "error-message": "Invalid run configuration"}
    with pytest.raises(FloptError, match="flwr run: Invalid run configuration"):
        link(tmp_path, "", run=refused).run(tmp_path, 4, 60)


def test_a_run_that_stays_pending_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match="still pending after 0 s"):
        link(tmp_path, "pending").run(tmp_path, 4, 0)


def test_a_run_that_nobody_waits_for_any_more_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    running = link(tmp_path, "running")
    monkeypatch.setattr("flopt.flower.superlink.time.sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        running.run(tmp_path, 4)
    assert (tmp_path / "flwr.calls").read_text(encoding="utf-8").splitlines()[-1] == "stop 7 --format json"


def test_it_has_a_home_and_ports_of_its_own_and_stays_off_the_network(tmp_path: Path) -> None:
    ports = superlink._free_ports(2)
    environment = superlink._environment(tmp_path, ports)
    assert len(set(ports)) == 2
    assert environment["FLWR_HOME"] == str(tmp_path)
    assert environment.items() >= QUIET.items()
    assert environment["RAY_ADDRESS"] == "local"


def test_the_users_own_is_reached_by_commands_beside_this_python_and_stays_off_the_network_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flopt.flower.superlink.require_flower", lambda: None)
    found = superlink.users_superlink("mine")
    assert found.environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert found.environment.items() >= QUIET.items()
    assert found._connection == ("mine",)


def test_without_ray_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flopt.flower.superlink.require_flower", lambda: None)
    monkeypatch.setattr("flopt.flower.superlink.find_spec", lambda _name: None)
    with pytest.raises(FloptError, match=r"pip install 'flwr\[simulation\]'"), local_superlink(tmp_path):
        pass
