"""The study on disk: an Optuna journal with one trial per run, which survives a kill at any moment."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Protocol

import optuna
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from flopt.errors import FloptError
from flopt.objectives import Direction
from flopt.search.stores.journal_file import JOURNAL, JournalFile, remove_foreign_lock, repair
from flopt.search.stores.packed import pack, unpack
from flopt.search.stores.replay import replayed
from flopt.search.stores.stamp import check_format, check_identity, stamp
from flopt.trace import Trace

__all__ = [
    "JOURNAL",
    "NAME",
    "Journal",
    "Store",
    "check_there",
    "in_use",
    "lock",
    "make_folder",
    "running_trial",
    "stored_trace",
]

NAME = "flopt"
"""What flopt's study is called in its storage."""
_LOCK = "driver.lock"
_NOTHING: Mapping[str, Any] = MappingProxyType({})

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Store(Protocol):
    """Where a driver keeps its runs.

    A run goes through three writes: `add` (whole or absent), `record` (its trace, as soon as it is there, durable
    when the call returns) and `tell` (its values, in the order of the runs).
    """

    folder: Path

    def trials(self) -> list[FrozenTrial]:
        """All runs in the order of their numbers."""
        ...

    def trace(self, number: int) -> Trace | None:
        """What happened in a run; None while it is not done."""
        ...

    def traces(self) -> list[Trace | None]:
        """What happened in every run, in the order of their numbers."""
        ...

    def add(self, proposal: FrozenTrial, attributes: Mapping[str, Any]) -> None:
        """Store a proposal as a running trial."""
        ...

    def record(self, number: int, trace: Trace, cpu_s: float, attributes: Mapping[str, Any] = _NOTHING) -> None:
        """Store a finished run's trace, the CPU seconds that it took here, and what else is known of it."""
        ...

    def tell(self, number: int, values: Sequence[float] | None, *, stopped: bool = False) -> None:
        """End a run with its objectives, as pruned where it was stopped, or as failed where there are none."""
        ...


class Journal:
    """One study folder's journal; only one process at a time may write to it."""

    def __init__(self, folder: Path, study: optuna.Study, file: JournalFile, guard: int | None, repaired: int) -> None:
        self.folder = folder
        self.repaired_bytes = repaired
        """Bytes of a torn last line that were cut off when the journal was opened."""
        self._study = study
        self._file = file
        self._guard = guard

    @classmethod
    def create_or_open(cls, folder: Path, directions: Sequence[Direction], identity: Mapping[str, Any]) -> Journal:
        """Open a folder for writing; refuse one that holds another study, naming the first key that differs."""
        make_folder(folder)
        guard = lock(folder)
        try:
            repaired = _mend(folder)
            file = JournalFile(folder / JOURNAL)
            study = _load_or_create(file, folder, directions)
            check_identity(study, folder, directions, identity)
            with file.together(durable=True):
                stamp(study, identity)
        except BaseException:
            os.close(guard)
            raise
        return cls(folder, study, file, guard, repaired)

    @classmethod
    def read(cls, folder: Path) -> Journal:
        """Open a folder for reading."""
        check_there(folder)
        repaired = _repair_unless_locked(folder)
        file = JournalFile(folder / JOURNAL)
        return cls(folder, _load(file, folder), file, None, repaired)

    @classmethod
    def reopen(cls, folder: Path) -> Journal:
        """Open a folder for writing beside its runs; refused while a search is going on in it."""
        check_there(folder)
        guard = lock(folder)
        try:
            repaired = _mend(folder)
            file = JournalFile(folder / JOURNAL)
            return cls(folder, _load(file, folder), file, guard, repaired)
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
        return stored_trace(self._study._storage.get_trial(self._id(number)))

    def traces(self) -> list[Trace | None]:
        """What happened in every run, in the order of their numbers."""
        return [stored_trace(trial) for trial in self.trials()]

    def add(self, proposal: FrozenTrial, attributes: Mapping[str, Any]) -> None:
        """Store a proposal as a running trial, in one line."""
        self._study.add_trial(running_trial(proposal, attributes))

    def record(self, number: int, trace: Trace, cpu_s: float, attributes: Mapping[str, Any] = _NOTHING) -> None:
        """Store a finished run's trace, the CPU seconds that it took here, and what else is known of it.

        Durable before it is told. Attributes are plain values by name; the trace is written last, so that a run that
        has one has them all.
        """
        storage, trial = self._study._storage, self._id(number)
        with self._file.together(durable=True):
            for name, value in {"cpu_s": round(cpu_s, 4), **attributes, "trace": pack(trace)}.items():
                storage.set_trial_user_attr(trial, name, value)

    def tell(self, number: int, values: Sequence[float] | None, *, stopped: bool = False) -> None:
        """End a run with its objectives, as pruned where it was stopped, or as failed where there are none."""
        storage, trial = self._study._storage, self._id(number)
        if values is None:
            storage.set_trial_state_values(trial, TrialState.FAIL)
        elif stopped:  # Optuna takes no values of a pruned trial; they follow from its trace
            storage.set_trial_state_values(trial, TrialState.PRUNED)
        else:
            storage.set_trial_state_values(trial, TrialState.COMPLETE, list(values))

    def _id(self, number: int) -> int:
        return self._study._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)


def running_trial(proposal: FrozenTrial, attributes: Mapping[str, Any]) -> FrozenTrial:
    """A proposal as every store keeps it while its run has not ended."""
    return create_trial(
        state=TrialState.RUNNING,
        params=proposal.params,
        distributions=proposal.distributions,
        system_attrs=proposal.system_attrs,
        user_attrs=dict(attributes),
    )


def stored_trace(trial: FrozenTrial) -> Trace | None:
    """What happened in a run; None while it is not done."""
    stored = trial.user_attrs.get("trace")
    return None if stored is None else unpack(stored)


def lock(folder: Path) -> int:
    """Hold the folder for this process's life; the kernel lets go of it when the process dies."""
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


def in_use(folder: Path) -> bool:
    """Whether a search is going on in a folder."""
    try:
        os.close(lock(folder))
    except FloptError:
        return os.access(folder, os.W_OK)  # else nobody can say: then not
    return False


def make_folder(folder: Path) -> None:
    """Make a study's folder with its parents, and see that it can be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FloptError(f"{folder} is not a folder") from None
    except OSError as error:
        raise FloptError(f"{folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise FloptError(f"{folder}: no permission to write")


def check_there(folder: Path) -> None:
    """Raise a `FloptError` for a folder that holds no study."""
    if not (folder / JOURNAL).is_file():
        raise FloptError(f"{folder} is not a study folder: it has no {JOURNAL}")


def _mend(folder: Path) -> int:
    """What a dead process may have left: half a line, of which the bytes cut are returned, and Optuna's own lock."""
    remove_foreign_lock(folder / JOURNAL)
    return repair(folder / JOURNAL)


def _repair_unless_locked(folder: Path) -> int:
    """A reader repairs only what no driver is writing."""
    if not (os.access(folder, os.W_OK) and os.access(folder / JOURNAL, os.W_OK)):
        return 0
    try:
        guard = lock(folder)
    except FloptError:
        return 0
    try:
        return repair(folder / JOURNAL)
    finally:
        os.close(guard)


def _storage(file: JournalFile, folder: Path) -> JournalStorage:
    try:
        return replayed(file)
    except OSError as error:
        raise FloptError(f"{folder / JOURNAL}: {error.strerror}") from None
    except Exception as error:  # Optuna trusts a journal: one of another kind breaks it anywhere
        raise FloptError(f"{folder / JOURNAL}: not a journal of a study ({type(error).__name__}: {error})") from None


def _load(file: JournalFile, folder: Path) -> optuna.Study:
    try:
        study = optuna.load_study(study_name=NAME, storage=_storage(file, folder))
    except KeyError:
        raise FloptError(f"{folder / JOURNAL}: its header is cut off; no run can be read") from None
    check_format(study, folder)
    return study


def _load_or_create(file: JournalFile, folder: Path, directions: Sequence[Direction]) -> optuna.Study:
    storage = _storage(file, folder)
    try:  # Optuna's `load_if_exists` would write a line each time
        study = optuna.load_study(study_name=NAME, storage=storage)
    except KeyError:
        return optuna.create_study(study_name=NAME, storage=storage, directions=list(directions))
    check_format(study, folder)
    return study
