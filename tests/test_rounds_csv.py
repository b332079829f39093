from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flopt.errors import FloptError
from flopt.importing.imported import ImportedRun
from flopt.importing.rounds_csv import rounds_of

HEAD = "run,round,accuracy,clients,uplink,co2e_kg,app.big\n"


def written(runs: list[ImportedRun]) -> str:
    """The runs as a table again."""
    plan = sorted({name for run in runs for name in run.settings})
    counts = ["clients", "samples", "download_bytes", "upload_bytes"]
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(["run", "round", "accuracy", "loss", *counts, *plan])
    for run in runs:
        for each in run.rounds:
            head = [run.name, each.number, each.accuracy, each.loss, *(each.counts.get(name) for name in counts)]
            table.writerow([*head, *(run.settings.get(name) for name in plan)])
    return out.getvalue()


def test_lines_become_runs_with_their_plans() -> None:
    text = HEAD + "a,1,0.25,4,quantize:8,0.5,true\na,2,,4,quantize:8,0.25,true\nb,1,1,,none,,7\n"
    a, b = rounds_of(text, "t.csv", "t")
    assert (a.name, a.settings, a.measured) == ("a", {"uplink": "quantize:8", "app.big": True}, {"co2e_kg": 0.75})
    assert [each.accuracy for each in a.rounds] == [0.25, None]
    assert a.flaw() == "round 2 has no accuracy"
    assert (b.settings, b.measured, b.rounds[0].counts) == ({"uplink": "none", "app.big": 7}, {}, {})
    assert b.flaw() == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "t.csv: empty; a table begins with its column names"),
        ("run,round\na,1\n", "t.csv: line 1: missing columns: accuracy"),
        ("round,acuracy\n", "line 1: no column 'acuracy'; did you mean 'accuracy'"),
        ("round,accuracy\n1,0.5\n2,high\n", "line 3, column accuracy: accuracy = 'high': must be a finite number"),
        ("round,accuracy\n1,nan\n", "line 2, column accuracy: accuracy = 'nan'"),
        ("round,accuracy\n1,1.5\n", r"line 2, column accuracy: accuracy = 1.5: must be between 0 and 1"),
        ("round,accuracy\n1.5,1\n", "line 2, column round: round = '1.5': must be a whole number"),
        ("round,accuracy\n1\n", "line 2: 1 cells under 2 columns"),
        ("round,accuracy,clients\n1,1,-3\n", "line 2, column clients: clients = -3: must not be negative"),
        (
            "round,accuracy,uplink\n1,1,none\n2,1,sign\n",
            "line 3, column uplink: 'sign'; the run's first line has 'none'",
        ),
        ("round,round,accuracy\n", "column 'round' stands twice"),
        ('round,accuracy\n1,"0.5\n', "unexpected end of data"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, told: str) -> None:
    with pytest.raises(FloptError, match=told):
        rounds_of(text, "t.csv", "t")


@pytest.mark.parametrize(
    ("lines", "flaw"),
    [
        ("", "it has no round"),
        ("1,0.1,5\n2,0.2,5\n", "it was cut off after 2 of 5 rounds"),
        ("1,0.1,\n3,0.2,\n", "round 2 is missing"),
        ("1,0.1,1\n2,0.2,1\n", "it has 2 rounds; its plan has 1"),
    ],
)
def test_what_is_no_run_has_a_flaw(lines: str, flaw: str) -> None:
    runs = rounds_of("round,accuracy,rounds\n" + lines, "t.csv", "t") or [ImportedRun("t", ())]
    assert flaw in runs[0].flaw()


WEIRD = 'ab1.-";\t é\x00\r\n,'  # no categories: Hypothesis would build its table of all characters first
CELLS = st.one_of(
    st.sampled_from(["1", "2", "0.5", "", "a", "nan", "1e999", "-1", '"', "none"]), st.text(alphabet=WEIRD, max_size=4)
)
COLUMN = st.sampled_from(["run", "round", "accuracy", "loss", "clients", "samples", "rounds", "uplink", "app.x", "?"])


@settings(max_examples=25, deadline=None)
@given(st.lists(COLUMN, min_size=1, max_size=5), st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=4))
def test_any_text_is_refused_in_a_line_or_round_trips(header: list[str], rows: list[list[str]]) -> None:
    check("\n".join(map(",".join, [["round", "accuracy", *header], *(["1", "0.5", *row] for row in rows)])))


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet=WEIRD + "roundacy", max_size=60))
def test_so_is_any_text_at_all(text: str) -> None:
    check(text)


def check(text: str) -> None:
    try:
        runs = rounds_of(text, "t.csv", "t")
    except FloptError as error:
        told = str(error)
        runs = None
    if runs is None:
        assert told.startswith("t.csv: ")
        return
    again = rounds_of(written(runs), "t.csv", "t")
    assert [(run.name, run.rounds) for run in again] == [(run.name, run.rounds) for run in runs]
