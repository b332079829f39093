"""The journal's file: whole writes or none, on the disk when they must be, and nothing left of the dead."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flopt.errors import FloptError
from flopt.search.samplers import propose
from flopt.search.stores.journal_file import FOREIGN_GRACE_S, JOURNAL, JournalFile, remove_foreign_lock, repair
from flopt.search.stores.storage import Journal
from flopt.space import IntAxis, Space
from flopt.trace import Round, Trace

TRACE = Trace.of([Round(0.5, 0.1, 1, 1, 1, 1)] * 20, seed=0, participation="")
PROPOSAL = propose("random", Space("mine", {"rounds": IntAxis(1, 9)}), ["maximize", "minimize"], [], [False, False], 0)


def log(number: int) -> dict[str, Any]:
    return {"op_code": 2, "number": number}


def test_lines_are_read_as_they_were_written_and_each_once(tmp_path: Path) -> None:
    file, other = JournalFile(tmp_path / JOURNAL), JournalFile(tmp_path / JOURNAL)
    assert list(file.read_logs(0)) == []
    file.append_logs([log(0), log(1)])
    assert list(other.read_logs(0)) == [log(0), log(1)]
    assert list(other.read_logs(2)) == []
    file.append_logs([log(2)])
    assert list(other.read_logs(2)) == [log(2)]
    assert list(other.read_logs(1)) == [log(1), log(2)]


def test_half_a_line_is_not_there_until_it_is_whole(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / JOURNAL)
    file.append_logs([log(0)])
    whole = (tmp_path / JOURNAL).read_bytes()
    for cut in range(len(whole)):
        (tmp_path / JOURNAL).write_bytes(whole + whole[:cut])
        assert list(JournalFile(tmp_path / JOURNAL).read_logs(0)) == [log(0)]


def test_what_is_written_together_is_one_write_or_none(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / JOURNAL)
    with file.together():
        file.append_logs([log(0)])
        file.append_logs([log(1)])
        assert not (tmp_path / JOURNAL).exists()
    assert list(file.read_logs(0)) == [log(0), log(1)]

    def fail() -> None:
        with file.together():
            file.append_logs([log(2)])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    file.append_logs([log(3)])
    assert list(file.read_logs(0)) == [log(0), log(1), log(3)]


def test_the_disk_is_waited_for_once_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    with Journal.create_or_open(tmp_path, ["maximize", "minimize"], {"seed": 0}) as journal:
        assert len(synced) == 1
        for number in range(5):
            journal.add(PROPOSAL, {})
            journal.record(number, TRACE, 1.0, {"where": "here"})
            assert synced[-1] == (tmp_path / JOURNAL).stat().st_size  # the run itself, and all before it
            journal.tell(number, [0.5, 1.0])
    assert len(synced) == 6


FILL = """
import resource, signal, sys
from pathlib import Path
from flopt.errors import FloptError
from tests_of_journal import PROPOSAL, TRACE
from flopt.search.stores.storage import Journal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does: the write fails instead
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
with Journal.create_or_open(Path(sys.argv[1]), ["maximize", "minimize"], {"seed": 0}) as journal:
    for number in range(len(journal.trials()), 99):
        try:
            journal.add(PROPOSAL, {})
            journal.record(number, TRACE, 1.0)
            journal.tell(number, [0.5, 1.0])
            print(number, flush=True)
        except FloptError as error:
            sys.exit(str(error))
"""


@pytest.mark.parametrize("limit", [4000, 4100, 4200, 4900])
def test_a_full_disk_is_said_in_one_line_and_loses_nothing_finished(tmp_path: Path, limit: int) -> None:
    script = FILL.replace("tests_of_journal", "test_journal_file")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(limit)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )  # fmt: skip
    kept = "every run stored so far is kept, and the same command goes on"
    assert done.stderr == f"{tmp_path / JOURNAL}: File too large; {kept}\n"
    finished = len(done.stdout.split())
    assert finished > 1
    with Journal.read(tmp_path) as journal:
        assert journal.repaired_bytes == 0  # what the failing write left was taken back
        assert sum(trace is not None for trace in journal.traces()) in (finished, finished + 1)
    with Journal.create_or_open(tmp_path, ["maximize", "minimize"], {"seed": 0}) as journal:
        journal.add(PROPOSAL, {})


def test_a_disk_that_fails_to_confirm_is_said_and_the_write_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = JournalFile(tmp_path / JOURNAL)
    file.append_logs([log(0)])

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FloptError, match=r"journal\.log: Input/output error; every run stored so far is kept"):  # noqa: SIM117
        with file.together(durable=True):
            file.append_logs([log(1)])
    assert list(JournalFile(tmp_path / JOURNAL).read_logs(0)) == [log(0)]


def test_permission_lost_in_the_middle_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.create_or_open(tmp_path, ["maximize", "minimize"], {"seed": 0}) as journal:
        journal.add(PROPOSAL, {})
        journal.record(0, TRACE, 1.0)

        def refuse(*_: object) -> int:  # for root, no file is read-only
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(FloptError, match=r"journal\.log: Permission denied; every run stored so far is kept"):
            journal.add(PROPOSAL, {})
        monkeypatch.undo()
    with Journal.read(tmp_path) as journal:
        assert [trace is not None for trace in journal.traces()] == [True]


@pytest.mark.parametrize("length", [0, 10, 100_000, 300_000])
def test_only_the_end_is_repaired_however_long_a_line_is(tmp_path: Path, length: int) -> None:
    file = tmp_path / JOURNAL
    whole = (json.dumps({"text": "x" * length}) + "\n").encode()
    for torn in (b"", b"{", b'{"text": "' + b"y" * length):
        file.write_bytes(whole + whole + torn)
        assert repair(file) == len(torn)
        assert file.read_bytes() == whole + whole
    file.write_bytes(b"{" * length)
    assert repair(file) == length
    assert file.read_bytes() == b""


def test_a_lock_that_optuna_left_is_removed_and_one_in_use_is_not(tmp_path: Path) -> None:
    lock = tmp_path / f"{JOURNAL}.lock"
    assert not remove_foreign_lock(tmp_path / JOURNAL)
    lock.symlink_to(JOURNAL)
    assert not remove_foreign_lock(tmp_path / JOURNAL)
    old = lock.lstat().st_mtime - FOREIGN_GRACE_S - 1
    os.utime(lock, (old, old), follow_symlinks=False)
    assert remove_foreign_lock(tmp_path / JOURNAL)
    lock.write_text("")  # flopt's own, before the format had a number
    with Journal.create_or_open(tmp_path, ["minimize"], {}):
        assert not lock.exists()


def test_a_last_line_nested_too_deeply_is_refused_in_one_line(tmp_path: Path) -> None:
    journal = tmp_path / "journal.log"
    journal.write_bytes(b'{"op_code": 0}\n{"worker_id": ' + b"[" * 5000 + b"\n")
    with pytest.raises(FloptError, match="not a journal of a study"):
        repair(journal)
    assert journal.read_bytes().endswith(b"[\n")


def test_lines_that_only_json_takes_are_read_all_the_same(tmp_path: Path) -> None:
    odd = {"reason": "no such file: \udc80.npz", "low": float("-inf"), "many": 10**30, "small": 5e-324}
    file = JournalFile(tmp_path / JOURNAL)
    file.append_logs([odd, log(1)])
    assert list(file.read_logs(0)) == [odd, log(1)]
