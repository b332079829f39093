"""An app that runs to its own end, turned into a generator: it works in a thread, and halts wherever it hands over."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

__all__ = ["Stop", "Turns", "paced"]

T = TypeVar("T")


class Stop(SystemExit):
    """Ends an app: not an `Exception`, so no user's `except Exception` hides it."""


class Turns(Generic[T]):
    """Two threads that never run at the same time: the app's, and that of whoever iterates."""

    def __init__(self) -> None:
        self._items: SimpleQueue[tuple[T, bool] | BaseException | None] = SimpleQueue()
        self._go = threading.Semaphore(0)
        self._closed = False

    def give(self, item: T) -> None:
        """Hand over an item and wait to be asked for the next; raises `Stop` where there is no next."""
        if self._closed:
            raise Stop("closed")
        self._items.put((item, True))
        self._go.acquire()
        if self._closed:
            raise Stop("closed")

    def work(self, app: Callable[[Turns[T]], None]) -> None:
        """The thread of the app."""
        try:
            app(self)
            self._items.put(None)
        except BaseException as error:  # handed to whoever iterates
            self._items.put(error)

    def items(self) -> Iterator[T]:
        """Every item, until the app ends; what the app raises is raised here."""
        while True:
            # What an app prints is no data of flopt's; here the iterating thread only waits.
            with contextlib.redirect_stdout(sys.stderr):
                item = self._items.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item[0]
            self._go.release()

    def close(self) -> None:
        """Let the app go on only to be stopped."""
        self._closed = True
        self._go.release()


def paced(app: Callable[[Turns[T]], None]) -> Iterator[T]:
    """The items that `app` gives; closing the generator stops the app where it stands."""
    turns: Turns[T] = Turns()
    thread = threading.Thread(target=turns.work, args=(app,), name="flower app", daemon=True)
    thread.start()
    try:
        yield from turns.items()
    finally:
        turns.close()
        thread.join()
