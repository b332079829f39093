"""Threads: how many the driver's own linear algebra may take."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits

__all__ = ["one_thread"]


def one_thread() -> AbstractContextManager[Any]:
    """Within it, BLAS and OpenMP libraries of this process that are loaded take one thread each.

    The other cores are the workers', and the matrices of a proposal are too small to gain by a second thread: the two
    would wait for one another, each on a core that a worker wants. And a sum's last bits depend on who adds what.
    """
    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits
