"""The message: what is wrong in it is said in one line; what is right ends a run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flopt
from flopt.asking.message import parsed
from flopt.errors import FloptError
from flopt.trace import COLUMNS

GOOD: dict[str, Any] = {"number": 0, "rounds": [{"accuracy": 0.5, "loss": 1.2}]}

WRONG = {
    "": "stdin: not JSON: EOF while parsing a value",
    "{": "stdin: not JSON: EOF while parsing an object",
    "[1, 2]": "stdin: the message = [1, 2]: must be an object",
    "7": "stdin: the message = 7: must be an object",
    '{"rounds": []}': "stdin: number is missing",
    '{"number": "3"}': "stdin: number = '3': must be a whole number",
    '{"number": true}': "stdin: number = True: must be a whole number",
    '{"number": 1.5}': "stdin: number = 1.5: must be a whole number",
    '{"number": -1}': "stdin: number = -1: must be at least 0",
    '{"numbr": 1, "number": 1}': "stdin: no key 'numbr'; did you mean 'number'?",
    '{"number": 1, "rounds": 3}': "stdin: rounds = 3: must be a list",
    '{"number": 1, "rounds": [0.5]}': "stdin: rounds.0 = 0.5: must be an object",
    '{"number": 1, "rounds": [{"accuracy": 0.5}]}': "stdin: rounds.0.loss is missing",
    '{"number": 1, "rounds": [{"accuracy": "0.5", "loss": 1}]}': "stdin: rounds.0.accuracy = '0.5': must be a number",
    '{"number": 1, "rounds": [{"accuracy": null, "loss": 1}]}': "stdin: rounds.0.accuracy = None: must be a number",
    '{"number": 1, "rounds": [{"accuracy": 1, "loss": 1, "acc": 1}]}': "stdin: no key 'rounds.0.acc'; ",
    '{"number": 1, "rounds": [{"accuracy": 1, "loss": 1, "clients": 1.5}]}': "rounds.0.clients = 1.5: must be a whole",
    '{"number": 1, "rounds": [{"accuracy": 1, "loss": 1, "samples": 1%s}]}' % ("0" * 400): "must be at most 9007199254",
    '{"number": 1, "status": "okay"}': "stdin: status = 'okay': must be ok or failed",
    '{"number": 1, "reason": 3}': "stdin: reason = 3: must be text",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_in_one_line(text: str) -> None:
    with pytest.raises(FloptError) as caught:
        parsed(text)
    assert WRONG[text] in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=40) | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_anything_is_a_message_or_one_line(content: bytes | str) -> None:
    line = ""
    try:
        parsed(content)
    except FloptError as error:
        line = str(error)
    assert line == "" or line.startswith("stdin: ")
    assert "\n" not in line


def test_every_column_of_a_trace_can_be_told() -> None:
    told = dict.fromkeys(COLUMNS, 1)
    (done,) = parsed(json.dumps({"number": 0, "rounds": [told]})).rounds
    assert done.model_dump() == told


@pytest.mark.parametrize(
    ("change", "status", "cpu_s"),
    [({}, "stopped", 0.0), ({"cpu_s": 2.5}, "stopped", 2.5), ({"status": "failed", "reason": "no"}, "failed", 0.0)],
)
def test_a_message_ends_a_run(change: dict[str, Any], status: str, cpu_s: float) -> None:
    search = flopt.Search({"space": "quick"})
    trial = search.ask()
    assert trial is not None
    message = parsed(json.dumps(GOOD | change))
    message.report_to(trial)
    message.end(trial)
    (trace,) = search.results().traces
    assert trace is not None
    assert (trace.status, trace.accuracy.tolist(), trace.loss.tolist()) == (status, [0.5], [1.2])
    assert search.progress().cpu_s == cpu_s
