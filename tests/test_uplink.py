from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("flwr")

from flwr.app import Array, ArrayRecord, Message, RecordDict
from test_exchange import message

from flopt.compression import Compression
from flopt.flower.exchange import content_bytes
from flopt.flower.uplink import Uplink


def pair(start: list[float], end: list[float], name: str = "w") -> tuple[Message, Message]:
    def record(key: str, values: list[float]) -> RecordDict:
        whole = Array(np.arange(3))
        return RecordDict({"arrays": ArrayRecord({key: Array(np.array(values, np.float32)), "count": whole})})

    sent = message(dict(record("w", start)))
    return sent, Message(record(name, end), reply_to=sent)


def test_only_the_largest_changes_arrive_and_the_rest_comes_next_time() -> None:
    uplink = Uplink(Compression("topk", 0.25), 0)
    sent, reply = pair([1, 1, 1, 1], [1, 3, 1, 2])
    before = content_bytes(reply)
    size = len(reply.content.array_records["arrays"]["w"].data)
    assert uplink.squeeze(sent, reply, 0, 1) == before - size + Compression("topk", 0.25).wire_bytes([(4,)])
    assert reply.content.array_records["arrays"]["w"].numpy().tolist() == [1, 3, 1, 1]
    assert reply.content.array_records["arrays"]["count"].numpy().tolist() == [0, 1, 2]
    sent, reply = pair([1, 3, 1, 1], [1, 3, 1, 1])
    uplink.squeeze(sent, reply, 0, 2)
    assert reply.content.array_records["arrays"]["w"].numpy().tolist() == [
        1,
        3,
        1,
        2,
    ]  # what the first message left out


def test_arrays_of_other_names_are_squeezed_themselves() -> None:
    sent, reply = pair([9, 9, 9, 9], [1, 3, 1, 2], "delta")
    Uplink(Compression("topk", 0.25), 0).squeeze(sent, reply, 0, 1)
    assert reply.content.array_records["arrays"]["delta"].numpy().tolist() == [0, 3, 0, 0]
