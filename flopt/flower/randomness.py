"""The global random numbers of an app: one stream for the server, one for each message of a client."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from flopt.seeds import stream_seed

__all__ = ["isolated", "seeded"]


@contextmanager
def seeded(seed: int, *path: str | int) -> Iterator[None]:
    """Seed `random`, NumPy and, where it is loaded, torch; afterwards they go on as if nothing had been."""
    kept = random.getstate(), np.random.get_state()  # noqa: NPY002  # apps draw from NumPy's global generator
    torch = sys.modules.get("torch")
    kept_torch = torch.get_rng_state() if torch else None
    _seed(stream_seed(seed, "app", *path))
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        if torch:
            torch.set_rng_state(kept_torch)


def isolated(seed: int, kind: str, number: int, node: int):  # type: ignore[no-untyped-def]  # a context manager
    """The stream of one message, as if each client were a process of its own.

    What a client draws then changes neither whom the strategy draws next nor what the next client does, so that plans
    are compared on equal luck.
    """
    return seeded(seed, kind, number, node)


def _seed(number: int) -> None:
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch:
        # torch.manual_seed keeps a stack trace for each absent kind of device, which takes longer than a message.
        torch.default_generator.manual_seed(number)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(number)
