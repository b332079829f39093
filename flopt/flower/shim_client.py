"""A ClientApp around the user's: it tells its partition when asked, and draws what it draws in flopt's own process.

It is imported in the processes that Flower's simulation starts for the clients.
"""

from __future__ import annotations

from typing import Any

from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp

from flopt.flower.components import component
from flopt.flower.engine import one_thread
from flopt.flower.grid import kind_of, round_of
from flopt.flower.randomness import isolated

__all__ = ["PARTITION", "NamedClient", "asks_for_partition", "partition_in"]

PARTITION = "flopt.partition"
"""The record that asks for a client's partition, and the one that answers."""


class NamedClient(ClientApp):
    """The ClientApp at `reference`, as a client of a run with this seed."""

    def __init__(self, reference: str, seed: int) -> None:
        super().__init__()
        self._reference, self._seed = reference, seed
        component(reference)  # what does not load fails where Flower expects it to

    def __call__(self, message: Message, context: Context) -> Message:
        """Answer for the app, or tell the partition."""
        partition = int(context.node_config["partition-id"])
        if PARTITION in message.content:
            return Message(RecordDict({PARTITION: ConfigRecord({"id": partition})}), reply_to=message)
        own: Any = component(self._reference)
        one_thread()
        with isolated(self._seed, kind_of(message), round_of(message), partition):
            reply: Message = own(message, context)
        return reply


def asks_for_partition(node: int) -> Message:
    """The question to one node."""
    return Message(RecordDict({PARTITION: ConfigRecord({"id": -1})}), node, "query")


def partition_in(reply: Message) -> int | None:
    """The answer; None where there is none."""
    if reply.has_error() or PARTITION not in reply.content:
        return None
    return int(reply.content.config_records[PARTITION]["id"])  # type: ignore[arg-type]
