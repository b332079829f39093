"""A worker: the process that trains, one task after the other; it never outlives the process that started it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import current_process
from multiprocessing.connection import Connection
from typing import Any

import psutil

__all__ = ["READY", "is_alive", "serve"]

READY = "ready"
"""What a worker says first: that it has started, and waits for a task."""

_WATCH_EVERY_S = 0.5


def serve(tasks: Connection, owner: int, born: float, idle_s: float) -> None:
    """Do what comes through `tasks`, functions with their arguments, until nothing has come for `idle_s` seconds."""
    os.setpgrp()  # what a task starts by itself ends with the worker: the group is killed as one
    current_process().daemon = False  # a task may start processes, such as those of a data loader
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_watch, args=(owner, born), daemon=True).start()
    tasks.send(READY)
    while tasks.poll(idle_s):
        try:
            function, arguments = tasks.recv()
        except EOFError:
            return
        _answer(tasks, function, arguments)


def _answer(tasks: Connection, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
    answer: tuple[Any, Exception | None]
    try:
        answer = (function(*arguments), None)
    except Exception as error:  # handed to whoever asked, as an executor does
        answer = (None, error)
    except BaseException as error:  # a KeyboardInterrupt that a task raises is no Ctrl-C of the owner's
        answer = (None, RuntimeError(f"{type(error).__name__}: {error}"))
    try:
        tasks.send(answer)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:  # it cannot be pickled
        tasks.send((None, TypeError(f"{type(error).__name__}: {error}")))


def _watch(owner: int, born: float) -> None:
    # A worker's parent may be a fork server, which outlives a killed owner: so the owner itself is watched.
    while is_alive(owner, born):
        time.sleep(_WATCH_EVERY_S)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def is_alive(process: int, born: float) -> bool:
    """Whether the process of this number is still the one that was born then, and no zombie."""
    try:
        found = psutil.Process(process)
        return bool(found.create_time() == born and found.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
