"""The grid of Flower's own runtime, as the app sees it: its traffic counted, its nodes numbered by partition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flwr.app import Message
from flwr.serverapp import Grid

from flopt.flower.exchange import Exchange, content_bytes, examples, metrics
from flopt.flower.grid import kind_of, round_of
from flopt.flower.shim_client import asks_for_partition, partition_in

__all__ = ["RecordingGrid"]

Squeeze = Callable[[Message, Message, int, int], int]


class RecordingGrid(Grid):
    """The runtime's grid, for an app that need not know it; `heard` gets every exchange.

    Flower draws node numbers anew in every run, and hands replies over as they come: whom a strategy draws, and the
    order in which it adds up, differ from run to run. With `named` clients (`NamedClient`) node p + 1 is the client of
    partition p and replies have the order of the messages, as in flopt's own process. `squeeze` changes a train reply
    as a lossy uplink does and gives its bytes.
    """

    def __init__(
        self, grid: Grid, heard: Callable[[Exchange], None], *, named: bool, squeeze: Squeeze | None = None
    ) -> None:
        self._grid, self._heard, self._named, self._squeeze = grid, heard, named, squeeze
        self._name: dict[int, int] = {}
        """The runtime's number of a node -> the app's."""
        self._sent: dict[int, Message] = {}
        """Node -> the last message to it, those of the last push in their order at the end."""

    def set_run(self, run: Any) -> None:
        """Take the run that the grid belongs to."""
        self._grid.set_run(run)

    @property
    def run(self) -> Any:
        """The run that the grid belongs to."""
        return self._grid.run

    def create_message(
        self, content: Any, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """A message to one client."""
        return self._grid.create_message(content, message_type, dst_node_id, group_id, ttl)

    def get_node_ids(self) -> Iterable[int]:
        """The clients that are there."""
        nodes = list(self._grid.get_node_ids())
        unknown = [node for node in nodes if node not in self._name]
        if self._named and unknown:
            for reply in self._grid.send_and_receive([asks_for_partition(node) for node in unknown]):
                partition = partition_in(reply)
                if partition is not None:
                    self._name[reply.metadata.src_node_id] = partition + 1
        names = [self._name.setdefault(node, node) for node in nodes]
        return sorted(names) if self._named else names

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Send messages; gives their ids."""
        asked = self._noted(messages)
        numbers = list(self._grid.push_messages(self._addressed(asked)))
        self._renamed(asked)
        return numbers

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """The answers that have come."""
        return self._received(self._grid.pull_messages(message_ids))

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        """Send messages, and wait for the answers."""
        asked = self._noted(messages)
        replies = list(self._grid.send_and_receive(self._addressed(asked), timeout=timeout))
        self._renamed(asked)
        return self._received(replies)

    def _noted(self, messages: Iterable[Message]) -> list[Message]:
        asked = list(messages)
        for message in asked:
            self._sent.pop(message.metadata.dst_node_id, None)
            self._sent[message.metadata.dst_node_id] = message
        return asked

    def _addressed(self, asked: list[Message]) -> list[Message]:
        """The messages under the runtime's numbers."""
        node_of = {name: node for node, name in self._name.items()}
        for message in asked:
            message.metadata.dst_node_id = node_of.get(message.metadata.dst_node_id, message.metadata.dst_node_id)
        return asked

    def _renamed(self, asked: list[Message]) -> None:
        """The messages under the app's numbers again."""
        for message in asked:
            message.metadata.dst_node_id = self._name.get(message.metadata.dst_node_id, message.metadata.dst_node_id)

    def _received(self, replies: Iterable[Message]) -> list[Message]:
        answers = list(replies)
        for reply in answers:
            node = reply.metadata.src_node_id
            reply.metadata.__dict__["_src_node_id"] = self._name.get(node, node)
        if self._named:
            place = {name: number for number, name in enumerate(self._sent)}
            answers.sort(key=lambda reply: place.get(reply.metadata.src_node_id, -1))
        for reply in answers:
            message = self._sent.get(reply.metadata.src_node_id)
            if message is not None:
                self._heard(self._exchange(message, reply))
        return answers

    def _exchange(self, message: Message, reply: Message) -> Exchange:
        node, kind, lost = reply.metadata.src_node_id, kind_of(message), reply.has_error()
        client = node - 1 if self._named else node
        sent, received = content_bytes(message), content_bytes(reply)
        if self._squeeze is not None and kind == "train" and not lost:
            received = self._squeeze(message, reply, client, round_of(message))
        return Exchange(
            round=round_of(message),
            kind=kind,
            client=client,
            download_bytes=sent,
            upload_bytes=received,
            wall_s=0.0,
            cpu_s=0.0,
            samples=0 if lost else examples(reply),
            lost=lost,
            metrics={} if lost else metrics(reply),
            reason=" ".join((reply.error.reason or "").split()) if lost else "",
        )
