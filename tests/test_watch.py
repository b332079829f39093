from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("flwr")

from flopt.flower.watch import watched


def test_a_legacy_history_is_heard_and_flower_is_silent_meanwhile() -> None:
    from flwr.server.history import History

    heard: list[tuple[str, int, Mapping[str, Any]]] = []
    log, add = logging.getLogger("flwr"), History.add_loss_centralized
    level = log.level
    with watched(lambda *told: heard.append(told)):
        assert log.level == logging.CRITICAL
        history = History()
        history.add_loss_centralized(server_round=0, loss=0.5)
        history.add_metrics_distributed(server_round=1, metrics={"accuracy": 0.25})
    assert heard == [("server", 0, {"loss": 0.5}), ("clients", 1, {"accuracy": 0.25})]
    assert history.losses_centralized == [(0, 0.5)]
    assert (log.level, History.add_loss_centralized) == (level, add)
