"""The journal: whatever a kill leaves behind opens again, and no study is mixed with another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import FrozenTrial, TrialState

from flopt.errors import FloptError
from flopt.objectives import Direction
from flopt.search.samplers import propose
from flopt.search.stores.packed import pack
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.space import IntAxis, Space
from flopt.trace import Round, Trace

SPACE = Space("mine", {"rounds": IntAxis(1, 9)})
BOTH: tuple[Direction, Direction] = ("maximize", "minimize")
IDENTITY = {"seed": 0, "space": "mine", "fleet.weights": [0.5, 0.5], "limits.co2e.at_most": 1.5}


def trace(number: int) -> Trace:
    rounds = [
        Round(0.1 * number + 0.01 * r, 1 / 3, clients=2, samples=30, download_bytes=8, upload_bytes=8) for r in range(3)
    ]
    return Trace.of(rounds, seed=number, participation="abc")


def proposal(number: int) -> FrozenTrial:
    return propose("random", SPACE, BOTH, [], [False, False], number)


def create(folder: Path) -> Journal:
    return Journal.create_or_open(folder, BOTH, IDENTITY)


def fill(folder: Path, runs: int = 4) -> None:
    """A journal of `runs` told runs, one that is done and one that is running."""
    with create(folder) as journal:
        for number in range(runs + 2):
            journal.add(proposal(number), {"plan": {"rounds": 3}})
            if number <= runs:
                journal.record(number, trace(number), 1.5)
            if number < runs:
                journal.tell(number, [0.5 * number, 2.0])


def one_line(action: Callable[[], object]) -> str:
    with pytest.raises(FloptError) as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_written_is_read_back_in_another_process(tmp_path: Path) -> None:
    fill(tmp_path)
    with Journal.read(tmp_path) as journal:
        trials = journal.trials()
        assert [trial.number for trial in trials] == list(range(6))
        assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 4 + [TrialState.RUNNING] * 2
        assert [trial.params for trial in trials] == [proposal(number).params for number in range(6)]
        assert trials[2].values == [1.0, 2.0]
        assert trials[0].user_attrs["plan"] == {"rounds": 3}
        assert trials[0].user_attrs["cpu_s"] == 1.5
        for number in range(5):
            stored = journal.trace(number)
            assert stored is not None
            assert stored.to_json() == trace(number).to_json()
        assert journal.trace(5) is None
        assert journal.repaired_bytes == 0


def test_a_run_is_recorded_with_what_else_is_known_of_it(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        journal.add(proposal(0), {"seed": 3})
        journal.record(0, trace(0), 1.5, {"attempts": 2, "where": "here"})
    with Journal.read(tmp_path) as journal:
        stored = journal.trials()[0].user_attrs
    assert stored == {"seed": 3, "cpu_s": 1.5, "attempts": 2, "where": "here", "trace": pack(trace(0))}
    assert list(stored)[-1] == "trace"  # a run that has a trace has all


def test_a_failed_run_has_its_reason_and_no_values(tmp_path: Path) -> None:
    broken = Trace.of([], seed=0, participation="", status="failed", reason="round 1: boom\nbang")
    with create(tmp_path) as journal:
        journal.add(proposal(0), {})
        journal.record(0, broken, 0.1)
        journal.tell(0, None)
    with Journal.read(tmp_path) as journal:
        stored = journal.trace(0)
        assert stored is not None
        assert (stored.status, stored.reason, len(stored)) == ("failed", "round 1: boom\nbang", 0)
        assert journal.trials()[0].state is TrialState.FAIL


def test_the_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / JOURNAL).is_file()


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    fill(tmp_path)
    with create(tmp_path) as journal:
        journal.add(proposal(6), {})
        assert [trial.number for trial in journal.trials()] == list(range(7))
        journal.tell(4, [1.0, 1.0])
    with Journal.read(tmp_path) as journal:
        assert [trial.state.name for trial in journal.trials()[4:]] == ["COMPLETE", "RUNNING", "RUNNING"]


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"seed": 1}, "seed is 0 there and 1 here"),
        ({"space": "other"}, "space is 'mine' there and 'other' here"),
        ({"fleet.weights": [0.4, 0.6]}, "fleet.weights is [0.5, 0.5] there and [0.4, 0.6] here"),
        ({"new": 3}, "new is None there and 3 here"),
        ({"zz": 1, "seed": 2, "space": "x"}, "seed is 0 there and 2 here"),
        ({"limits.co2e.at_most": None}, "limits.co2e.at_most is 1.5 there and None here"),
    ],
)
def test_another_study_is_refused_by_the_key_that_differs(
    tmp_path: Path, change: dict[str, object], shown: str
) -> None:
    fill(tmp_path)
    before = (tmp_path / JOURNAL).read_bytes()
    message = one_line(lambda: Journal.create_or_open(tmp_path, BOTH, {**IDENTITY, **change}))
    assert message.startswith(f"{tmp_path} holds another study: {shown}")
    assert (tmp_path / JOURNAL).read_bytes() == before
    create(tmp_path).__exit__(None, None, None)  # the refusal let go of the folder


def test_a_second_driver_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    fill(tmp_path)
    with create(tmp_path):
        assert one_line(lambda: create(tmp_path)) == f"{tmp_path} is in use by another flopt"
        with Journal.read(tmp_path) as reader:
            assert len(reader.trials()) == 6
    create(tmp_path).__exit__(None, None, None)


def test_a_second_driver_in_another_process_is_refused(tmp_path: Path) -> None:
    fill(tmp_path)
    script = (
        "import sys; from pathlib import Path; from flopt.search.stores.storage import Journal\n"
        "try: Journal.create_or_open(Path(sys.argv[1]), ['minimize'], {})\n"
        "except Exception as error: print(error)"
    )
    with create(tmp_path):
        other = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert other.stdout == f"{tmp_path} is in use by another flopt\n"


def test_a_reader_beside_a_driver_repairs_nothing(tmp_path: Path) -> None:
    fill(tmp_path)
    with create(tmp_path):
        with (tmp_path / JOURNAL).open("ab") as file:
            file.write(b'{"op_code":4,"half')
        size = (tmp_path / JOURNAL).stat().st_size
        with Journal.read(tmp_path) as reader:
            assert (len(reader.trials()), reader.repaired_bytes) == (6, 0)
        assert (tmp_path / JOURNAL).stat().st_size == size


def whole_records(content: bytes) -> tuple[int, list[bool]]:
    """Bytes of the whole lines, and for each run in them whether its trace is there."""
    whole = content.rfind(b"\n") + 1
    done: list[bool] = []
    for line in map(json.loads, content[:whole].splitlines()):
        if line["op_code"] == 4:
            done.append(False)
        elif line["op_code"] == 8 and "trace" in line["user_attr"]:
            done[line["trial_id"]] = True
    return whole, done


def test_a_torn_line_is_cut_off_at_every_byte_of_the_last_4_kb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # this test cuts no power
    fill(tmp_path, runs=4)
    file = tmp_path / JOURNAL
    content = file.read_bytes()
    assert len(content) > 5000
    for length in range(len(content) - 4096, len(content) + 1):
        file.write_bytes(content[:length])
        whole, done = whole_records(content[:length])
        with Journal.read(tmp_path) as journal:
            assert journal.repaired_bytes == length - whole
            assert [journal.trace(number) is not None for number in range(len(journal.trials()))] == done
        assert file.stat().st_size == whole


@pytest.mark.parametrize("cut", [1, 7, 100, 400])
def test_a_driver_repairs_a_torn_line_and_goes_on(tmp_path: Path, cut: int) -> None:
    fill(tmp_path)
    file = tmp_path / JOURNAL
    file.write_bytes(file.read_bytes()[:-cut])
    whole, done = whole_records(file.read_bytes())
    with create(tmp_path) as journal:
        assert journal.repaired_bytes == (file.stat().st_size - whole or journal.repaired_bytes) > 0
        journal.add(proposal(9), {})
    with Journal.read(tmp_path) as journal:
        assert len(journal.trials()) == len(done) + 1
        assert journal.repaired_bytes == 0


def test_a_journal_that_was_killed_at_its_birth_begins_again(tmp_path: Path) -> None:
    fill(tmp_path, runs=0)
    file = tmp_path / JOURNAL
    content = file.read_bytes()
    header = len(b"".join(content.splitlines(keepends=True)[:2]))
    for length in range(0, header + 1, 3):
        file.write_bytes(content[:length])
        fill(tmp_path, runs=0)
        with Journal.read(tmp_path) as journal:
            assert len(journal.trials()) == 2


def test_a_journal_without_identity_does_not_take_objectives_of_another_kind(tmp_path: Path) -> None:
    fill(tmp_path)
    file = tmp_path / JOURNAL
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    message = one_line(lambda: Journal.create_or_open(tmp_path, ["minimize"], IDENTITY))
    assert message == f"{tmp_path}: its header is cut off; remove its journal to begin again"


@pytest.mark.parametrize("length", [0, 1, 40])
def test_a_journal_without_its_header_cannot_be_read(tmp_path: Path, length: int) -> None:
    fill(tmp_path)
    file = tmp_path / JOURNAL
    file.write_bytes(file.read_bytes()[:length])
    assert one_line(lambda: Journal.read(tmp_path)) == f"{file}: its header is cut off; no run can be read"


NOT_A_JOURNAL = [
    b"hello\n",
    b"a,b\n1,2\n",
    b"[1]\n",
    b"1\n",
    b"null\n",
    b"{}\n",
    b'{"op_code":77}\n',
    b'{"op_code":4,"study_id":0}\n',
    b'{"op_code":0}\n',
    b"\xff\xfe\x00\n",
    b"\n",
    b"\n\n",
]


@pytest.mark.parametrize("content", NOT_A_JOURNAL, ids=repr)
@pytest.mark.parametrize("open_it", [create, Journal.read])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes, open_it: Callable[[Path], Journal]
) -> None:
    file = tmp_path / JOURNAL
    file.write_bytes(content)
    assert one_line(lambda: open_it(tmp_path)).startswith(f"{file}: ")
    assert file.read_bytes() == content


def test_a_line_broken_in_the_middle_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path)
    file = tmp_path / JOURNAL
    lines = file.read_bytes().splitlines(keepends=True)
    content = b"".join([*lines[:5], lines[5][:20] + b"\n", *lines[6:]])
    file.write_bytes(content)
    for open_it in (create, Journal.read):
        assert "not a journal of a study" in one_line(lambda open_it=open_it: open_it(tmp_path))  # type: ignore[misc]
    assert file.read_bytes() == content


@pytest.mark.parametrize("what", ["empty folder", "no folder", "a file", "a folder in its place"])
def test_what_is_no_study_folder_is_not_read(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "study"
    if what == "a file":
        folder.write_text("x")
    elif what != "no folder":
        folder.mkdir()
    if what == "a folder in its place":
        (folder / JOURNAL).mkdir()
    assert one_line(lambda: Journal.read(folder)) == f"{folder} is not a study folder: it has no {JOURNAL}"


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("x")
    assert one_line(lambda: create(tmp_path / "study")) == f"{tmp_path}/study is not a folder"
    assert one_line(lambda: create(tmp_path / "study" / "inner")) == f"{tmp_path}/study/inner: Not a directory"


def test_a_folder_where_the_journal_should_be(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).mkdir()
    assert one_line(lambda: create(tmp_path)) == f"{tmp_path / JOURNAL}: Is a directory"


def test_no_permission_to_write_is_said_and_reading_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert one_line(lambda: create(tmp_path)) == f"{tmp_path}: no permission to write"
    with Journal.read(tmp_path) as journal:
        assert len(journal.trials()) == 6


def test_numbers_keep_every_bit(tmp_path: Path) -> None:
    accuracy = np.random.default_rng(0).random(50)
    rounds = [
        Round(float(a), float(1 / a), clients=1, samples=1, download_bytes=2**53, upload_bytes=0) for a in accuracy
    ]
    with create(tmp_path) as journal:
        journal.add(proposal(0), {})
        journal.record(0, Trace.of(rounds, seed=0, participation=""), 0.0)
    with Journal.read(tmp_path) as journal:
        stored = journal.trace(0)
        assert stored is not None
        assert stored.accuracy.tolist() == accuracy.tolist()
        assert stored.columns["download_bytes"][0] == 2**53
