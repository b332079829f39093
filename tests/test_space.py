"""Search spaces: every point is a valid plan, and every mistake in the file is one line that names it."""

from __future__ import annotations

import tomllib
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.compression import Compression
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.space import ChoiceAxis, FloatAxis, IntAxis, Space

BASE = Plan(rounds=33, client_lr=0.07, uplink=Compression("topk", 0.1))


def space(text: str) -> Space:
    return Space.of("mine", tomllib.loads(text), "mine.toml")


def test_the_type_of_an_axis_follows_from_its_setting() -> None:
    axes = space(
        """
        rounds = { low = 5, high = 200, log = true }
        client_fraction = { low = 1e-2, high = 1 }
        batch_size = { choices = [10, 20] }
        """
    ).axes
    assert axes["rounds"] == IntAxis(5, 200, log=True)
    assert axes["client_fraction"] == FloatAxis(0.01, 1.0)
    assert axes["batch_size"] == ChoiceAxis((10, 20))


def test_axes_keep_the_order_of_the_file() -> None:
    text = "client_lr = { low = 0.1, high = 1.0 }\nuplink = { kind = ['none'] }\nrounds = { low = 1, high = 2 }"
    assert list(space(text).axes) == ["client_lr", "uplink.kind", "uplink.level", "rounds"]


def test_a_compression_is_two_axes() -> None:
    axes = space("uplink = { kind = ['none', 'topk'], level = { low = 0.25, high = 0.5 } }").axes
    assert axes == {"uplink.kind": ChoiceAxis(("none", "topk")), "uplink.level": FloatAxis(0.25, 0.5)}


def test_levels_are_free_where_none_are_given() -> None:
    assert space("downlink = { kind = ['quantize'] }").axes["downlink.level"] == FloatAxis(0.0, 1.0)


def test_levels_may_be_choices() -> None:
    axes = space("uplink = { kind = ['topk'], level = { choices = [0, 0.5, 1] } }").axes
    assert axes["uplink.level"] == ChoiceAxis((0, 0.5, 1))


def test_whole_compressions_may_be_choices() -> None:
    mine = space("uplink = { choices = ['none', 'quantize:4', 'topk:0.01'] }")
    assert mine.plan({"uplink": "topk:0.01"}, BASE).uplink == Compression("topk", 0.01)


def test_what_is_not_searched_comes_from_the_base() -> None:
    mine = space("local_epochs = { low = 1, high = 9 }")
    assert mine.plan({"local_epochs": 4}, BASE) == Plan(
        rounds=33, client_lr=0.07, uplink=Compression("topk", 0.1), local_epochs=4
    )


@pytest.mark.parametrize(
    ("values", "uplink"),
    [
        ({"uplink.kind": "quantize", "uplink.level": 0.0}, "quantize:2"),
        ({"uplink.kind": "quantize", "uplink.level": 1.0}, "quantize:8"),
        ({"uplink.kind": "topk", "uplink.level": 0.0}, "topk:0.001"),
        ({"uplink.kind": "none", "uplink.level": 0.3}, "none"),
        ({"uplink.kind": "quantize"}, "quantize:8"),
        ({"downlink.kind": "quantize", "downlink.level": 0.5}, "topk:0.1"),
        ({}, "topk:0.1"),
    ],
)
def test_kind_and_level_make_one_compression_and_nothing_else(values: dict[str, object], uplink: str) -> None:
    plan = space("uplink = { kind = ['none', 'quantize', 'topk'] }").plan(values, BASE)
    assert str(plan.uplink) == uplink
    assert plan.client_lr == BASE.client_lr


@given(level=st.floats(0, 1), kind=st.sampled_from(["none", "quantize", "topk"]))
def test_every_level_makes_a_plan_that_its_own_text_reads_back(level: float, kind: str) -> None:
    mine = space("uplink = { kind = ['none', 'quantize', 'topk'] }")
    plan = mine.plan({"uplink.kind": kind, "uplink.level": level}, BASE)
    assert Plan.of(plan.settings()) == plan


@pytest.mark.parametrize(
    ("text", "rounds"),
    [
        ("rounds = { low = 5, high = 50 }", 50),
        ("rounds = { choices = [5, 50, 10] }", 50),
        ("local_epochs = { low = 1, high = 99 }", None),
    ],
)
def test_the_most_rounds_of_a_space(text: str, rounds: int | None) -> None:
    assert space(text).max_rounds == rounds


BAD = {
    # what the file is
    "": "the space has no axis",
    "round = { low = 1, high = 2 }": "no axis 'round'; did you mean 'rounds'?",
    "uplink.kinds = ['none']": "no key of uplink 'kinds'; did you mean 'kind'",
    "rounds = 5": "rounds must be a table with low and high, or with choices",
    "rounds = [1, 2]": "rounds must be a table",
    "[[rounds]]\nlow = 1\nhigh = 2": "rounds must be a table",
    "rounds = { low = 1, hihg = 2 }": "rounds: no key 'hihg'; did you mean 'high'?",
    "rounds = {}": "rounds: low = None: must be a number",
    "rounds = { low = 1 }": "rounds: high = None: must be a number",
    # ranges
    "rounds = { low = 5.0, high = 9 }": "rounds: low = 5.0: must be a whole number",
    "rounds = { low = 5, high = 9.5 }": "rounds: high = 9.5: must be a whole number",
    "rounds = { low = '5', high = 9 }": "rounds: low = '5': must be a number",
    "rounds = { low = true, high = 9 }": "rounds: low = True: must be a number",
    "rounds = { low = [1], high = 9 }": "rounds: low = [1]: must be a number",
    "rounds = { low = 2024-01-01, high = 9 }": "rounds: low = datetime.date(2024, 1, 1): must be a number",
    "rounds = { low = 9, high = 5 }": "rounds: low = 9 must not be above high = 5",
    "rounds = { low = 0, high = 5 }": "rounds: rounds = 0: must be a whole number, at least 1",
    "rounds = { low = -3, high = 5 }": "rounds: rounds = -3: must be a whole number, at least 1",
    "rounds = { low = 1, high = 5, log = 1 }": "rounds: log = 1: must be true or false",
    "rounds = { low = 1, high = 5, log = 'yes' }": "rounds: log = 'yes': must be true or false",
    "client_lr = { low = 0, high = 1, log = true }": "client_lr: low = 0: must be above 0 on a log axis",
    "client_lr = { low = -0.1, high = 1, log = true }": "client_lr: low = -0.1: must be above 0 on a log axis",
    "client_lr = { low = 0.1, high = inf }": "client_lr: high = inf: must be a number",
    f"client_lr = {{ low = 0.1, high = 1{'0' * 400} }}": "0000: must be a number",
    "client_lr = { low = nan, high = 1 }": "client_lr: low = nan: must be a number",
    "client_fraction = { low = 0.1, high = 1.2 }": "client_fraction = 1.2: must be a number above 0 and at most 1",
    "client_fraction = { low = 0, high = 1 }": "client_fraction = 0: must be a number above 0 and at most 1",
    "client_fraction = { low = 0.9, high = 0.1 }": "client_fraction: low = 0.9 must not be above high = 0.1",
    # choices
    "batch_size = { choices = [] }": "batch_size: choices = []: must be a list of at least one value",
    "batch_size = { choices = 10 }": "batch_size: choices = 10: must be a list of at least one value",
    "batch_size = { choices = 'ten' }": "batch_size: choices = 'ten': must be a list of at least one value",
    "batch_size = { choices = [10, 10] }": "batch_size: choices = [10, 10]: a value stands twice",
    "client_fraction = { choices = [1, 1.0] }": "choices = [1, 1.0]: a value stands twice",
    "batch_size = { choices = [10, 0] }": "batch_size: batch_size = 0: must be a whole number, at least 1",
    "batch_size = { choices = [10, 'all'] }": "batch_size: batch_size = 'all': must be a whole number",
    "batch_size = { choices = [[10]] }": "batch_size: batch_size = [10]: must be a whole number",
    "batch_size = { choices = [true] }": "batch_size: batch_size = True: must be a whole number",
    "batch_size = { choices = [10], low = 1 }": "batch_size: give choices, or low and high, not both",
    "uplink = { choices = ['gzip'] }": "uplink: no compression 'gzip'",
    "uplink = { choices = ['quantise:8'] }": "uplink: no compression 'quantise'; did you mean 'quantize'?",
    "uplink = { choices = ['quantize:99'] }": "uplink: compression quantize:99: bits must be between 2 and 16",
    "uplink = { choices = [8] }": "uplink: uplink = 8: write a compression such as 'quantize:8'",
    "uplink = { choices = ['none'], kind = ['none'] }": "uplink: no key 'kind'",
    "downlink = { choices = ['topk:0.1'] }": "downlink: downlink topk:0.1: a newly drawn client holds no earlier model",
    # kind and level
    "uplink = { low = 0, high = 1 }": "no key of uplink 'low'",
    "uplink = { level = { low = 0, high = 1 } }": "uplink.kind = None: must be a list of at least one of none, ",
    "uplink = { kind = [] }": "uplink.kind = []: must be a list of at least one of none, ",
    "uplink = { kind = 'none' }": "uplink.kind = 'none': must be a list",
    "uplink = { kind = ['none', 'top-k'] }": "uplink.kind: no compression 'top-k'; did you mean 'topk'?",
    "uplink = { kind = [['none']] }": "uplink.kind: no compression \"['none']\"",
    "uplink = { kind = [{ a = 1 }] }": "uplink.kind: no compression",
    "uplink = { kind = [8] }": "uplink.kind: no compression '8'",
    "uplink = { kind = ['topk', 'topk'] }": "uplink.kind = ['topk', 'topk']: a value stands twice",
    "downlink = { kind = ['none', 'topk'] }": "downlink.kind: topk needs a client that holds an earlier model",
    "uplink = { kind = ['topk'], level = 0.5 }": "uplink.level must be a table with low and high in [0, 1]",
    "uplink = { kind = ['topk'], level = { low = -0.1, high = 1 } }": "uplink.level: (-0.1, 1.0) must lie in [0, 1]",
    "uplink = { kind = ['topk'], level = { low = 0, high = 1.5 } }": "uplink.level: (0.0, 1.5) must lie in [0, 1]",
    "uplink = { kind = ['topk'], level = { low = 0.5, high = 0.1 } }": "low = 0.5 must not be above high = 0.1",
    "uplink = { kind = ['topk'], level = { low = 0, high = 1, log = true } }": "low = 0: must be above 0 on a log axis",
    "uplink = { kind = ['topk'], level = { choices = [0.5, 2] } }": "uplink.level: (0.5, 2) must lie in [0, 1]",
    "uplink = { kind = ['topk'], level = { choices = [[0.5]] } }": "uplink.level: ([0.5],) must lie in [0, 1]",
    "uplink = { kind = ['topk'], level = { choices = ['most'] } }": "uplink.level: ('most',) must lie in [0, 1]",
    "uplink = { kind = ['topk'], level = { choices = [true] } }": "uplink.level: (True,) must lie in [0, 1]",
    "uplink = { kind = ['topk'], level = { choices = [nan] } }": "uplink.level: (nan,) must lie in [0, 1]",
    "uplink = { kind = ['topk'], level = { choices = [] } }": "uplink.level: choices = []: must be a list",
    "uplink = { kind = ['topk'], level = { choices = [2024-01-01] } }": "must lie in [0, 1]",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: " ".join(text.split()) or "(empty)")
def test_a_mistake_is_one_line_with_place_and_value(text: str) -> None:
    with pytest.raises(FloptError) as caught:
        space(text)
    message = str(caught.value)
    assert message.startswith("mine.toml: ")
    assert BAD[text] in message
    assert "\n" not in message


def test_a_range_may_be_a_single_value() -> None:
    assert space("rounds = { low = 5, high = 5 }").axes["rounds"] == IntAxis(5, 5)


def test_corners_of_a_full_space_are_plans() -> None:
    mine = space(
        """
        rounds = { low = 1, high = 1000, log = true }
        local_epochs = { low = 1, high = 50 }
        client_fraction = { low = 1e-6, high = 1.0, log = true }
        batch_size = { choices = [1, 512] }
        client_lr = { low = 1e-6, high = 10.0, log = true }
        uplink = { kind = ["none", "quantize", "topk"] }
        downlink = { kind = ["none", "quantize"], level = { low = 0, high = 1 } }
        """
    )
    ends = [a.choices if isinstance(a, ChoiceAxis) else (a.low, a.high) for a in mine.axes.values()]
    plans = {mine.plan(dict(zip(mine.axes, point, strict=True)), BASE) for point in product(*ends)}
    assert len(plans) == 2**5 * (1 + 2 + 2) * (1 + 2)  # a level means nothing without compression
