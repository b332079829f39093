from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import psutil
import pytest

pytest.importorskip("flwr")

from flower_apps import EXAMPLE, changed, metered
from flower_federation import NAME, federation

from flopt.errors import FloptError
from flopt.flower.app import read_app
from flopt.flower.engine import Settings, reports
from flopt.flower.ledger import ledger_trace, read_ledger
from flopt.flower.oracle import scored
from flopt.flower.real import run_for_real
from flopt.flower.superlink import local_superlink
from flopt.plan import Plan
from flopt.task import AppSource, Task, TaskSource
from flopt.trace import Trace, record

SHAPES = ((32, 64), (32,), (10, 32), (10,))
CLIENTS = 4
SOURCE = TaskSource(clients=CLIENTS, app=AppSource(str(EXAMPLE)))
TASK = Task("digits", (360,) * 4, SHAPES, 1e4, 0.1, least_clients=2)


def in_process(plan: Plan, clients: int = CLIENTS) -> Trace:
    """The same run by the engine here."""
    app = read_app(EXAMPLE)
    settings = Settings(clients, app.run_config.values(plan, 0), uplink=plan.uplink)
    return record(scored(reports(app, settings), SOURCE), seed=0, participation="")


def family() -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process().children(recursive=True)
    return found


def listening() -> set[tuple[str, str]]:
    """Program and address of all sockets on which a process that was started from here waits for someone."""
    found = set()
    for process in family():
        try:
            sockets = process.net_connections(kind="inet")
            found |= {(process.name(), each.laddr.ip) for each in sockets if each.status == psutil.CONN_LISTEN}
        except psutil.Error:  # it has ended meanwhile
            continue
    return found


@contextmanager
def watched_sockets() -> Iterator[set[tuple[str, str]]]:
    """What `listening` sees while something runs, five times a second."""
    found: set[tuple[str, str]] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            found.update(listening())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def is_loopback(address: str) -> bool:
    """127.0.0.1, ::1, and an IPv4 address written as an IPv6 one, which Python before 3.13 does not see through."""
    parsed = ip_address(address)
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def test_without_an_app_there_is_nothing_to_run() -> None:
    with pytest.raises(FloptError, match=r"no task\.flower_app"):
        run_for_real(TaskSource(), TASK, read_app(EXAMPLE).run_config.plan({}), 0)


@pytest.mark.parametrize("connection", ["", "mine"])
def test_without_flower_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, connection: str) -> None:
    monkeypatch.setattr("flopt.flower.requirement.find_spec", lambda _name: None)
    with pytest.raises(FloptError, match=r"pip install 'flopt-carbon\[flower\]'"):
        run_for_real(SOURCE, TASK, read_app(EXAMPLE).run_config.plan({}), 0, connection)


@pytest.mark.parametrize(("address", "here"), [("127.0.0.1", 1), ("::ffff:127.0.0.1", 1), ("::", 0), ("192.0.2.1", 0)])
def test_what_the_loopback_is(address: str, here: bool) -> None:
    assert is_loopback(address) == here


@pytest.mark.slow
@pytest.mark.flower_run
def test_flwr_run_of_the_untouched_app_logs_the_accuracies_of_the_engine_bit_for_bit(
    needs_module: Callable[[str], None], tmp_path: Path
) -> None:
    """Two clients: Flower draws the order in which it adds up anew in every run, and only a + b is always b + a."""
    needs_module("ray")
    with local_superlink(tmp_path / "home") as link:
        number = link.run(EXAMPLE, 2)
        lines = link.log_of(number)
    logged = [float(value) for value in re.findall(r"Aggregated MetricRecord: .*'accuracy': ([\d.e-]+)", lines)]
    own = in_process(read_app(EXAMPLE).run_config.plan({}), 2)
    assert logged == own.accuracy.tolist()
    assert len(logged) == 3
    assert not [process for process in family() if "superlink" in " ".join(process.cmdline())]


@pytest.mark.slow
@pytest.mark.flower_run
@pytest.mark.parametrize("uplink", ["none", "topk:0.05"])
def test_a_validation_is_the_run_of_the_search_bit_for_bit_and_listens_on_the_loopback_alone(
    needs_module: Callable[[str], None], uplink: str
) -> None:
    needs_module("ray")
    plan = read_app(EXAMPLE).run_config.plan({"rounds": 3, "client_fraction": 0.75, "uplink": uplink})
    with watched_sockets() as seen:
        found = run_for_real(SOURCE, TASK, plan, 0)
    own = in_process(plan)
    assert found.status == "ok", found.reason
    assert found.columns["clients"].tolist() == [3, 3, 3]
    for name in ("accuracy", "loss", "clients", "samples", "download_bytes", "upload_bytes"):
        assert found.columns[name].tolist() == own.columns[name].tolist(), name
    assert {"raylet", "gcs_server", "flower-superlin"} <= {name for name, _ in seen}
    assert [each for each in sorted(seen) if not is_loopback(each[1])] == []


@pytest.mark.slow
@pytest.mark.flower_run
def test_a_point_is_validated_on_the_users_own_federation(
    command: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SuperLink and two SuperNodes of Flower's deployment; of two clients that both train, a + b is b + a."""
    monkeypatch.setenv("FLWR_HOME", str(tmp_path / "home"))
    study = {"oracle": "flower", "space": "quick", "sampler": "random", "stopping": "none", "workers": 1}
    study |= {"task.flower_app": str(EXAMPLE), "task.clients": 2, "budget.runs": 1, "replicates": 0}
    settings = [word for key, value in study.items() for word in ("--set", f"{key}={json.dumps(value)}")]
    assert command("tune", "--out", "s", *settings)[0] == 0
    with federation(tmp_path / "home", 2), watched_sockets() as seen:
        code, out, err = command("validate", "s", "--run", "0@1", "--superlink", NAME, "--json")
        assert command("validate", "s", "--run", "0", "--superlink", "yours")[0] == 2
    assert code == 0, err
    told = json.loads(out)
    assert told["largest_difference"] == 0
    assert told["rounds"] == {"search": 1, "real": 1}
    assert told["download_bytes"]["real"] == told["download_bytes"]["search"]
    assert [each for each in sorted(seen) if not is_loopback(each[1])] == []


@pytest.mark.slow
@pytest.mark.flower_run
@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "server_app.py",
            "    strategy.start(",
            "    raise RuntimeError('no')\n    strategy.start(",
            "finished:failed.*no",
        ),
        (
            "client_app.py",
            "    loss = train(",
            "    raise ValueError('boom')\n    loss = train(",
            "round 1: client .*boom",
        ),
    ],
    ids=["server", "client"],
)
def test_what_raises_is_a_failure_although_flwr_run_ends_with_zero(
    needs_module: Callable[[str], None], tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    needs_module("ray")
    broken = changed(tmp_path / "app", f"digits_app/{file}", old, new)
    source = replace(SOURCE, app=AppSource(str(broken)))
    with pytest.raises(FloptError, match=message):
        run_for_real(source, TASK, read_app(broken).run_config.plan({"rounds": 1}), 0)


@pytest.mark.slow
@pytest.mark.flower_run
def test_a_metered_app_keeps_its_ledger_and_ends_when_its_budget_is_spent(
    needs_module: Callable[[str], None], tmp_path: Path
) -> None:
    needs_module("ray")
    file = tmp_path / "ledger.jsonl"
    with local_superlink(tmp_path / "home") as link:
        link.run(metered(tmp_path / "app", file, budget_g=1e-12), 2)
    trace = ledger_trace(file)
    assert trace.accuracy.tolist() == in_process(read_app(EXAMPLE).run_config.plan({}), 2).accuracy[:1].tolist()
    assert (trace.columns["clients"].tolist(), trace.columns["samples"].tolist()) == ([2], [1439])
    first = read_ledger(file)[0]
    assert 0 < first["warm_up"]["energy_j"] <= first["estimated"]["energy_j"]


@pytest.mark.slow
@pytest.mark.flower_run
def test_in_a_namespace_without_a_network_a_real_run_completes(
    needs_module: Callable[[str], None], without_network: Callable[[str], str]
) -> None:
    needs_module("ray")
    plan = "read_app(EXAMPLE).run_config.plan({'rounds': 1})"
    script = f"from test_real import *\ntrace = run_for_real(SOURCE, TASK, {plan}, 0)\nprint(trace.status, len(trace))"
    assert without_network(script).split() == ["ok", "1"]
