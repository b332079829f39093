"""The study in a PostgreSQL database, for several drivers: whoever is free does what is due, and none is missed.

A driver's runs have heartbeats while it lives. Those of a dead driver are taken over under their own number and seed,
so that what comes of them is what would have come. Proposals are made by one driver at a time. Who proposes when is a
matter of timing, so that such a study has not one outcome for one seed, as a journal has.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import optuna
import sqlalchemy
from optuna.exceptions import OptunaError, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from flopt.errors import FloptError
from flopt.objectives import Direction
from flopt.search.stores.database_url import without_password
from flopt.search.stores.packed import pack
from flopt.search.stores.stamp import check_format, check_identity, stamp
from flopt.search.stores.storage import make_folder, running_trial, stored_trace
from flopt.trace import Trace

__all__ = ["Postgres"]

HEARTBEAT_S = 10
GRACE_S = 60
"""A driver that has not been heard of for so long is taken for dead."""
_LOCK = 0x666C6F7074
"""Number of the advisory lock in the database, "flopt" in ASCII; the database drops it when its holder dies."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Postgres:
    """One study of a database, named after its folder; see `flopt.search.stores.storage.Store`."""

    repaired_bytes = 0

    def __init__(self, folder: Path, url: str, storage: RDBStorage, study: optuna.Study) -> None:
        self.folder = folder
        self._url = url
        self._storage = storage
        self._study = study
        self._mine: set[int] = set()
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)

    @classmethod
    def create_or_open(
        cls, url: str, folder: Path, directions: Sequence[Direction], identity: Mapping[str, Any]
    ) -> Postgres:
        """Open a study for writing, beside other drivers; refuse another one of the same name."""
        make_folder(folder)
        with _told(url), _alone(url), _opened(url) as storage:
            study = optuna.create_study(
                study_name=_name(folder), storage=storage, directions=list(directions), load_if_exists=True
            )
            check_format(study, folder)
            check_identity(study, folder, directions, identity)
            stamp(study, identity)
        store = cls(folder, url, storage, study)
        store._heart.start()
        return store

    @classmethod
    def read(cls, url: str, folder: Path) -> Postgres:
        """Open a study for reading."""
        with _told(url), _opened(url) as storage:
            try:
                study = optuna.load_study(study_name=_name(folder), storage=storage)
            except KeyError:
                raise FloptError(f"{without_password(url)} has no study {_name(folder)!r}") from None
            check_format(study, folder)
        return cls(folder, url, storage, study)

    @property
    def study(self) -> optuna.Study:
        """The study as Optuna has it."""
        return self._study

    def __enter__(self) -> Postgres:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._heart.is_alive():
            self._heart.join()
        _close(self._storage)

    def trials(self) -> list[FrozenTrial]:
        """All runs in the order of their numbers."""
        with _told(self._url):
            return self._study.get_trials(deepcopy=False)

    def trace(self, number: int) -> Trace | None:
        """What happened in a run; None while it is not done."""
        return stored_trace(self.trials()[number])

    def traces(self) -> list[Trace | None]:
        """What happened in every run, in the order of their numbers."""
        return [stored_trace(trial) for trial in self.trials()]

    def add(self, proposal: FrozenTrial, attributes: Mapping[str, Any]) -> None:
        """Store a proposal as a running trial of this driver."""
        with _told(self._url):
            self._study.add_trial(running_trial(proposal, attributes))
            self.claim(len(self._study.get_trials(deepcopy=False)) - 1)

    def record(self, number: int, trace: Trace, cpu_s: float, attributes: Mapping[str, Any] = _NOTHING) -> None:
        """Store a finished run: committed when this returns. One that another driver took over has its end already."""
        trial = self._id(number)
        with _told(self._url), suppress(UpdateFinishedTrialError):
            for name, value in {"cpu_s": round(cpu_s, 4), **attributes, "trace": pack(trace)}.items():
                self._study._storage.set_trial_user_attr(trial, name, value)
        self._mine.discard(trial)

    def tell(self, number: int, values: Sequence[float] | None, *, stopped: bool = False) -> None:
        """End a run, where no other driver has done so just now."""
        trial, storage = self._id(number), self._study._storage
        with _told(self._url), suppress(UpdateFinishedTrialError):
            if values is None:
                storage.set_trial_state_values(trial, TrialState.FAIL)
            elif stopped:  # Optuna takes no values of a pruned trial; they follow from its trace
                storage.set_trial_state_values(trial, TrialState.PRUNED)
            else:
                storage.set_trial_state_values(trial, TrialState.COMPLETE, list(values))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Meanwhile, no other driver proposes or takes over anything."""
        with _told(self._url), _alone(self._url):
            yield

    def abandoned(self) -> list[int]:
        """Numbers of runs that a dead driver has left; to be called `alone`, so that none is just being added."""
        with _told(self._url):
            with self._storage.engine.connect() as connection:
                rows = connection.execute(sqlalchemy.text("SELECT trial_id FROM trial_heartbeats"))
                heard = {int(row[0]) for row in rows}
            stale = set(self._storage._get_stale_trial_ids(self._study._study_id))
            return [
                trial.number
                for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
                if "trace" not in trial.user_attrs
                and trial._trial_id not in self._mine
                and (trial._trial_id in stale or trial._trial_id not in heard)
            ]

    def claim(self, number: int) -> None:
        """Answer for a run: it has heartbeats from now on."""
        trial = self._id(number)
        with _told(self._url):
            self._storage.record_heartbeat(trial)
        self._mine.add(trial)

    def _id(self, number: int) -> int:
        with _told(self._url):
            return self._study._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT_S):
            for trial in list(self._mine):
                with suppress(sqlalchemy.exc.SQLAlchemyError, OptunaError):  # the next one may get through
                    self._storage.record_heartbeat(trial)
        self._storage.remove_session()  # this thread's own


@contextmanager
def _opened(url: str) -> Iterator[RDBStorage]:
    """Optuna's storage, which stays open unless something fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = RDBStorage(
            url, engine_kwargs={"pool_pre_ping": True}, heartbeat_interval=HEARTBEAT_S, grace_period=GRACE_S
        )
    try:
        yield storage
    except BaseException:
        _close(storage)
        raise


def _close(storage: RDBStorage) -> None:
    storage.remove_session()
    storage.engine.dispose()


def _name(folder: Path) -> str:
    return folder.resolve().name


@contextmanager
def _alone(url: str) -> Iterator[None]:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        yield  # closing the connection gives the lock back


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What the database says against something, in one line that holds no password."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, OptunaError) as error:
        if isinstance(error, UpdateFinishedTrialError):
            raise
        cause = error.__cause__ or error
        said = " ".join(str(getattr(cause, "orig", cause)).split())
        password = sqlalchemy.make_url(url).password
        said = said.replace(str(password), "***") if password else said
        raise FloptError(f"{without_password(url)}: {said[:300]}") from None
    except ImportError as error:
        raise FloptError(f"storage: {error}; pip install 'flopt-carbon[postgres]'") from None
