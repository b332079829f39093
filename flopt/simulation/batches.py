"""The batch plan of a client: which samples make each step of its local training."""

from __future__ import annotations

import numpy as np

from flopt.simulation.partition import Indices

__all__ = ["batches"]


def batches(samples: Indices, *, epochs: int, size: int, random: np.random.Generator, steps: int = 0) -> list[Indices]:
    """Batches of all local epochs of one client in one round, reshuffled every epoch; an epoch's last may be short.

    With `steps`, that many batches instead, all of `size` samples: the epochs then follow one another without a
    seam. With a stream of its own for each round and client they depend on nothing else: neither on who else takes
    part, nor on the model, nor on how many epochs, steps or rounds follow. Two plans are then compared on the same
    draws.
    """
    if steps:
        passes = -(-steps * size // len(samples))
        order = np.concatenate([samples[random.permutation(len(samples))] for _ in range(passes)])
        return _cut(order[: steps * size], size)
    return [batch for _ in range(epochs) for batch in _cut(samples[random.permutation(len(samples))], size)]


def _cut(samples: Indices, size: int) -> list[Indices]:
    return [samples[start : start + size] for start in range(0, len(samples), size)]
