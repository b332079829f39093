"""Packed traces: every bit comes back, older ones are read, and what is none is said in one line."""

from __future__ import annotations

import base64
import json
import math
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.errors import FloptError
from flopt.search.stores.packed import pack, unpack
from flopt.trace import COLUMNS, Round, Status, Trace

unit = st.floats(0, 1)
maybe = st.one_of(unit, st.just(math.nan))
finite = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(0, 2**53)
rounds = st.builds(Round, unit, finite, whole, whole, whole, whole, maybe, maybe, maybe, maybe)
statuses: st.SearchStrategy[Status] = st.sampled_from(["ok", "stopped", "failed"])


@given(st.lists(rounds, max_size=8), statuses, st.text(), st.integers(0))
def test_every_bit_comes_back(done: list[Round], status: Status, reason: str, seed: int) -> None:
    trace = Trace.of(done, seed=seed, participation="abc", status=status, reason=reason)
    back = unpack(json.loads(json.dumps(pack(trace))))
    assert (back.seed, back.participation, back.status, back.reason) == (seed, "abc", status, reason)
    for name in COLUMNS:
        assert back.columns[name].tobytes() == trace.columns[name].tobytes() or np.isnan(trace.columns[name]).any()
        np.testing.assert_array_equal(back.columns[name], trace.columns[name])


@given(st.lists(rounds, max_size=8))
def test_traces_in_full_of_older_studies_are_read(done: list[Round]) -> None:
    trace = Trace.of(done, seed=3, participation="abc")
    assert unpack(trace.to_json()).to_json() == trace.to_json()


def test_a_hand_made_packing() -> None:
    """One round of accuracy 0.5 (0x3fe0...) and loss 2 (0x4000...): low bytes first, the top ones side by side."""
    trace = Trace.of([Round(0.5, 2.0, 0, 0, 0, 0)], seed=1, participation="p")
    stored = pack(trace)
    assert stored["columns"] == list(COLUMNS[:6])
    assert stored["rounds"] == 1
    inside = zlib.decompress(base64.b64decode(stored["zlib1"]))
    assert inside == bytes(36) + b"\xe0" + bytes(5) + b"\x3f\x40" + bytes(4)


def test_a_packed_trace_is_a_quarter_of_one_in_full() -> None:
    random = np.random.default_rng(0)
    done = [
        Round(k / 360, float(random.random()), 5, 1000 + k, 10**5, 10**5, k / 360) for k in random.integers(0, 360, 100)
    ]
    trace = Trace.of(done, seed=0, participation="abc")
    assert len(json.dumps(pack(trace))) < 0.3 * len(json.dumps(trace.to_json()))


GOOD = pack(Trace.of([Round(0.5, 0.1, 1, 1, 1, 1)] * 3, seed=0, participation="p"))
BOMB = base64.b64encode(zlib.compress(bytes(50_000_000))).decode()


@pytest.mark.parametrize(
    "change",
    [
        {"rounds": 4},
        {"rounds": -1},
        {"rounds": 10**9},
        {"rounds": "3"},
        {"rounds": None},
        {"columns": ["accuracy"]},
        {"columns": None},
        {"columns": [*COLUMNS[:5], "secret"]},
        {"columns": [[], 1]},
        {"zlib1": "AAAA"},
        {"zlib1": "not base64!"},
        {"zlib1": 5},
        {"zlib1": BOMB},
        {"status": "fine"},
        {"status": []},
    ],
    ids=lambda change: str(change)[:40],
)
def test_what_is_no_trace_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(FloptError, match=r"^trace: ") as caught:
        unpack({**GOOD, **change})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", GOOD)
def test_nothing_may_be_missing(missing: str) -> None:
    with pytest.raises(FloptError, match=r"^trace: "):
        unpack({name: value for name, value in GOOD.items() if name != missing})


@pytest.mark.parametrize("stored", [None, 3, "x", [], [1], {}])
def test_other_values_are_no_trace(stored: Any) -> None:
    with pytest.raises(FloptError, match=r"^trace: "):
        unpack(stored)


def test_a_packed_value_that_no_round_may_have_is_refused() -> None:
    table = np.array([[2.0], [0.1], [1.0], [1.0], [1.0], [1.0]])
    content = zlib.compress(table.view(np.uint8).reshape(-1, 8).T.tobytes())
    with pytest.raises(FloptError, match=r"accuracy = 2\.0: must be between 0 and 1"):
        unpack({**GOOD, "rounds": 1, "zlib1": base64.b64encode(content).decode()})
