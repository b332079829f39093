"""The health of a study folder: what a kill, a full disk or another program left in it, mended where it can be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.results import STUDY_FILE
from flopt.search.executors.checkpoints import FOLDER
from flopt.search.stores.database_url import without_password
from flopt.search.stores.journal_file import JOURNAL, remove_foreign_lock, repair
from flopt.search.stores.packed import unpack
from flopt.search.stores.stamp import FORMAT, format_of, stamp
from flopt.search.stores.storage import Journal, check_there, lock, stored_trace
from flopt.study import load_study

__all__ = ["Health", "mend"]


@dataclass(frozen=True)
class Health:
    """What was found in a study folder."""

    folder: Path
    runs: int
    """Runs that can be read."""
    finished: int
    """Those of them whose trace is whole."""
    repaired: tuple[str, ...]
    """What was wrong and no longer is."""
    damaged: tuple[str, ...]
    """What cannot be mended, and what is lost by it."""


def mend(folder: Path) -> Health:
    """Examine a study folder, and repair what can be; refused while a search is going on in it."""
    _check_storage(folder)
    check_there(folder)
    guard = lock(folder)
    try:
        mended = [said for step in (_lock, _torn_line) if (said := _tried(step, folder))]
    finally:
        os.close(guard)
    try:
        with Journal.reopen(folder) as journal:
            return _examine(journal, mended)
    except FloptError as error:  # it cannot be opened: what can be said of its lines?
        runs, finished, where = _before_the_break(folder / JOURNAL)
        return Health(folder, runs, finished, tuple(mended), (f"{error}{where}",))


def _check_storage(folder: Path) -> None:
    try:
        storage = load_study(folder / STUDY_FILE).storage
    except FloptError:
        return  # a study file that is missing or broken is said with the rest
    if storage is not None:
        raise FloptError(f"{folder}: its runs are in {without_password(storage)}; flopt doctor mends journals only")


def _tried(step: Callable[[Path], str], folder: Path) -> str:
    try:
        return step(folder)
    except FloptError:
        return ""  # said when the journal is opened


def _lock(folder: Path) -> str:
    return "removed a lock that another program had left" if remove_foreign_lock(folder / JOURNAL) else ""


def _torn_line(folder: Path) -> str:
    cut = repair(folder / JOURNAL)
    return f"cut off {cut} bytes of a half-written line; what it told of is done again" if cut else ""


def _examine(journal: Journal, mended: list[str]) -> Health:
    trials, damaged, finished = journal.trials(), [], set()
    for trial in trials:
        try:
            if "plan" not in trial.user_attrs:
                raise FloptError("it has no plan: another program added it, and the study cannot be read")
            Plan.of(trial.user_attrs["plan"])
            if stored_trace(trial) is not None:
                finished.add(trial.number)
        except FloptError as error:
            damaged.append(f"run {trial.number}: {error}")
    try:
        load_study(journal.folder / STUDY_FILE)
    except FloptError as error:
        damaged.append(f"{error}; `flopt tune` with the study's file and --out {journal.folder} writes it again")
    if format_of(journal.study) < FORMAT and "identity" in journal.study.user_attrs:
        mended.append(f"brought from format {format_of(journal.study)} to {FORMAT}")
        stamp(journal.study, {})
    mended += _orphans(journal.folder, {str(number) for number in range(len(trials))} - set(map(str, finished)))
    return Health(journal.folder, len(trials), len(finished), tuple(mended), tuple(damaged))


def _orphans(folder: Path, unfinished: set[str]) -> list[str]:
    """Remove checkpoints that no run will go on from, and drafts of others."""
    held = [file for file in sorted((folder / FOLDER).glob("*")) if file.is_file() and not file.is_symlink()]
    orphans = [file for file in held if file.suffix != ".checkpoint" or file.stem not in unfinished]
    for file in orphans:
        file.unlink(missing_ok=True)
    return [f"removed {len(orphans)} checkpoints that no run goes on from"] if orphans else []


def _before_the_break(journal: Path) -> tuple[int, int, str]:
    """Runs that were proposed and those that were finished before the first line that is no record; and its place."""
    lines, runs, finished = journal.read_bytes().split(b"\n")[:-1], 0, set()
    for number, line in enumerate(lines):
        try:
            record = json.loads(line.decode())
            runs += record["op_code"] == 4  # a new trial
            stored = record.get("user_attr", {}).get("trace") if record["op_code"] == 8 else None
            if stored is not None:
                unpack(stored)
                finished.add(record["trial_id"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FloptError):
            kept = f"the {number} before it are whole, with {len(finished)} finished runs; the rest is lost"
            return runs, len(finished), f"; line {number + 1} of {len(lines)} is broken: {kept}; the rest is lost"
    return runs, len(finished), ""
