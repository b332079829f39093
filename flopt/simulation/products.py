"""Inner products of a client's samples, which stay the same over its rounds and over all runs."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor

from flopt.simulation.partition import Indices

__all__ = ["MOST_BYTES", "Products"]

MOST_BYTES = 2**25
"""Bytes of products that are kept, so that a large population fills no memory."""


class Products:
    """The products of samples with one another, found once for each set of samples and kept while there is room.

    They are found from a copy of the samples that always lies the same way in memory, so that what is kept and what is
    found anew are equal bit by bit.
    """

    def __init__(self, x: Tensor, most_bytes: int = MOST_BYTES) -> None:
        self._x = x
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[bytes, Tensor] = OrderedDict()

    def of(self, rows: Indices) -> Tensor:
        """Shape (rows, rows), for rows of the data in ascending order; not to be changed."""
        key = rows.tobytes()
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        own = torch.index_select(self._x, 0, torch.from_numpy(rows))
        found = torch.mm(own, own.t())
        self._kept[key] = found
        self._bytes += found.nbytes
        while self._bytes > self._most_bytes:  # those that have waited longest
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return found
