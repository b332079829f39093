from __future__ import annotations

import threading
from pathlib import Path

import pytest

pytest.importorskip("flwr")

from flower_apps import changed, legacy

from flopt.errors import FloptError
from flopt.flower.app import read_app
from flopt.flower.engine import Settings, reports
from flopt.flower.pace import Stop
from flopt.flower.waiting import waiting_ends

SERVER = "digits_app/server_app.py"


def run(folder: Path) -> None:
    app = read_app(folder)
    values = app.run_config.values(app.run_config.plan({"rounds": 1, "local_epochs": 1}), 0)
    list(reports(app, Settings(4, values)))


def edited(folder: Path, old: str, new: str) -> Path:
    server = folder / SERVER
    text = server.read_text(encoding="utf-8")
    assert old in text
    server.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_a_strategy_that_wants_more_clients_than_there_are_ends_at_once(tmp_path: Path) -> None:
    folder = edited(changed(tmp_path / "app"), "FedAvg(fraction", "FedAvg(min_available_nodes=99, fraction")
    with pytest.raises(FloptError, match=r"waits for more than the 4 clients of task\.clients"):
        run(folder)


def test_a_legacy_server_that_would_wait_for_a_day_ends_at_once_and_its_thread_with_it(tmp_path: Path) -> None:
    folder = edited(legacy(tmp_path / "app"), "strategy = FedAvg(", "strategy = FedAvg(min_available_clients=99,")
    before = set(threading.enumerate())
    with pytest.raises(FloptError, match=r"waits for more than the 4 clients of task\.clients"):
        run(folder)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=60)
        assert not thread.is_alive(), thread


def test_an_app_that_waits_in_its_own_way_ends_too(tmp_path: Path) -> None:
    loop = "    while len(list(grid.get_node_ids())) < 9:\n        pass\n"
    folder = edited(changed(tmp_path / "app"), "    strategy.start(", f"{loop}    strategy.start(")
    with pytest.raises(FloptError, match="waits for more than the 4 clients"):
        run(folder)


def test_afterwards_flower_waits_as_before() -> None:
    from flwr.server.client_manager import SimpleClientManager
    from flwr.serverapp.strategy import strategy_utils

    before = strategy_utils.sleep, SimpleClientManager.wait_for  # type: ignore[attr-defined]

    def in_vain() -> None:
        raise Stop("in vain")

    with waiting_ends(in_vain), pytest.raises(Stop, match="in vain"):
        SimpleClientManager().wait_for(1)
    assert (strategy_utils.sleep, SimpleClientManager.wait_for) == before  # type: ignore[attr-defined]
