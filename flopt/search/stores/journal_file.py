"""The journal's file: one JSON record a line, as Optuna's journal has it; a finished run is on the disk at once."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend
from pydantic_core import from_json

from flopt.errors import FloptError

__all__ = ["JOURNAL", "JournalFile", "remove_foreign_lock", "repair"]

JOURNAL = "journal.log"

FOREIGN_GRACE_S = 30.0
"""Age at which Optuna itself takes its lock beside a journal for a dead process's."""
_TAIL_BYTES = 1 << 16


class JournalFile(BaseJournalBackend):
    """Reads and appends lines. Written lines survive a kill; those before and with a run's trace a power cut too.

    A write is whole or absent: what a full disk leaves of one is taken back. The kernel drops the write lock when a
    process dies, so that none is ever stale.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = (0, 0)
        """Number of the next line to be read, and where it begins."""
        self._held: list[str] | None = None

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The records from a line on; a last line without its end is not there yet."""
        number, offset = self._read_to if self._read_to[0] == log_number_from else (0, 0)
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(offset)
            content = file.read()
        for line in content.split(b"\n")[:-1]:
            number, offset = number + 1, offset + len(line) + 1
            if number > log_number_from:
                record = _record(line)
                self._read_to = (number, offset)
                yield record

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add records, in one write."""
        lines = [json.dumps(log, separators=(",", ":")) + "\n" for log in logs]
        if self._held is not None:
            self._held += lines
            return
        self._write("".join(lines).encode(), durable=False)

    @contextmanager
    def together(self, *, durable: bool = False) -> Iterator[None]:
        """Write all that is appended meanwhile at once; `durable` waits until the disk has it, and all before it."""
        self._held = []
        try:
            yield
            lines, self._held = self._held, None
            self._write("".join(lines).encode(), durable=durable)
        finally:
            self._held = None

    def _write(self, content: bytes, *, durable: bool) -> None:
        if not content:
            return
        try:
            file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o666)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                _append(file, content, durable=durable)
            finally:
                os.close(file)
        except OSError as error:
            raise FloptError(
                f"{self._path}: {error.strerror}; every run stored so far is kept, and the same command goes on"
            ) from None


def _record(line: bytes) -> dict[str, Any]:
    """A line, read in a third of the time that `json` takes, which is the judge of all that is odd."""
    try:
        record: dict[str, Any] = from_json(line, cache_strings="keys")
    except ValueError:  # half a surrogate pair, as in the name of a file, is good enough for `json`
        record = json.loads(line)
    return record


def _append(file: int, content: bytes, *, durable: bool) -> None:
    before = os.fstat(file).st_size
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(file, left) :]
        if durable:
            os.fsync(file)
    except OSError:
        os.ftruncate(file, before)
        raise


def repair(journal: Path) -> int:
    """Cut a torn last line, which the next append would otherwise glue itself to; returns the bytes cut."""
    if not journal.exists():
        return 0
    try:
        with journal.open("r+b") as file:
            return _cut(file.fileno())
    except OSError as error:
        raise FloptError(f"{journal}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise FloptError(f"{journal}: not a journal of a study ({error})") from None


def _cut(file: int) -> int:
    size = os.fstat(file).st_size
    start, tail = size, b""
    while start > 0 and tail.count(b"\n") < 2:  # the last whole line, and what follows it
        start = max(0, start - max(_TAIL_BYTES, len(tail)))
        tail = os.pread(file, size - start, start)
    whole = tail.rfind(b"\n") + 1
    _check_last_line(tail[:whole])
    if whole < len(tail):
        os.ftruncate(file, start + whole)
        os.fsync(file)
    return len(tail) - whole


def _check_last_line(lines: bytes) -> None:
    """A file whose last line is no record is none of flopt's, and is left as it is."""
    last = lines.splitlines()[-1:]
    if last and not isinstance(json.loads(last[0]), dict):
        raise ValueError("its last line is no record")


def remove_foreign_lock(journal: Path) -> bool:
    """Remove the lock that a dead optuna-dashboard or an older flopt left; says whether there was one.

    flopt locks the journal itself; Optuna's own processes would wait half a minute for the one who left it.
    """
    lock = journal.with_name(f"{journal.name}.lock")
    try:
        found = lock.lstat()
        if time.time() - found.st_mtime < FOREIGN_GRACE_S and lock.is_symlink():
            return False
        lock.unlink()
    except OSError:
        return False
    return True
