"""A ServerApp around the user's: what its clients answered and what its strategy made of it goes into a file.

It is imported in the process that `flwr run` starts for the server; the app's clients run as they are.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flwr.app import Context, Message
from flwr.serverapp import Grid, ServerApp

from flopt.compression import NONE, Compression
from flopt.flower.exchange import Exchange, content_bytes, examples, metrics
from flopt.flower.grid import kind_of, round_of
from flopt.flower.report import Report
from flopt.flower.watch import watched

__all__ = ["read_reports", "served"]


def served(reference: str, events: str, uplink: str, seed: int) -> ServerApp:
    """The ServerApp at `reference`, recorded in the file `events`, its clients' replies squeezed as `uplink` says."""
    app = ServerApp()

    @app.main()
    def main(grid: Grid, context: Context) -> None:
        module, _, name = reference.partition(":")
        own: Any = importlib.import_module(module)
        for part in name.split("."):
            own = getattr(own, part)
        book = _Book(Path(events))
        with watched(book.heard, quiet=False):
            own(grid=_RecordingGrid(grid, book, Compression.parse(uplink), seed), context=context)

    return app


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


class _Book:
    """The file, one JSON line for each event."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def heard(self, source: str, number: int, values: Mapping[str, Any]) -> None:
        numbers = {k: v for k, v in values.items() if isinstance(v, int | float)}
        self._write({"round": number, "source": source, "metrics": numbers})

    def exchanged(self, exchange: Exchange) -> None:
        self._write({"round": exchange.round, "exchange": asdict(exchange)})

    def _write(self, event: Mapping[str, Any]) -> None:
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(event) + "\n")


class _RecordingGrid(Grid):
    """The runtime's own grid, its traffic counted at the server."""

    def __init__(self, grid: Grid, book: _Book, uplink: Compression, seed: int) -> None:
        self._grid, self._book = grid, book
        self._sent: dict[int, Message] = {}
        self._uplink: Any = None
        if uplink != NONE:
            from flopt.flower.uplink import Uplink

            self._uplink = Uplink(uplink, seed)

    def set_run(self, run: Any) -> None:
        self._grid.set_run(run)

    @property
    def run(self) -> Any:
        return self._grid.run

    def create_message(
        self, content: Any, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        return self._grid.create_message(content, message_type, dst_node_id, group_id, ttl)

    def get_node_ids(self) -> Iterable[int]:
        return self._grid.get_node_ids()

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        return self._grid.push_messages(self._noted(messages))

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        return self._heard(self._grid.pull_messages(message_ids))

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        return self._heard(self._grid.send_and_receive(self._noted(messages), timeout=timeout))

    def _noted(self, messages: Iterable[Message]) -> list[Message]:
        asked = list(messages)
        self._sent |= {message.metadata.dst_node_id: message for message in asked}
        return asked

    def _heard(self, replies: Iterable[Message]) -> list[Message]:
        answers = list(replies)
        for reply in answers:
            message = self._sent.get(reply.metadata.src_node_id)
            if message is not None:
                self._book.exchanged(self._exchange(message, reply))
        return answers

    def _exchange(self, message: Message, reply: Message) -> Exchange:
        node, kind, lost = reply.metadata.src_node_id, kind_of(message), reply.has_error()
        received = content_bytes(reply)
        if self._uplink is not None and kind == "train" and not lost:
            received = self._uplink.squeeze(message, reply, node, round_of(message))
        return Exchange(
            round=round_of(message),
            kind=kind,
            client=node,
            download_bytes=content_bytes(message),
            upload_bytes=received,
            wall_s=0.0,
            cpu_s=0.0,
            samples=0 if lost else examples(reply),
            lost=lost,
            metrics={} if lost else metrics(reply),
        )
