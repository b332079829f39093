"""How the server makes one update of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor

from flopt.errors import FloptError

__all__ = ["weighted_average"]


def weighted_average(updates: Iterable[Sequence[Tensor]], samples: Sequence[int]) -> list[Tensor]:
    """Mean of the clients' updates, tensor by tensor, weighted by their training samples.

    Takes one update after the other, so that they need not all be in memory. FedAvg's rule: McMahan et al.,
    "Communication-efficient learning of deep networks from decentralized data", AISTATS 2017, algorithm 1.
    """
    if not samples or min(samples) < 1:
        raise FloptError(f"average: samples {list(samples)}; one number above 0 for each update")
    total, mean, taken = sum(samples), list[Tensor](), 0
    for taken, update in enumerate(updates, start=1):
        if taken > len(samples):
            break
        share = samples[taken - 1] / total
        if not mean:
            mean = [tensor * share for tensor in update]
            continue
        for accumulated, tensor in zip(mean, update, strict=True):
            accumulated.add_(tensor, alpha=share)
    if taken != len(samples):
        raise FloptError(f"average: samples {list(samples)}; one number above 0 for each update")
    return mean
