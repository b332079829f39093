"""The study on disk: an Optuna journal with one trial per run, which survives a kill at any moment."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

from flopt.errors import FloptError
from flopt.objectives import Direction
from flopt.trace import Trace

__all__ = ["JOURNAL", "Journal"]

JOURNAL = "journal.log"
_NAME = "flopt"
_LOCK = "driver.lock"

optuna.logging.set_verbosity(optuna.logging.WARNING)


class _Flock:
    """The journal's write lock; the kernel drops it when a process dies, so that none is ever stale."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def acquire(self) -> bool:
        self._file = os.open(self._path, os.O_CREAT | os.O_RDWR)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        os.close(self._file)


class Journal:
    """One study folder's journal; only one process at a time may write to it.

    A run goes through three writes: `add` (one line, so that a kill leaves it whole or absent), `record` (its
    trace, as soon as it is there) and `tell` (its values, in the order of the runs).
    """

    def __init__(self, folder: Path, study: optuna.Study, guard: int | None, repaired_bytes: int) -> None:
        self.folder = folder
        self.repaired_bytes = repaired_bytes
        """Bytes of a torn last line that were cut off when the journal was opened."""
        self._study = study
        self._guard = guard

    @classmethod
    def create_or_open(cls, folder: Path, directions: Sequence[Direction], identity: Mapping[str, Any]) -> Journal:
        """Open a folder for writing; refuse one that holds another study, naming the first key that differs."""
        _make(folder)
        guard = _lock(folder)
        try:
            repaired = _repair(folder / JOURNAL)
            study = _load_or_create(_storage(folder), directions)
            _check_identity(study, folder, directions, identity)
        except BaseException:
            os.close(guard)
            raise
        return cls(folder, study, guard, repaired)

    @classmethod
    def read(cls, folder: Path) -> Journal:
        """Open a folder for reading."""
        if not (folder / JOURNAL).is_file():
            raise FloptError(f"{folder} is not a study folder: it has no {JOURNAL}")
        repaired = _repair_unless_locked(folder)
        try:
            return cls(folder, optuna.load_study(study_name=_NAME, storage=_storage(folder)), None, repaired)
        except KeyError:
            raise FloptError(f"{folder / JOURNAL}: its header is cut off; no run can be read") from None

    @classmethod
    def reopen(cls, folder: Path) -> Journal:
        """Open a folder for writing beside its runs; refused while a search is going on in it."""
        if not (folder / JOURNAL).is_file():
            raise FloptError(f"{folder} is not a study folder: it has no {JOURNAL}")
        guard = _lock(folder)
        try:
            repaired = _repair(folder / JOURNAL)
            return cls(folder, optuna.load_study(study_name=_NAME, storage=_storage(folder)), guard, repaired)
        except BaseException:
            os.close(guard)
            raise

    @property
    def study(self) -> optuna.Study:
        """The study as Optuna has it."""
        return self._study

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._guard is not None:
            os.close(self._guard)

    def trials(self) -> list[FrozenTrial]:
        """All runs in the order of their numbers."""
        return self._study.get_trials(deepcopy=False)

    def trace(self, number: int) -> Trace | None:
        """What happened in a run; None while it is not done."""
        return _trace(self.trials()[number])

    def traces(self) -> list[Trace | None]:
        """What happened in every run, in the order of their numbers."""
        return [_trace(trial) for trial in self.trials()]

    def add(self, proposal: FrozenTrial, attributes: Mapping[str, Any]) -> None:
        """Store a proposal as a running trial, in one line."""
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=proposal.params,
                distributions=proposal.distributions,
                system_attrs=proposal.system_attrs,
                user_attrs=dict(attributes),
            )
        )

    def record(
        self, number: int, trace: Trace, cpu_s: float, attributes: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Store a finished run's trace, the CPU seconds that it took here, and what else is known of it.

        Durable before it is told. Attributes are plain values by name; the trace is written last, so that a run that
        has one has them all.
        """
        storage, trial = self._study._storage, self.trials()[number]._trial_id
        for name, value in {"cpu_s": round(cpu_s, 4), **attributes}.items():
            storage.set_trial_user_attr(trial, name, value)
        storage.set_trial_user_attr(trial, "trace", trace.to_json())

    def tell(self, number: int, values: Sequence[float] | None, *, stopped: bool = False) -> None:
        """End a run with its objectives, as pruned where it was stopped, or as failed where there are none."""
        if values is None:
            self._study.tell(number, state=TrialState.FAIL)
        elif stopped:  # Optuna takes no values of a pruned trial; they follow from its trace
            self._study.tell(number, state=TrialState.PRUNED)
        else:
            self._study.tell(number, list(values))


def _trace(trial: FrozenTrial) -> Trace | None:
    stored = trial.user_attrs.get("trace")
    return None if stored is None else Trace.from_json(stored)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FloptError(f"{folder} is not a folder") from None
    except OSError as error:
        raise FloptError(f"{folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise FloptError(f"{folder}: no permission to write")


def _lock(folder: Path) -> int:
    """Hold the folder for this process's life."""
    try:
        guard = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise FloptError(f"{folder / _LOCK}: {error.strerror}") from None
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(guard)
        raise FloptError(f"{folder} is in use by another flopt") from None
    return guard


def _repair(journal: Path) -> int:
    """Cut a torn last line, which the next append would otherwise glue itself to; returns the bytes cut."""
    if not journal.exists():
        return 0
    try:
        content = journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        _check_last_line(content[:whole])
        if whole < len(content):
            with journal.open("r+b") as file:
                file.truncate(whole)
                os.fsync(file.fileno())
    except OSError as error:
        raise FloptError(f"{journal}: {error.strerror}") from None
    except ValueError as error:
        raise FloptError(f"{journal}: not a journal of a study ({error})") from None
    return len(content) - whole


def _check_last_line(lines: bytes) -> None:
    """Optuna passes over a last line that is not JSON, and fails only once another one follows."""
    last = lines.splitlines()[-1:]
    if last and not isinstance(json.loads(last[0]), dict):
        raise ValueError("its last line is no record")


def _repair_unless_locked(folder: Path) -> int:
    """A reader repairs only what no driver is writing."""
    if not os.access(folder, os.W_OK):
        return 0
    try:
        guard = _lock(folder)
    except FloptError:
        return 0
    try:
        return _repair(folder / JOURNAL)
    finally:
        os.close(guard)


def _storage(folder: Path) -> JournalStorage:
    journal = folder / JOURNAL
    try:
        lock = _Flock(folder / f"{JOURNAL}.lock")
        return JournalStorage(JournalFileBackend(str(journal), lock))  # type: ignore[arg-type]  # no public base class
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise FloptError(f"{journal}: not a journal of a study ({type(error).__name__}: {error})") from None
    except OSError as error:
        raise FloptError(f"{journal}: {error.strerror}") from None


def _load_or_create(storage: JournalStorage, directions: Sequence[Direction]) -> optuna.Study:
    try:  # Optuna's `load_if_exists` would write a line each time
        return optuna.load_study(study_name=_NAME, storage=storage)
    except KeyError:
        return optuna.create_study(study_name=_NAME, storage=storage, directions=list(directions))


def _check_identity(
    study: optuna.Study, folder: Path, directions: Sequence[Direction], identity: Mapping[str, Any]
) -> None:
    stored = study.user_attrs.get("identity")
    if stored is None:
        if [direction.name.lower() for direction in study.directions] != list(directions):  # killed at its birth
            raise FloptError(f"{folder / JOURNAL}: its header is cut off; remove the file to begin again")
        study.set_user_attr("identity", dict(identity))
        return
    for key in sorted({*stored, *identity}):
        if stored.get(key) != identity.get(key):
            raise FloptError(
                f"{folder} holds another study: {key} is {stored.get(key)!r} there and {identity.get(key)!r} here; "
                "choose another --out, or go back to the old value"
            )
