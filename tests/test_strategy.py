from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr")

from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp.strategy import FedAvg

from flopt.errors import FloptError
from flopt.flower.engine import _take_identity
from flopt.flower.grid import InProcessGrid
from flopt.flower.ledger import ledger_trace, read_ledger
from flopt.flower.meter import METER, Meter, meter_mod
from flopt.flower.strategy import CarbonStrategy

START = ArrayRecord([np.zeros(4, dtype=np.float32)])


class Metered(CarbonStrategy, FedAvg):
    """What a user writes."""


def client(*mods: Any) -> ClientApp:
    app = ClientApp(mods=list(mods))

    @app.train()
    def train(message: Message, _: Context) -> Message:
        [arrays] = message.content.array_records.values()
        moved = ArrayRecord([array.numpy() + 1 for array in arrays.values()])
        metrics = MetricRecord({"num-examples": 5})
        return Message(RecordDict({"arrays": moved, "metrics": metrics}), reply_to=message)

    @app.evaluate()
    def evaluate(message: Message, _: Context) -> Message:
        [arrays] = message.content.array_records.values()
        right = float(next(iter(arrays.values())).numpy()[0]) / 10
        metrics = MetricRecord({"num-examples": 5, "accuracy": right, "loss": 1 - right})
        return Message(RecordDict({"metrics": metrics}), reply_to=message)

    return app


class Steady(Meter):
    """A meter on which every message takes one gram."""

    def __call__(self, message: Any, context: Any, call_next: Any) -> Any:
        reply = super().__call__(message, context, call_next)
        reply.content[METER]["co2e_g"] = 1.0
        return reply


def run(strategy: Any, app: ClientApp, rounds: int = 3, lost: Any = lambda *_: False, **options: Any) -> Any:
    _take_identity()
    grid = InProcessGrid(app, 4, {}, seed=0, heard=lambda _: None, lost=lost)
    return strategy.start(grid, START, num_rounds=rounds, **options)


def test_a_metered_training_learns_the_same_and_its_ledger_is_a_trace(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    plain = run(FedAvg(), client())
    metered = run(Metered().metered(file, network_g_per_kwh=400), client(meter_mod(active_watts=10, country="DEU")))
    for number in (1, 2, 3):
        same = plain.evaluate_metrics_clientapp[number]["accuracy"]
        assert metered.evaluate_metrics_clientapp[number]["accuracy"] == same
    trace = ledger_trace(file)
    assert trace.status == "ok"
    assert trace.accuracy == pytest.approx([0.1, 0.2, 0.3])
    assert trace.columns["clients"].tolist() == [4, 4, 4]
    assert trace.columns["samples"].tolist() == [20, 20, 20]
    assert (trace.columns["upload_bytes"] > 4 * 16).all()
    entry = read_ledger(file)[0]
    assert len(entry["clients"]) == entry["metered"] == entry["replies"] == 4
    moved = entry["measured"]["download_bytes"] + entry["measured"]["upload_bytes"]
    assert entry["estimated"]["network_co2e_g"] == pytest.approx(moved / 1e9 * 0.05 * 400)


def test_totals_land_in_flowers_result() -> None:
    strategy = Metered().metered()
    result = run(strategy, client(Steady(1, 0, 1, "")))
    totals = [result.evaluate_metrics_clientapp[number]["flopt-co2e-g"] for number in (1, 2, 3)]
    assert totals == [8, 16, 24]  # four clients train and four score
    assert strategy.ledger.total("energy_j") == result.evaluate_metrics_clientapp[3]["flopt-energy-j"]


def test_no_round_begins_that_would_break_the_budget() -> None:
    strategy = Metered().metered(budget_g=20)
    asked: list[int] = []

    def server(number: int, _: Any) -> MetricRecord:
        asked.append(number)
        return MetricRecord({"accuracy": 0.5})

    result = run(strategy, client(Steady(1, 0, 1, "")), rounds=40, evaluate_fn=server)
    assert strategy.budget_spent
    assert strategy.ledger.total("co2e_g") == 16  # a third round would make it 24
    assert sorted(result.evaluate_metrics_clientapp) == [1, 2]
    assert asked == [0, 1, 2]
    assert float(next(iter(result.arrays.values())).numpy()[0]) == 2


def test_a_budget_that_is_enough_changes_nothing() -> None:
    strategy = Metered().metered(budget_g=24)
    assert len(run(strategy, client(Steady(1, 0, 1, ""))).evaluate_metrics_clientapp) == 3
    assert not strategy.budget_spent


def test_clients_without_the_mod_are_told_apart() -> None:
    strategy = Metered().metered()
    run(strategy, client(), rounds=1)
    entry = strategy.ledger.entries[0]
    assert (entry["replies"], entry["metered"]) == (4, 0)


def test_a_client_that_is_lost_is_no_client_without_the_mod() -> None:
    strategy = Metered().metered()
    run(strategy, client(Steady(1, 0, 1, "")), rounds=1, lost=lambda _, place: place == 0)
    entry = strategy.ledger.entries[0]
    assert (entry["replies"], entry["metered"]) == (3, 3)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(FloptError, match="budget_g = -1"):
        Metered().metered(budget_g=-1)


def test_arrays_are_flowers() -> None:
    assert isinstance(next(iter(START.values())), Array)
