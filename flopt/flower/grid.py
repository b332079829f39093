"""A Flower grid without a network: the ServerApp's messages are answered by the ClientApp at once, in this process."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from flwr.app import ArrayRecord, Context, Error, Message, RecordDict
from flwr.serverapp import Grid

from flopt.flower.exchange import Exchange, content_bytes, examples, metrics
from flopt.flower.pace import Stop
from flopt.flower.randomness import isolated
from flopt.flower.waiting import no_longer_running

__all__ = ["ClientFailed", "InProcessGrid"]

WAITS = 100
"""How often a strategy may ask for clients without sending anything, before it is said to wait for ever."""


class ClientFailed(Stop):
    """A ClientApp raised: the run has failed, whatever the strategy would make of it."""


class InProcessGrid(Grid):
    """Flower's public interface of a grid, over clients that are function calls.

    `lost` says whether the fleet loses the client that was asked at this place (from 0) to train in a round (from 1);
    `squeeze` changes a train reply as a lossy uplink does and gives its bytes; `heard` gets every exchange.
    """

    def __init__(
        self,
        client_app: Callable[[Message, Context], Message],
        clients: int,
        run_config: dict[str, Any],
        *,
        seed: int,
        heard: Callable[[Exchange], None],
        lost: Callable[[int, int], bool] = lambda _round, _place: False,
        squeeze: Callable[[Message, Message, int, int], int] | None = None,
        before_train: Callable[[int, list[Message]], None] = lambda _round, _messages: None,
    ) -> None:
        self._client_app, self._seed, self._heard, self._lost = client_app, seed, heard, lost
        self._squeeze, self._before_train = squeeze, before_train
        self._replies: dict[str, Message] = {}
        self._asked_for_nodes, self._server = 0, threading.get_ident()
        self._round, self._asked = 0, 0
        self._turn = threading.RLock()  # legacy servers talk to several clients at a time
        self.stopped: BaseException | None = None
        self._run: Any = SimpleNamespace(run_id=1)  # legacy servers read grid.run.run_id
        self.contexts = {
            client + 1: Context(
                run_id=1,
                node_id=client + 1,
                node_config={"partition-id": client, "num-partitions": clients},
                state=RecordDict(),
                run_config=dict(run_config),
            )
            for client in range(clients)
        }

    def set_run(self, run: Any) -> None:
        """Take the run that the grid belongs to."""
        self._run = run

    @property
    def run(self) -> Any:
        """The run that the grid belongs to."""
        return self._run

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """A message to one client."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> Iterable[int]:
        """The clients, all of them always there."""
        if threading.get_ident() != self._server:  # a legacy server has a thread that looks for new clients all day
            if self.stopped is not None:
                raise no_longer_running()
            return list(self.contexts)
        self._check()
        self._asked_for_nodes += 1
        if self._asked_for_nodes > WAITS:
            self.wait_in_vain()
        return list(self.contexts)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Have every message answered, one after the other."""
        with self._turn:
            self._check()
            self._asked_for_nodes = 0
            asked = list(messages)
            if asked and kind_of(asked[0]) == "train":
                self._begin(asked)
            return [self._answered(message) for message in asked]

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """The answers, each once."""
        self._check()
        return [self._replies.pop(each) for each in list(message_ids) if each in self._replies]

    def send_and_receive(
        self,
        messages: Iterable[Message],
        *,
        timeout: float | None = None,  # noqa: ARG002
    ) -> Iterable[Message]:
        """Both at once; no answer is ever late, so `timeout` means nothing."""
        return self.pull_messages(self.push_messages(messages))

    def wait_in_vain(self) -> None:
        """End the run of an app that waits for clients who are not there."""
        self.stop(ClientFailed(f"the app waits for more than the {len(self.contexts)} clients of task.clients"))

    def close(self) -> None:
        """The run is over: a legacy server's thread that still looks for new clients ends."""
        self.stopped = self.stopped or Stop("closed")

    def stop(self, reason: BaseException) -> None:
        """End the run: this and every later call raises, which no `except Exception` of the app hides."""
        self.stopped = self.stopped or reason
        raise self.stopped

    def _check(self) -> None:
        if self.stopped is not None:
            raise self.stopped

    def _begin(self, asked: list[Message]) -> None:
        """Training begins; a legacy server sends the messages of a round one by one."""
        number = round_of(asked[0]) or self._round + 1
        if number != self._round:
            self._round, self._asked = number, 0
        self._before_train(number, asked)

    def _answered(self, message: Message) -> str:
        lost = False
        if kind_of(message) == "train":
            lost = self._lost(self._round, self._asked)
            self._asked += 1
        place = str(uuid.uuid4())
        message.metadata.__dict__["_message_id"] = place  # what Flower's own grids do
        self._replies[place] = self._lose(message) if lost else self._ask(message)
        return place

    def _lose(self, message: Message) -> Message:
        self._tell(message, None, content_bytes(message), 0, 0.0, 0.0)
        return Message(Error(code=0, reason="flopt: the fleet lost this client"), reply_to=message)

    def _ask(self, message: Message) -> Message:
        sent = content_bytes(message)
        wall, cpu = time.perf_counter(), time.process_time()
        reply = self.call(message)
        took = time.perf_counter() - wall, time.process_time() - cpu
        reply.metadata.__dict__["_message_id"] = str(uuid.uuid4())
        received = content_bytes(reply)
        if self._squeeze is not None and kind_of(message) == "train":
            received = self._squeeze(message, reply, message.metadata.dst_node_id - 1, self._round)
        self._tell(message, reply, sent, received, *took)
        return reply

    def call(self, message: Message) -> Message:
        """The ClientApp's own answer."""
        node = message.metadata.dst_node_id
        # A strategy sends all clients one and the same content: what one of them changes, no other may see.
        own = {k: v if isinstance(v, ArrayRecord) else v.copy() for k, v in message.content.items()}
        try:
            with isolated(self._seed, kind_of(message), self._round, node - 1):
                copy = Message(RecordDict(own), metadata=message.metadata)  # type: ignore[call-overload]  # undeclared
                reply: Message = self._client_app(copy, self.contexts[node])
        except Stop:
            raise
        except BaseException as error:
            self.stop(ClientFailed(_failure(message, error)).with_traceback(error.__traceback__))
        if reply.has_error():
            self.stop(ClientFailed(_failure(message, RuntimeError(reply.error.reason))))
        return reply

    def _tell(self, message: Message, reply: Message | None, down: int, up: int, wall_s: float, cpu_s: float) -> None:
        self._heard(
            Exchange(
                round=self._round,
                kind=kind_of(message),
                client=message.metadata.dst_node_id - 1,
                download_bytes=down,
                upload_bytes=up,
                wall_s=wall_s,
                cpu_s=cpu_s,
                samples=examples(reply) if reply is not None else 0,
                lost=reply is None,
                metrics=metrics(reply) if reply is not None else {},
            )
        )


def kind_of(message: Message) -> str:
    """`train`, `evaluate` or `query`; the part after a dot is the app's own name for it."""
    return str(message.metadata.message_type).partition(".")[0]


def round_of(message: Message) -> int:
    """The round that a message belongs to; 0 where it does not say."""
    for record in message.content.config_records.values():
        number = record.get("server-round")
        if isinstance(number, int):
            return number
    group = str(message.metadata.group_id)
    return int(group) if group.isdigit() else 0


def _failure(message: Message, error: BaseException) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"client {message.metadata.dst_node_id - 1}, {kind_of(message)}: {what}"
