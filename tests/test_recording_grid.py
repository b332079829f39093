from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flwr")

from flower_apps import EXAMPLE, changed, legacy
from flwr.app import Context, Message, RecordDict

from flopt.compression import NONE
from flopt.flower.app import read_app
from flopt.flower.components import load_components
from flopt.flower.engine import Settings, _take_identity, one_thread, reports
from flopt.flower.events import read_reports
from flopt.flower.grid import InProcessGrid
from flopt.flower.report import Report, scores
from flopt.flower.staging import stage

CLIENTS, SEED = 5, 7


class Scrambled(InProcessGrid):
    """Nodes with numbers as Flower draws them, in any order, whose replies come in any order."""

    def __init__(self, *args: Any, luck: int, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.luck = random.Random(luck)
        contexts = list(self.contexts.values())
        self.luck.shuffle(contexts)
        self.contexts = {self.luck.getrandbits(63): context for context in contexts}

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        replies = list(super().pull_messages(message_ids))
        self.luck.shuffle(replies)
        return replies


def by_a_runtime(folder: Path, values: dict[str, Any], events: Path, luck: int, *, named: bool = True) -> list[Report]:
    """What the staged app records on a grid as Flower's runtime has it."""
    staged = events.with_suffix("")
    stage(read_app(folder), staged, values, events, NONE, SEED, named=named)
    server, client = load_components(read_app(staged))
    grid = Scrambled(client, CLIENTS, values, seed=99, heard=lambda _exchange: None, luck=luck)
    one_thread()
    _take_identity()
    server(grid=grid, context=Context(1, 0, {}, RecordDict(), dict(values)))
    return read_reports(events)


def told(found: list[Report]) -> list[Any]:
    """All that a trace is made of, and who trained."""
    return [
        (scores(each, "accuracy"), [(e.client, e.samples, e.download_bytes, e.upload_bytes) for e in each.trained()])
        for each in found
    ]


@pytest.mark.parametrize("kind", ["message API", "unseeded", "legacy"])
def test_whatever_numbers_and_order_the_runtime_has_a_run_is_bit_for_bit_the_engines(tmp_path: Path, kind: str) -> None:
    if kind == "legacy":
        folder = legacy(tmp_path / "app")
    elif kind == "unseeded":
        folder = changed(tmp_path / "app", "digits_app/task.py", "torch.Generator().manual_seed(seed)", "None")
        server = folder / "digits_app" / "server_app.py"
        text = server.read_text(encoding="utf-8")
        kept = [line for line in text.splitlines() if "seed(" not in line]
        server.write_text("\n".join(kept), encoding="utf-8")
    else:
        folder = EXAMPLE
    app = read_app(folder)
    values = app.run_config.values(app.run_config.plan({"rounds": 3, "client_fraction": 0.6}), SEED)
    own = [each for each in reports(app, Settings(CLIENTS, values, seed=SEED)) if each.number]
    first = by_a_runtime(folder, values, tmp_path / "first.jsonl", 1)
    second = by_a_runtime(folder, values, tmp_path / "second.jsonl", 2)
    assert told(first) == told(second) == told(own)
    assert [len(each.trained()) for each in own] == [3, 3, 3]


def test_clients_without_names_keep_the_runtimes_numbers(tmp_path: Path) -> None:
    app = read_app(EXAMPLE)
    values = app.run_config.values(app.run_config.plan({"rounds": 1}), 0)
    found = by_a_runtime(EXAMPLE, values, tmp_path / "events.jsonl", 1, named=False)
    assert all(each.client > CLIENTS for each in found[0].trained())
