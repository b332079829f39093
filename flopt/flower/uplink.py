"""A lossy uplink for an app that knows nothing of it: what comes back from a client is squeezed on its way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from flwr.app import Array, ArrayRecord, Message
from torch import Tensor

from flopt.compression import Compression
from flopt.flower.exchange import content_bytes, shape_of
from flopt.seeds import stream_seed
from flopt.simulation.feedback import ErrorFeedback

__all__ = ["Uplink"]


class Uplink:
    """The uplinks of all clients of a run, with what each of them left out of its last message.

    What is squeezed is the update: the arrays that come back less those that were sent, where both have the same names
    and shapes; else the arrays themselves. Entries that are no floating-point numbers travel as they are.
    """

    def __init__(self, compression: Compression, seed: int) -> None:
        self._compression, self._seed = compression, seed
        self._feedback = ErrorFeedback(compression)

    def squeeze(self, message: Message, reply: Message, client: int, number: int) -> int:
        """Change a reply to what the server gets of it; returns the bytes that this takes on the wire."""
        bytes_ = content_bytes(reply)
        for name, record in reply.content.array_records.items():
            start = _start(message, record)
            update = {
                key: torch.from_numpy(value - start[key] if start else value)
                for key, value in _floats(record).items()
                if value.size
            }
            if not update:
                continue
            seed = stream_seed(self._seed, "uplink", client, number)
            got = dict(zip(update, self._feedback.send(client, list(update.values()), seed), strict=True))
            bytes_ -= sum(len(record[key].data) for key in update)
            bytes_ += self._compression.wire_bytes([tuple(tensor.shape) for tensor in update.values()])
            reply.content[name] = _changed(record, got, start)
        return bytes_


def _floats(record: Mapping[str, Array]) -> dict[str, Any]:
    arrays = {key: array.numpy() for key, array in record.items()}
    return {key: value.astype(np.float32) for key, value in arrays.items() if np.issubdtype(value.dtype, np.floating)}


def _start(message: Message, record: Mapping[str, Array]) -> dict[str, Any]:
    """The arrays that the client was sent, if they are the same ones that it sends back."""
    for sent in message.content.array_records.values():
        if {k: shape_of(v) for k, v in sent.items()} == {k: shape_of(v) for k, v in record.items()}:
            return _floats(sent)
    return {}


def _changed(record: Mapping[str, Array], got: Mapping[str, Tensor], start: Mapping[str, Any]) -> ArrayRecord:
    arrays = {}
    for key, array in record.items():
        if key in got:
            value = got[key].numpy() + (start[key] if start else 0)
            arrays[key] = Array(np.asarray(value, dtype=array.numpy().dtype))
        else:
            arrays[key] = array
    return ArrayRecord(arrays)
