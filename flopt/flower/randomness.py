"""The global random numbers of an app: one stream for the server, one for each message of a client."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import numpy as np

from flopt.flower.watch import replaced
from flopt.seeds import stream_seed

__all__ = ["isolated", "seeded", "undisturbed"]


@contextmanager
def seeded(seed: int, *path: str | int) -> Iterator[None]:
    """Seed `random`, NumPy and torch; afterwards they go on as if nothing had been.

    torch is loaded for it, whether the app uses it or not: a process that has run an app with torch before must not
    give other numbers than a fresh one.
    """
    import torch

    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002  # apps draw from NumPy's own
    _seed(stream_seed(seed, "app", *path))
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        torch.set_rng_state(kept[2])


def isolated(seed: int, kind: str, number: int, client: int) -> AbstractContextManager[None]:
    """The stream of one message (`train`, `evaluate`, `query`) of a round, as if each client were a process of its own.

    What a client draws then changes neither whom the strategy draws next nor what the next client does, so that plans
    are compared on equal luck.
    """
    return seeded(seed, kind, number, client)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Python's global generator is this thread's alone; the others draw from one of their own.

    Under `flwr run` the server's process is also that of heartbeats, polls and Ray, and each of their pauses would
    change whom a strategy draws next, whatever the app has seeded.
    """
    mine, others = threading.get_ident(), random.Random()
    with ExitStack() as undo:
        for name, method in list(vars(random).items()):  # its functions are the methods of one hidden generator
            if isinstance(getattr(method, "__self__", None), random.Random):
                replaced(undo, random, name, _by_thread(mine, method, getattr(others, name)))
        yield


def _by_thread(mine: int, method: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    def drawn(*args: Any, **options: Any) -> Any:  # whatever the method takes
        return (method if threading.get_ident() == mine else other)(*args, **options)

    return drawn


def _seed(number: int) -> None:
    import torch

    random.seed(number)
    np.random.seed(number)  # noqa: NPY002
    # torch.manual_seed keeps a stack trace for each absent kind of device, which takes longer than a message.
    torch.default_generator.manual_seed(number)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(number)
