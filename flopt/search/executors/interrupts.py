"""Interrupts: Ctrl-C and SIGTERM, which the driver hears only where it waits, so that no write is left half done."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """While it is entered, signals are counted; whoever waits says which of them is too much for him."""

    def __init__(self) -> None:
        self._count = 0
        self._limit = math.inf
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():  # Python hears signals in no other one
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    @contextmanager
    def waiting(self, until: int = 1) -> Iterator[None]:
        """Inside, a KeyboardInterrupt is raised as soon as `until` signals have come since the beginning."""
        before, self._limit = self._limit, until
        try:
            if self._count >= until:
                raise KeyboardInterrupt
            yield
        finally:
            self._limit = before

    def _heard(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # a handler's signature
        self._count += 1
        if self._count >= self._limit:
            raise KeyboardInterrupt
