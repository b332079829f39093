"""A trace as the journal keeps it: its head in plain words, its columns packed, every bit of them."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from flopt.errors import FloptError
from flopt.trace import COLUMNS, Trace

__all__ = ["pack", "unpack"]

_PACKING = "zlib1"
"""Columns one after the other as little-endian doubles, their bytes sorted by significance, deflated, in base64."""
_HEAD = ("seed", "participation", "status", "reason")
_MOST_ROUNDS = 1_000_000
_FAST = 1
"""Level of compression: the higher ones save a few bytes in a hundred and take several times as long."""


def pack(trace: Trace) -> dict[str, Any]:
    """The trace as plain values, a quarter as long as `Trace.to_json` makes them; columns of NaN are left out."""
    names = [name for name in COLUMNS if not np.isnan(trace.columns[name]).all()]
    table = np.array([trace.columns[name] for name in names], dtype="<f8")
    ordered = table.view(np.uint8).reshape(-1, 8).T  # signs and exponents side by side: they hardly differ
    packed = base64.b64encode(zlib.compress(ordered.tobytes(), _FAST)).decode()
    head = {name: getattr(trace, name) for name in _HEAD}
    return {**head, "rounds": len(trace), "columns": names, _PACKING: packed}


def unpack(stored: Mapping[str, Any]) -> Trace:
    """Read back what `pack` wrote, or what versions before it wrote in full."""
    if not isinstance(stored, Mapping) or _PACKING not in stored:
        return Trace.from_json(stored)
    try:
        rounds, names = stored["rounds"], stored["columns"]
        if not 0 <= rounds <= _MOST_ROUNDS or not set(names) <= set(COLUMNS):
            raise ValueError(f"{rounds} rounds of {names}")
        size = rounds * len(names) * 8
        inflate = zlib.decompressobj()
        content = inflate.decompress(base64.b64decode(stored[_PACKING], validate=True), size + 1)  # never a bomb
        if len(content) != size:
            raise ValueError(f"{size} bytes expected")
        ordered = np.frombuffer(content, dtype=np.uint8).reshape(8, -1)
        table = np.ascontiguousarray(ordered.T).view("<f8").reshape(len(names), rounds).astype(np.float64)
        columns = dict.fromkeys(COLUMNS, np.full(rounds, np.nan)) | dict(zip(names, table, strict=True))
        return Trace(columns, *(stored[name] for name in _HEAD))
    except (KeyError, TypeError, ValueError, zlib.error, binascii.Error) as error:
        raise FloptError(f"trace: not one of flopt's ({type(error).__name__}: {error})") from None
