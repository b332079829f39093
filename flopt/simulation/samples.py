"""The samples of an engine for dense layers, laid so in memory that those scored together need no copying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from flopt.simulation.homogeneous import with_one
from flopt.simulation.partition import Indices
from flopt.simulation.products import Products

__all__ = ["Samples"]


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples and labels in an order of their own."""

    x: Tensor
    """Shape (n, columns), rows as `with_one` makes them."""
    targets: Tensor
    """Shape (n, classes): one-hot labels."""
    row: Indices
    """Shape (n,): the row of each sample."""
    products: Products
    """Of the rows with one another."""

    @classmethod
    def of(cls, x: Tensor, y: Tensor, classes: int, together: Sequence[Indices] = ()) -> Samples:
        """Samples `x`, shape (n, ...features), with labels `y`, shape (n,).

        Those named `together`, no sample twice, come first and in this order.
        """
        first = np.concatenate([*together, np.arange(0)])
        order = np.concatenate([first, np.setdiff1d(np.arange(len(x)), first)])
        chosen = torch.from_numpy(order)
        rows = with_one(torch.index_select(x.flatten(1), 0, chosen))
        targets = one_hot(torch.index_select(y, 0, chosen), classes).to(x.dtype)
        return cls(rows, targets, np.argsort(order), Products(rows))

    def taken(self, samples: Indices) -> tuple[Tensor, Tensor]:
        """Copies of these samples and of their labels."""
        # index_select, and not x[rows], which takes five times as long.
        rows = torch.from_numpy(self.row[samples])
        return torch.index_select(self.x, 0, rows), torch.index_select(self.targets, 0, rows)

    def seen(self, samples: Indices) -> Tensor:
        """These samples to read: without copying where they lie together."""
        rows = self.row[samples]
        if len(rows) and (np.diff(rows) == 1).all():
            return self.x[rows[0] : rows[0] + len(rows)]
        return torch.index_select(self.x, 0, torch.from_numpy(rows))
