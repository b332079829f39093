from __future__ import annotations

import pytest

from flopt.errors import FloptError
from flopt.importing.imported import ImportedRound, ImportedRun, by_name, number_of


def test_numbers_are_finite_and_whole_where_they_must_be() -> None:
    assert number_of(" 1e3 ", "x") == 1000
    for text in ("inf", "1_0", "", "nan"):
        with pytest.raises(FloptError, match="must be a finite number"):
            number_of(text, "x")
    with pytest.raises(FloptError, match="must be a whole number"):
        number_of("1.5", "x", whole=True)


def test_a_name_stands_once_and_a_round_is_possible() -> None:
    with pytest.raises(FloptError, match="stands in two files"):
        by_name([ImportedRun("a", ()), ImportedRun("a", ())])
    with pytest.raises(FloptError, match="must be at least 1"):
        ImportedRound(0, 0.5)


def test_a_run_shorter_than_planned_was_cut_off() -> None:
    run = ImportedRun("a", (ImportedRound(1, 0.5), ImportedRound(2, 0.6)))
    assert (run.flaw(), run.flaw(2), run.flaw(3)) == ("", "", "it was cut off after 2 of 3 rounds")
    assert ImportedRun("a", run.rounds, {"rounds": 2}).flaw(3) == ""  # its own file knows better
