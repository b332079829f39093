from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from flopt.flower.offline import NetworkError, offline


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "flower.example"])
def test_whatever_is_beyond_this_machine_is_refused(host: str) -> None:
    with offline(), pytest.raises(NetworkError, match=f"reached for {host}; .*task.flower_network = true"):
        socket.create_connection((host, 9), timeout=1)


def test_the_loopback_and_pairs_of_sockets_are_let_through() -> None:
    with offline(), socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with socket.create_connection(server.getsockname(), timeout=5):
            assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_afterwards_everything_is_as_before() -> None:
    before = os.environ.get("HF_HUB_OFFLINE")
    with offline():
        pass
    assert os.environ.get("HF_HUB_OFFLINE") == before
    with offline(allowed=True), socket.socket() as probe:
        probe.settimeout(0)
        assert probe.connect_ex(("192.0.2.1", 9)) != 0  # refused by the system or on its way, not by flopt


@pytest.mark.slow
def test_an_app_runs_where_there_is_no_network_at_all(without_network: Callable[[str], str]) -> None:
    pytest.importorskip("flwr")
    script = "from test_engine import *\nprint([each.number for each in heard(EXAMPLE)])"
    assert without_network(script) == "[0, 1, 2]\n"
