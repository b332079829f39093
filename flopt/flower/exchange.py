"""One message to a client and its answer: what it cost, and what it said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Exchange", "array_shapes", "content_bytes", "examples", "mean_metrics", "metrics", "shape_of"]

# A reply of a legacy NumPyClient, as Flower's compatibility layer writes it.
_LEGACY = ("fitres", "evaluateres")


@dataclass(frozen=True)
class Exchange:
    """A message that an app's server sent in a round, and what came of it."""

    round: int
    kind: str
    """`train`, `evaluate` or `query`."""
    client: int
    """Counted from 0: the partition."""
    download_bytes: int
    """Of the records sent, as Flower counts them; headers of the transport excluded."""
    upload_bytes: int
    """Of the records that came back; 0 for a client that was lost."""
    wall_s: float
    cpu_s: float
    samples: int
    """What the client says that it trained or scored on."""
    lost: bool
    """Whether the client's answer was lost: by the fleet, or under `flwr run` because the client failed."""
    metrics: Mapping[str, float]
    reason: str = ""
    """Why it failed."""


def content_bytes(message: Any) -> int:
    """Bytes of all records of a message; 0 for an error."""
    return 0 if message.has_error() else sum(int(record.count_bytes()) for record in message.content.values())


def array_shapes(message: Any) -> tuple[tuple[int, ...], ...]:
    """Shapes of the tensors that a message carries, in their order; those without an entry left out."""
    arrays = [array for record in message.content.array_records.values() for array in record.values()]
    shapes = [shape_of(array) for array in arrays]
    return tuple(shape for shape in shapes if 0 not in shape)


def shape_of(array: Any) -> tuple[int, ...]:
    """The shape of one of Flower's arrays; the arrays of legacy apps hide it in their data."""
    return tuple(map(int, array.shape)) or tuple(map(int, array.numpy().shape))


def examples(message: Any) -> int:
    """What a reply says that it trained or scored on; 0 where it does not say."""
    for record in message.content.metric_records.values():
        for key in ("num-examples", "num_examples"):
            if key in record:
                return int(record[key])
    return 0


def metrics(message: Any) -> dict[str, float]:
    """The plain numbers that a reply reports, by name."""
    found: dict[str, float] = {}
    records = {**message.content.metric_records, **message.content.config_records}
    for name, record in records.items():
        legacy, _, part = str(name).partition(".")
        if name not in message.content.metric_records and (legacy not in _LEGACY or part != "metrics"):
            continue
        found |= {key: float(value) for key, value in record.items() if _is_number(value) and "num" not in key[:3]}
    return found


def mean_metrics(exchanges: Iterable[Exchange]) -> dict[str, float]:
    """Means over clients, weighted by samples; of what all of them report."""
    heard = [each for each in exchanges if not each.lost]
    total = sum(each.samples for each in heard)
    names = set.intersection(*(set(each.metrics) for each in heard)) if heard and total else set()
    return {name: sum(each.metrics[name] * each.samples for each in heard) / total for name in sorted(names)}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
