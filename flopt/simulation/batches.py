"""The batch plan of a client: which samples make each step of its local training."""

from __future__ import annotations

from flopt.seeds import stream
from flopt.simulation.partition import Indices

__all__ = ["batches"]


def batches(samples: Indices, *, seed: int, round_index: int, client: int, epochs: int, size: int) -> list[Indices]:
    """Batches of all local epochs of one client in one round, reshuffled every epoch; an epoch's last may be short.

    They depend on nothing else: neither on who else takes part, nor on the model, nor on how many epochs or rounds
    follow, so that two plans are compared on the same draws (common random numbers).
    """
    random = stream(seed, "batches", round_index, client)
    return [batch for _ in range(epochs) for batch in _cut(samples[random.permutation(len(samples))], size)]


def _cut(samples: Indices, size: int) -> list[Indices]:
    return [samples[start : start + size] for start in range(0, len(samples), size)]
