"""Safety: what is read can run no code, what is shown can hide none, and nobody is called."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from flopt.errors import FloptError
from flopt.importing.reading import read_runs
from flopt.results import open_results
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.study import load_study
from flopt.toml_file import read_toml
from flopt.trace import Trace
from flopt.tuning import tune, write_results, write_study

HOSTILE = "</script><script>alert('flopt-was-here')</script><img src=x onerror=alert(1)>"


class Bomb:
    """A pickle of it makes a file when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (str(self.file),)


@pytest.fixture(scope="module")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "small"
    tune({"oracle": "analytic", "space": "quick", "sampler": "random", "workers": 1, "budget": {"runs": 3}}, out=folder)
    return folder


@pytest.fixture
def folder(small_study: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_study, tmp_path / "study"))


def test_reading_a_study_folder_unpickles_nothing_and_starts_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("never while reading")

    for module, name in (
        (pickle, "load"), (pickle, "loads"), (pickle, "Unpickler"), (subprocess, "Popen"), (os, "system"),
        (socket.socket, "connect"), (socket, "create_connection"), (socket, "getaddrinfo"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, refuse)
    assert len(open_results(folder).plans) == 3
    write_results(folder)


@pytest.mark.parametrize("kind", ["csv", "flower", "tensorboard", "codecarbon"])
def test_a_pickle_in_the_place_of_a_log_is_not_opened(tmp_path: Path, kind: str) -> None:
    mark = tmp_path / "mark"
    for name in ("log.csv", "log.json", "emissions.csv", "events.out.tfevents.1"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb(mark)))
        with suppress(FloptError):
            read_runs(kind, [tmp_path / name], "accuracy")
    assert not mark.exists()


def test_a_pickle_in_the_place_of_a_study_or_journal_is_not_opened(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for name, read in (("study.toml", read_toml), (JOURNAL, lambda file: Journal.read(file.parent))):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb(mark)))
        with pytest.raises(FloptError):
            read(tmp_path / name)
    assert not mark.exists()


def test_values_of_a_journal_are_values_and_no_code(folder: Path) -> None:
    lines = (folder / JOURNAL).read_text().splitlines()
    place = next(n for n, line in enumerate(lines) if '"plan"' in line)
    entry = json.loads(lines[place])
    entry["user_attrs"]["plan"]["client_lr"] = "__import__('os').mkdir('mark')"
    lines[place] = json.dumps(entry)
    (folder / JOURNAL).write_text("\n".join(lines) + "\n")
    with pytest.raises(FloptError, match="client_lr"):
        open_results(folder)
    assert not Path("mark").exists()


def test_a_hostile_reason_is_text_in_the_report(folder: Path) -> None:
    failed = Trace.of([], seed=0, participation="", status="failed", reason=HOSTILE)
    with Journal.reopen(folder) as journal:
        first = journal.trials()[0]
        journal.add(first, {name: value for name, value in first.user_attrs.items() if name != "trace"})
        journal.record(3, failed, 0.1)
        journal.tell(3, None)
    hostile = folder.rename(folder.with_name("<img src=x onerror=alert(1)>"))
    write_results(hostile)
    page = (hostile / "report.html").read_text()
    assert HOSTILE not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    "reference",
    ["../../etc/passwd", "/etc/passwd", "/dev/zero", "https://example.org/space.toml", "a\x1b[31mb", "~root"],
)
@pytest.mark.parametrize("key", ["space", "oracle", "objectives", "fleet.use", "task.data", "pricing.grid"])
def test_names_of_files_elsewhere_are_names_and_are_not_fetched(tmp_path: Path, key: str, reference: str) -> None:
    from flopt.tuning import checked_problem

    value = json.dumps([reference] if key == "objectives" else reference)
    table, _, name = key.rpartition(".")
    (tmp_path / "study.toml").write_text(f"{f'[{table}]' if table else ''}\n{name} = {value}\n")
    with pytest.raises(FloptError):
        checked_problem(load_study(tmp_path / "study.toml"))


def test_a_search_and_its_report_call_nobody(without_network: Callable[[str], str], tmp_path: Path) -> None:
    script = (
        "import socket\n"
        "def refuse(*a): raise AssertionError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import flopt\n"
        "tables = {'oracle': 'analytic', 'space': 'quick', 'sampler': 'random', 'workers': 1, 'budget': {'runs': 3}}\n"
        f"print(len(flopt.tune(tables, out={str(tmp_path / 'study')!r}).plans))\n"
    )
    assert without_network(script) == "3\n"


FULL = """
import resource, signal, sys
from pathlib import Path
from flopt.errors import FloptError
from flopt.results import open_results
from flopt.tuning import write_results, write_study

folder = Path(sys.argv[1])
study = open_results(folder).study.model_copy(update={"workers": 2})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
for write in (lambda: write_results(folder), lambda: write_study(study, folder)):
    try:
        write()
    except FloptError as error:
        print(error)
"""


def test_a_full_disk_takes_neither_the_study_file_nor_the_results(folder: Path) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "driver.lock"}
    done = subprocess.run([sys.executable, "-c", FULL, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{folder}: File too large", f"{folder}/study.toml: File too large"]
    for name in ("study.toml", JOURNAL):
        assert (folder / name).read_bytes() == before[name]
    study = open_results(folder).study
    write_study(study, folder)
    assert len(open_results(folder).plans) == 3
