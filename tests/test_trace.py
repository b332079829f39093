"""A trace keeps what happened, stops where it is told, and survives JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.errors import FloptError
from flopt.trace import COLUMNS, Round, Trace, record

ROUND = Round(accuracy=0.5, loss=1.2, clients=5, samples=300, download_bytes=4000, upload_bytes=1000)
THREE = [replace(ROUND, accuracy=accuracy) for accuracy in (0.5, 0.7, 0.8)]
TRACE = Trace.of(THREE, seed=3, participation="abc")

COUNTS = st.integers(0, 2**53)
SHARES = st.floats(0, 1)
ROUNDS = st.builds(
    Round,
    accuracy=SHARES,
    loss=st.floats(allow_nan=False, allow_infinity=False),
    clients=COUNTS,
    samples=COUNTS,
    download_bytes=COUNTS,
    upload_bytes=COUNTS,
    test_accuracy=st.one_of(st.just(math.nan), SHARES),
    auc=st.one_of(st.just(math.nan), SHARES),
)


def same(one: Trace, other: Trace) -> bool:
    heads = [(t.seed, t.participation, t.status, t.reason) for t in (one, other)]
    columns = (np.array_equal(one.columns[c], other.columns[c], equal_nan=True) for c in COLUMNS)
    return heads[0] == heads[1] and all(columns)


def test_columns_hold_the_rounds_in_order() -> None:
    assert len(TRACE) == 3
    assert TRACE.accuracy.tolist() == [0.5, 0.7, 0.8]
    assert TRACE.loss.tolist() == [1.2, 1.2, 1.2]
    assert TRACE.columns["upload_bytes"].tolist() == [1000, 1000, 1000]


@given(st.lists(ROUNDS))
def test_rounds_come_back(rounds: list[Round]) -> None:
    trace = Trace.of(rounds, seed=0, participation="")
    assert same(Trace.of(trace.rounds(), seed=0, participation=""), trace)
    assert all(isinstance(each.clients, int) for each in trace.rounds())


def test_columns_are_frozen() -> None:
    for trace in (TRACE, TRACE.until(2)):
        with pytest.raises(ValueError, match="read-only"):
            trace.accuracy[0] = 1


def test_until_is_the_same_run_stopped_earlier() -> None:
    assert same(TRACE.until(2), Trace.of(THREE[:2], seed=3, participation="abc"))
    assert same(TRACE.until(3), TRACE)


@pytest.mark.parametrize("rounds", [0, 4, -1])
def test_until_a_round_that_never_was_is_refused(rounds: int) -> None:
    with pytest.raises(FloptError, match=rf"trace: round {rounds} is outside 1\.\.3"):
        TRACE.until(rounds)


@given(st.lists(ROUNDS, max_size=4), st.sampled_from(["ok", "failed"]), st.text())
def test_json_reads_back_as_the_same_trace(rounds: list[Round], status: str, reason: str) -> None:
    trace = replace(Trace.of(rounds, seed=3, participation="abc"), status=status, reason=reason)  # type: ignore[arg-type]
    text = json.dumps(trace.to_json(), allow_nan=False)
    assert same(Trace.from_json(json.loads(text)), trace)


def test_json_has_whole_counts_and_null_for_nan() -> None:
    values = TRACE.until(1).to_json()
    assert repr(values["clients"]) == "[5]"
    assert values["test_accuracy"] == [None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "x"}, "trace: not one of flopt's (ValueError: could not convert string to float: 'x')"),
        ({"loss": 3}, "trace: not one of flopt's (TypeError"),
        ({"loss": [1.0]}, "trace: columns of different lengths"),
        ({"status": "fine"}, "trace: status 'fine'; must be ok, stopped or failed"),
    ],
)
def test_json_of_something_else_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        Trace.from_json({**TRACE.to_json(), **change})


def test_json_without_a_column_names_it() -> None:
    values = {name: value for name, value in TRACE.to_json().items() if name != "loss"}
    with pytest.raises(FloptError, match=r"trace: not one of flopt's \(KeyError: 'loss'\)"):
        Trace.from_json(values)


def test_other_columns_are_refused() -> None:
    with pytest.raises(FloptError, match="trace: columns \\['accuracy'\\]; must be"):
        Trace({"accuracy": np.ones(2)}, seed=0, participation="")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accuracy": 1.1}, "round: accuracy = 1.1: must be between 0 and 1"),
        ({"accuracy": math.nan}, "round: accuracy = nan: must be between 0 and 1"),
        ({"test_accuracy": -0.1}, "round: test_accuracy = -0.1: must be between 0 and 1, or NaN"),
        ({"loss": math.nan}, "round: loss is NaN (the training diverged)"),
        ({"loss": math.inf}, "round: loss is inf (the training diverged)"),
        ({"clients": -1}, "round: clients = -1: must not be negative"),
        ({"upload_bytes": -8}, "round: upload_bytes = -8: must not be negative"),
    ],
)
def test_impossible_rounds_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        replace(ROUND, **change)  # type: ignore[arg-type]  # wrong on purpose


def test_record_keeps_every_round() -> None:
    assert same(record(iter(THREE), seed=3, participation="abc"), TRACE)


def diverging(error: Exception) -> Iterator[Round]:
    yield ROUND
    raise error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ZeroDivisionError("by zero"), "round 2: ZeroDivisionError: by zero"),
        (FloptError("too few"), "round 2: too few"),
    ],
)
def test_record_turns_an_exception_into_a_failed_trace(error: Exception, reason: str) -> None:
    trace = record(diverging(error), seed=3, participation="abc")
    assert (trace.status, trace.reason, len(trace)) == ("failed", reason, 1)


def test_record_lets_an_interruption_through() -> None:
    def interrupted() -> Iterator[Round]:
        yield ROUND
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(interrupted(), seed=0, participation="")


def test_record_refuses_what_is_no_round() -> None:
    trace = record([0.5], seed=0, participation="")  # type: ignore[list-item]
    assert trace.status == "failed"
    assert trace.reason == "round 1: the oracle gave 0.5; it must give flopt.Round values"


def test_record_of_no_round_is_a_failure() -> None:
    trace = record([], seed=0, participation="")
    assert (trace.status, trace.reason, len(trace)) == ("failed", "the oracle gave no round", 0)


def test_a_trace_of_an_older_version_has_unknown_metrics() -> None:
    newer = ("auc", "balanced_accuracy", "worst_client_accuracy")
    values = {name: value for name, value in TRACE.to_json().items() if name not in newer}
    assert same(Trace.from_json(values), TRACE)


@pytest.mark.parametrize("name", ["auc", "balanced_accuracy", "worst_client_accuracy"])
def test_shares_are_shares(name: str) -> None:
    with pytest.raises(FloptError, match=f"round: {name} = 1.5: must be between 0 and 1, or NaN"):
        replace(ROUND, **{name: 1.5})  # type: ignore[arg-type]  # wrong on purpose


def test_other_values_in_a_column_are_checked_as_those_of_a_new_trace() -> None:
    other = TRACE.with_columns({"accuracy": np.array([0.1, 0.2, 0.3])})
    assert other.accuracy.tolist() == [0.1, 0.2, 0.3]
    assert other.loss.tolist() == TRACE.loss.tolist()
    assert (other.seed, other.participation) == (TRACE.seed, TRACE.participation)
    for column, values in {
        "accuracy": [0.1, 0.2, 1.1],
        "loss": [1.0, math.nan, 1.0],
        "clients": [1.0, 2.0, 2.5],
    }.items():
        with pytest.raises(FloptError, match=column):
            TRACE.with_columns({column: np.array(values)})
    with pytest.raises(FloptError, match="columns of different lengths"):
        TRACE.with_columns({"accuracy": np.array([0.1])})
