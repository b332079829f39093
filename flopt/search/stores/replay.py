"""The replay of a journal: Optuna's own, but for the distributions: all trials of a study have the same few."""

from __future__ import annotations

from functools import cache

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, _storage

__all__ = ["replayed"]


def replayed(file: BaseJournalBackend) -> JournalStorage:
    """The storage with all that its file holds. Equal distributions are read once, and are one object.

    To read them anew for each trial, as Optuna does, was the largest part of opening a long study. Optuna has no door
    for it, so that its function is set aside for as long as the replay lasts; where there is none, nothing is gained.
    """
    read = getattr(_storage, "json_to_distribution", None)
    if read is None:
        return JournalStorage(file)
    _storage.json_to_distribution = cache(read)  # type: ignore[attr-defined]
    try:
        return JournalStorage(file)
    finally:
        _storage.json_to_distribution = read  # type: ignore[attr-defined]
