"""Workers elsewhere: any executor, of this machine or of a cluster, as a pool that behaves like the local one.

What the executor runs is `hosted`: it has the task done by a process of its own there. So limits, lost workers and
the CPU seconds of lost attempts are the same thing everywhere, and what a task does to its process stays its own.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from flopt.errors import FloptError
from flopt.search.executors.local import Pool
from flopt.search.executors.slot import NO_LIMITS, Limits, Slot, WorkerLostError
from flopt.version import __version__

__all__ = ["UNWANTED", "Elsewhere", "Hosted", "hosted"]

ANSWER_WITHIN_S = 300.0
"""How long to wait for the first answer of a cluster, which may have to start a machine for it."""
LOOK_EVERY_S = 0.5

_LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn")

_IDLE: dict[tuple[str, Limits], list[Slot]] = {}
"""Workers of this host process that have nothing to do."""
_LOCK = threading.Lock()

UNWANTED: ContextVar[Callable[[], bool]] = ContextVar("unwanted", default=lambda: False)
"""Set by an engine that knows it: whether nobody waits any more for the task that is being done."""


@dataclass(frozen=True)
class Hosted:
    """What came of a task: its result, or how its worker was lost; an exception some engines would raise."""

    result: Any = None
    lost: tuple[str, float, str, bool] | None = None
    """Reason, CPU seconds, place, and whether another attempt may go better."""


class Elsewhere(Pool):
    """An executor that does at most `workers` tasks of ours at a time, and is shut down with it if it is `ours`."""

    def __init__(
        self, inner: Executor, workers: int, preload: str, limits: Limits = NO_LIMITS, *, ours: bool = True
    ) -> None:
        super().__init__(workers)
        self._inner = inner
        self._preload = preload
        self._limits = limits
        self._ours = ours
        self._stopped = False
        try:
            self._check_versions()
        except BaseException:
            self.shutdown(cancel_futures=True)
            raise

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have `fn(*args)` done there."""
        if kwargs:
            raise TypeError("arguments by place only")
        return super().submit(self._call, fn, args)

    def stop(self) -> None:
        """Wait for no task any more. One that has begun is ended where the executor tells its host (`UNWANTED`)."""
        self._stopped = True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what is being done, and leave the executor if it is the user's own."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        if self._ours:
            self._inner.shutdown(wait=not self._stopped, cancel_futures=cancel_futures or self._stopped)

    def _call(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        future = self._submitted(hosted, function, arguments, self._preload, self._limits)
        done: Hosted = self._result(future)
        if done.lost is not None:
            reason, cpu_s, where, again = done.lost
            raise WorkerLostError(reason, cpu_s, where, again=again)
        return done.result

    def _submitted(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        try:
            return self._inner.submit(function, *arguments)
        except Exception as error:  # whatever an engine raises: it takes no task
            raise _gone(error) from None

    def _result(self, future: Future[Any]) -> Any:
        while not self._stopped:
            try:
                return future.result(timeout=LOOK_EVERY_S)
            except TimeoutError:
                if not future.done():
                    continue
                raise
            except (CancelledError, BrokenExecutor) as error:
                raise _gone(error) from None
            except Exception as error:  # whatever an engine raises when it loses a task
                raise WorkerLostError(_said(error)) from None
        future.cancel()
        raise WorkerLostError("the search was stopped", again=False)

    def _check_versions(self) -> None:
        """Workers with other versions would not find the same; one that has no flopt would lose every run."""
        try:
            theirs = self._submitted(versions).result(timeout=ANSWER_WITHIN_S)
        except TimeoutError:
            raise FloptError(f"executor: no worker has answered within {ANSWER_WITHIN_S:g} s; has it any?") from None
        except FloptError:
            raise
        except Exception as error:
            raise FloptError(f"executor: its workers cannot run flopt ({_said(error)})") from None
        for name, ours in versions().items():
            if theirs.get(name) != ours:
                raise FloptError(
                    f"executor: its workers have {name} {theirs.get(name)}, and this process has {ours}; "
                    "install the same there, else the outcome would depend on who trains"
                )


def hosted(function: Callable[..., Any], arguments: Sequence[Any], preload: str, limits: Limits) -> Hosted:
    """Do a task in a process of its own here."""
    with _LOCK:
        idle = _IDLE.setdefault((preload, limits), [])
        slot = idle.pop() if idle else Slot(preload, limits)
    try:
        return Hosted(slot.call(function, arguments, UNWANTED.get()))
    except WorkerLostError as lost:
        return Hosted(lost=(lost.reason, lost.cpu_s, lost.where, lost.again))
    finally:
        with _LOCK:
            idle.append(slot)


def versions() -> dict[str, str]:
    """What the outcome of a run depends on."""
    return {"flopt": __version__, "Python": platform.python_version()} | {name: version(name) for name in _LIBRARIES}


def _gone(error: BaseException) -> FloptError:
    return FloptError(
        f"executor: it takes no run any more ({_said(error)}); finished runs are kept, and the same command goes on"
    )


def _said(error: BaseException) -> str:
    """An error in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
