"""The file through which a run under Flower's own runtime tells flopt how it went, one JSON line for each event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flopt.flower.exchange import Exchange
from flopt.flower.report import Report

__all__ = ["Events", "read_reports"]


class Events:
    """The file as the run's server writes it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def heard(self, source: str, number: int, values: Mapping[str, Any]) -> None:
        """What a strategy made of a round's replies; what is no number is passed over."""
        numbers = {k: v for k, v in values.items() if isinstance(v, int | float)}
        self._write({"round": number, "source": source, "metrics": numbers})

    def exchanged(self, exchange: Exchange) -> None:
        """A message and its answer."""
        self._write({"round": exchange.round, "exchange": asdict(exchange)})

    def _write(self, event: Mapping[str, Any]) -> None:
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(event) + "\n")


def read_reports(events: Path) -> list[Report]:
    """The rounds that a file of events tells of, from round 1 on."""
    found: dict[int, Report] = {}
    for line in events.read_text(encoding="utf-8").splitlines() if events.is_file() else ():
        event = json.loads(line)
        report = found.setdefault(event["round"], Report(event["round"]))
        if "metrics" in event:
            report.hear(event["source"], event["metrics"])
        else:
            report.exchanges.append(Exchange(**event["exchange"]))
    return [found[number] for number in sorted(found) if number > 0]
