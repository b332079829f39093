"""How the server makes one update of many."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from flopt.errors import FloptError

__all__ = ["weighted_average"]


def weighted_average(updates: Sequence[Sequence[Tensor]], samples: Sequence[int]) -> list[Tensor]:
    """Mean of the clients' updates, tensor by tensor, weighted by their training samples.

    FedAvg's rule: McMahan et al., "Communication-efficient learning of deep networks from decentralized data",
    AISTATS 2017, algorithm 1.
    """
    if not updates or len(updates) != len(samples) or min(samples) < 1:
        raise FloptError(f"average: {len(updates)} updates with samples {list(samples)}; one number above 0 for each")
    total = sum(samples)
    mean = [torch.zeros_like(tensor) for tensor in updates[0]]
    for update, count in zip(updates, samples, strict=True):
        for accumulated, tensor in zip(mean, update, strict=True):
            accumulated.add_(tensor, alpha=count / total)
    return mean
