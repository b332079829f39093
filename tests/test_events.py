from __future__ import annotations

from pathlib import Path

from flopt.flower.events import Events, read_reports
from flopt.flower.exchange import Exchange


def test_what_is_written_is_read_round_by_round_and_what_came_before_training_is_passed_over(tmp_path: Path) -> None:
    exchange = Exchange(2, "train", 0, 100, 50, 0.0, 0.0, 5, True, {"loss": 0.5}, "boom")
    events = Events(tmp_path / "events.jsonl")
    events.heard("server", 0, {"accuracy": 0.1})
    events.exchanged(exchange)
    events.heard("clients", 1, {"accuracy": 0.25, "name": "x"})
    events.heard("clients", 2, {"accuracy": 0.5})
    first, second = read_reports(tmp_path / "events.jsonl")
    assert (first.number, first.metrics, first.exchanges) == (1, {"clients": {"accuracy": 0.25}}, [])
    assert (second.number, second.metrics, second.exchanges) == (2, {"clients": {"accuracy": 0.5}}, [exchange])


def test_a_file_that_is_not_there_tells_of_no_round(tmp_path: Path) -> None:
    assert read_reports(tmp_path / "events.jsonl") == []
