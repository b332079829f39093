"""The replay: what Optuna's own gives, with each distribution read once; and Optuna is left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import _storage
from optuna.trial import FrozenTrial

from flopt.catalogue import load_space
from flopt.search.samplers import propose
from flopt.search.stores.journal_file import JOURNAL, JournalFile
from flopt.search.stores.replay import replayed
from flopt.search.stores.storage import Journal


@pytest.fixture
def file(tmp_path: Path) -> JournalFile:
    space = load_space("cross_device")
    with Journal.create_or_open(tmp_path, ["maximize", "minimize"], {"seed": 0}) as journal:
        for seed in range(5):
            journal.add(propose("random", space, ["maximize", "minimize"], [], [False, True], seed), {})
            journal.tell(seed, [0.5, 1.0])
    return JournalFile(tmp_path / JOURNAL)


def trials(storage: JournalStorage) -> list[FrozenTrial]:
    return storage.get_all_trials(0, deepcopy=False)


def test_the_trials_are_those_of_optuna(file: JournalFile) -> None:
    assert trials(replayed(file)) == trials(JournalStorage(file))
    assert len(trials(replayed(file))) == 5


def test_equal_distributions_are_read_once(file: JournalFile) -> None:
    found = trials(replayed(file))
    distinct = {id(each) for trial in found for each in trial.distributions.values()}
    assert len(distinct) == len({repr(each) for each in found[0].distributions.values()})


def test_optuna_is_left_as_it_was(file: JournalFile, tmp_path: Path) -> None:
    read = _storage.json_to_distribution  # type: ignore[attr-defined]
    replayed(file)
    (tmp_path / "bad.log").write_text('{"op_code": 4}\n', encoding="utf-8")
    with pytest.raises(KeyError):
        replayed(JournalFile(tmp_path / "bad.log"))
    assert _storage.json_to_distribution is read  # type: ignore[attr-defined]
