"""Random streams: one root seed, one independent stream for each purpose."""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["stream", "stream_seed"]

_WORD = 2**32 - 1


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """The generator of one purpose, such as `stream(7, "clients", round)`; equal paths give equal draws."""
    return np.random.default_rng(_sequence(seed, path))


def stream_seed(seed: int, *path: str | int) -> int:
    """A 32-bit seed for a library that wants a number."""
    return int(_sequence(seed, path).generate_state(1)[0])


def _sequence(seed: int, path: tuple[str | int, ...]) -> np.random.SeedSequence:
    # crc32 and not hash(): the same on every machine and in every process.
    key = tuple(zlib.crc32(part.encode()) if isinstance(part, str) else part for part in path)
    if key and 0 <= seed <= _WORD and all(0 <= part <= _WORD for part in key):
        # What SeedSequence(entropy=seed, spawn_key=key) makes of them, in a third of its time.
        return np.random.SeedSequence(np.array([seed, 0, 0, 0, *key], dtype=np.uint32))
    return np.random.SeedSequence(entropy=seed, spawn_key=key)
