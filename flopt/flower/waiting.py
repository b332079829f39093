"""An app that waits for clients who never come: in one process all of them are there from the start."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from flopt.flower.watch import replaced

__all__ = ["no_longer_running", "waiting_ends"]


@contextlib.contextmanager
def waiting_ends(in_vain: Callable[[], None]) -> Iterator[None]:
    """Call `in_vain`, which must raise, where Flower's strategies or legacy servers would wait for more clients."""
    from flwr.serverapp.strategy import strategy_utils

    with contextlib.ExitStack() as undo:
        # Only its loop that waits for nodes sleeps.
        replaced(undo, strategy_utils, "sleep", lambda _seconds: in_vain())
        _legacy_ends(undo, in_vain)
        yield


def _legacy_ends(undo: contextlib.ExitStack, in_vain: Callable[[], None]) -> None:
    """`flwr.server`: its client manager waits for up to a day."""
    try:
        from flwr.server.client_manager import SimpleClientManager
    except ImportError:  # a Flower without it
        return

    def wait_for(self: Any, num_clients: int, timeout: int = 0) -> bool:  # noqa: ARG001
        if self.num_available() < num_clients:  # which takes in whoever is there
            in_vain()
        return True

    replaced(undo, SimpleClientManager, "wait_for", wait_for)


def no_longer_running() -> BaseException:
    """What makes a legacy server's thread that looks for new clients end, as it does when Flower ends a run."""
    try:
        from flwr.server.compat import app_utils
    except ImportError:  # a Flower without legacy servers
        return SystemExit()
    known: BaseException = vars(app_utils).get("RunNotRunningException", SystemExit)()
    return known
