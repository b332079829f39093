"""Dask as an executor: each task once, because flopt itself begins a lost run again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from flopt.errors import FloptError
from flopt.search.executors.elsewhere import UNWANTED

__all__ = ["dask_executor"]

CONNECT_WITHIN_S = 30


class _Dask(Executor):
    """The executor of a client, which is closed with it; the cluster goes on."""

    def __init__(self, address: str) -> None:
        import distributed

        client: Any = distributed.Client  # it has no types
        self._client = client(address, timeout=CONNECT_WITHIN_S, set_as_default=False)
        # Equal calls are different runs: without `pure=False` the second one would get the result of the first.
        self._inner = self._client.get_executor(pure=False, retries=0)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a worker of the cluster do `fn(*args)`."""
        future: Future[Any] = self._inner.submit(_watched, fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Leave the cluster; closing the client cancels what is left."""
        self._inner.shutdown(wait=wait)
        self._client.close()


def _watched(function: Callable[..., Any], *arguments: Any) -> Any:
    """Do a task, which may ask meanwhile whether its driver still wants it: one that is killed does not either."""
    import distributed

    worker: Any = distributed.get_worker()
    key = worker.get_current_task()

    def unwanted() -> bool:
        # Dask ends no thread: a task that is cancelled while it is done is only marked, and its result dropped.
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    UNWANTED.set(unwanted)
    return function(*arguments)


def dask_executor(executor: str) -> Executor:
    """`dask://host:port`, the address of a scheduler."""
    try:
        return _Dask(f"tcp://{executor.removeprefix('dask://')}")
    except ImportError as error:
        raise FloptError(f"executor = {executor!r}: {error}; pip install 'flopt-carbon[dask]'") from None
    except (OSError, ValueError) as error:
        raise FloptError(f"executor = {executor!r}: {' '.join(str(error).split())[:300]}") from None
