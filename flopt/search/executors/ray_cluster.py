"""Ray as an executor: each task once, because flopt itself begins a lost run again."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from flopt.errors import FloptError

__all__ = ["ray_executor"]


class _Ray(Executor):
    """Tasks of one CPU each. A cluster that this process was connected to before stays connected."""

    def __init__(self, address: str | None) -> None:
        import ray

        self._ray = ray
        self._ours = not ray.is_initialized()
        if self._ours:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster begun here tells nobody of it
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        self._task = ray.remote(num_cpus=1, max_retries=0)(_call)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a worker of the cluster do `fn(*args)`."""
        reference = self._task.remote(fn, args, kwargs)
        future: Future[Any] = reference.future()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Leave the cluster: one that `ray.init` started for this process ends, any other goes on."""
        if self._ours:
            self._ray.shutdown()


def ray_executor(executor: str) -> Executor:
    """`ray`: the cluster of this machine, else a new one for this search; `ray://host:port`: a Ray client's server."""
    try:
        return _Ray(None if executor == "ray" else executor)
    except ImportError as error:
        raise FloptError(f"executor = {executor!r}: {error}; pip install 'flopt-carbon[ray]'") from None
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise FloptError(f"executor = {executor!r}: {' '.join(str(error).split())[:300]}") from None


def _call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return function(*args, **kwargs)
