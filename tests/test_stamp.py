"""The stamp: older studies go on, newer ones are refused with the version to install."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flopt.errors import FloptError
from flopt.search.samplers import propose
from flopt.search.stores.stamp import FORMAT, format_of
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.space import IntAxis, Space
from flopt.trace import Round, Trace
from flopt.version import __version__

BOTH: Any = ("maximize", "minimize")
TRACE = Trace.of([Round(0.5, 0.1, 1, 1, 1, 1)], seed=0, participation="")
PROPOSAL = propose("random", Space("mine", {"rounds": IntAxis(1, 9)}), BOTH, [], [False, False], 0)


def older(folder: Path) -> None:
    """A study of one run as flopt wrote it before studies were stamped."""
    with Journal.create_or_open(folder, BOTH, {"seed": 0}) as journal:
        journal.add(PROPOSAL, {})
        journal.study._storage.set_trial_user_attr(0, "trace", TRACE.to_json())
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL).write_bytes(b"".join(line for line in lines if b'"format"' not in line))


def test_a_new_study_says_its_format_and_version(tmp_path: Path) -> None:
    with Journal.create_or_open(tmp_path, BOTH, {"seed": 0}) as journal:
        assert journal.study.user_attrs == {"format": {"format": FORMAT, "flopt": __version__}, "identity": {"seed": 0}}


def test_an_older_study_is_read_as_it_is_and_stamped_when_it_goes_on(tmp_path: Path) -> None:
    older(tmp_path)
    content = (tmp_path / JOURNAL).read_bytes()
    with Journal.read(tmp_path) as journal:
        assert format_of(journal.study) == 1
        assert [trace and trace.to_json() for trace in journal.traces()] == [TRACE.to_json()]
    assert (tmp_path / JOURNAL).read_bytes() == content
    with Journal.create_or_open(tmp_path, BOTH, {"seed": 0}) as journal:
        assert format_of(journal.study) == FORMAT
        assert [trace and trace.to_json() for trace in journal.traces()] == [TRACE.to_json()]
    assert (tmp_path / JOURNAL).read_bytes().startswith(content)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({"format": 3, "flopt": "7.1"}, "written by flopt 7.1 in format 3; this flopt"),
        ({"format": "x"}, "written by flopt ? in format -1"),
        ({"format": float("inf")}, "written by flopt ? in format -1"),
        ([], "written by flopt ? in format -1"),
        ({"format": 0}, "written by flopt ? in format 0"),
    ],
)
def test_a_newer_study_is_refused_by_all_and_left_as_it_is(tmp_path: Path, stored: Any, shown: str) -> None:
    with Journal.create_or_open(tmp_path, BOTH, {"seed": 0}) as journal:
        journal.study.set_user_attr("format", stored)
    content = (tmp_path / JOURNAL).read_bytes()
    for open_it in (Journal.read, Journal.reopen, lambda folder: Journal.create_or_open(folder, BOTH, {"seed": 0})):
        with pytest.raises(FloptError) as caught:
            open_it(tmp_path)
        assert str(caught.value).startswith(f"{tmp_path}: {shown}")
        assert "\n" not in str(caught.value)
    assert (tmp_path / JOURNAL).read_bytes() == content
