"""A plan is valid at birth and survives the way through text and numbers."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.compression import Compression
from flopt.errors import FloptError
from flopt.plan import ALGORITHMS, PLAN_FIELDS, SCHEDULES, SERVER_OPTIMIZERS, Plan, Setting, told

COUNTS = st.integers(1, 10_000)
QUANTIZED = st.builds(Compression, st.just("quantize"), st.integers(2, 16))
PLANS = st.builds(
    Plan,
    rounds=COUNTS,
    local_epochs=COUNTS,
    client_fraction=st.floats(0, 1, exclude_min=True),
    batch_size=COUNTS,
    client_lr=st.floats(1e-9, 1e3),
    local_steps=st.integers(0, 100),
    client_momentum=st.floats(0, 0.99),
    weight_decay=st.floats(0, 10),
    algorithm=st.sampled_from(sorted(ALGORITHMS)),
    server_optimizer=st.sampled_from(sorted(SERVER_OPTIMIZERS)),
    schedule=st.sampled_from(sorted(SCHEDULES)),
    uplink=st.one_of(QUANTIZED, st.builds(Compression, st.just("topk"), st.floats(1e-6, 1))),
    downlink=QUANTIZED,
)


@given(PLANS)
def test_settings_read_back_as_the_same_plan(plan: Plan) -> None:
    settings = plan.settings()
    assert tuple(settings) == PLAN_FIELDS
    assert Plan.of(settings) == plan


def test_settings_are_text_and_numbers() -> None:
    settings = Plan(uplink=Compression("topk", 0.01)).settings()
    assert settings["uplink"] == "topk:0.01"
    assert settings["downlink"] == "none"
    assert settings["rounds"] == 40


def test_settings_left_out_come_from_the_base() -> None:
    base = Plan(rounds=7, client_lr=0.2)
    assert Plan.of({"local_epochs": 3}, base) == replace(base, local_epochs=3)
    assert Plan.of({}) == Plan()


def test_a_plan_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Plan().rounds = 3  # type: ignore[misc]


@pytest.mark.parametrize("name", ["rounds", "local_epochs", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "3"])
def test_counts_are_whole_and_at_least_1(name: str, value: Setting) -> None:
    message = f"plan: {name} = {value!r}: must be a whole number, at least 1"
    with pytest.raises(FloptError, match=re.escape(message)):
        Plan.of({name: value})


@pytest.mark.parametrize("value", [0, -0.1, 1.01, float("nan"), True, "half"])
def test_the_client_fraction_is_above_0_and_at_most_1(value: Setting) -> None:
    message = f"plan: client_fraction = {value!r}: must be a number above 0 and at most 1"
    with pytest.raises(FloptError, match=re.escape(message)):
        Plan.of({"client_fraction": value})


@pytest.mark.parametrize("value", [0, -0.1, float("nan"), float("inf")])
def test_the_learning_rate_is_above_0(value: float) -> None:
    with pytest.raises(FloptError, match=f"plan: client_lr = {value}: must be a number above 0$"):
        Plan(client_lr=value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"round": 3}, "plan: no setting 'round'; did you mean 'rounds'?"),
        ({"uplink": 8}, "plan: uplink = 8: write a compression such as 'quantize:8'"),
        ({"uplink": "quantise:8"}, "plan: uplink: no compression 'quantise'; did you mean 'quantize'?"),
        ({"downlink": "topk:0.1"}, "plan: downlink topk:0.1: a newly drawn client holds no earlier model"),
        ({"downlink": "topk:0.1"}, "so the downlink takes none, float16, bfloat16, quantize, qsgd"),
    ],
)
def test_bad_settings_say_what_is_allowed(settings: dict[str, Setting], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        Plan.of(settings)


@pytest.mark.parametrize("name", ["local_steps", "warmup_rounds"])
def test_some_counts_may_be_0(name: str) -> None:
    assert Plan.of({name: 0}) == Plan()
    with pytest.raises(FloptError, match=f"plan: {name} = -1: must be a whole number, at least 0"):
        Plan.of({name: -1})


@pytest.mark.parametrize("name", ["client_momentum", "server_momentum"])
@pytest.mark.parametrize("value", [1, -0.1, float("nan"), "much"])
def test_momenta_are_from_0_to_below_1(name: str, value: Setting) -> None:
    message = f"plan: {name} = {value!r}: must be a number at least 0 and below 1"
    with pytest.raises(FloptError, match=re.escape(message)):
        Plan.of({name: value})


@pytest.mark.parametrize("name", ["weight_decay", "proximal_mu"])
def test_pulls_are_not_negative(name: str) -> None:
    assert Plan.of({name: 0}) == Plan()
    with pytest.raises(FloptError, match=f"plan: {name} = -1: must be a number at least 0$"):
        Plan.of({name: -1})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"algorithm": "scafold"}, "plan: no algorithm 'scafold'; did you mean 'scaffold'?"),
        ({"server_optimizer": "adamw"}, "plan: no server optimizer 'adamw'; did you mean 'adam'?"),
        ({"schedule": 3}, "plan: no schedule '3'; allowed: constant, cosine, inverse-sqrt"),
    ],
)
def test_named_settings_say_what_is_allowed(settings: dict[str, Setting], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        Plan.of(settings)


def test_only_the_cosine_looks_ahead() -> None:
    assert [Plan(schedule=s).horizon_dependent for s in SCHEDULES] == [False, False, True]


def test_local_work_in_epochs_or_steps() -> None:
    epochs, steps = Plan(local_epochs=3, batch_size=20), Plan(local_epochs=3, batch_size=20, local_steps=5)
    assert (epochs.local_samples(50), epochs.steps_per_round(50)) == (150, 9)
    assert (steps.local_samples(50), steps.steps_per_round(50)) == (100, 5)


def test_control_variates_double_the_bytes() -> None:
    plan = Plan(uplink=Compression("topk", 0.1), downlink=Compression("quantize", 8))
    assert (plan.upload_bytes([(10, 5)]), plan.download_bytes([(10, 5)])) == (40, 54)
    both = replace(plan, algorithm="scaffold")
    assert (both.upload_bytes([(10, 5)]), both.download_bytes([(10, 5)])) == (80, 108)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.24005444228412505, "0.2401"),
        (0.1, "0.1"),
        (1.0, "1"),
        (123456, "123456"),
        (True, "True"),
        ("adam", "adam"),
        ("topk:0.316228", "topk:0.3162"),
        ("quantize:8", "quantize:8"),
        ("https://example.org:0.123456", "https://example.org:0.123456"),
    ],
)
def test_a_setting_is_told_to_four_digits(value: Setting, said: str) -> None:
    assert told(value) == said


def test_a_plan_in_words_is_short_and_its_settings_are_not() -> None:
    plan = Plan(client_fraction=0.24005444228412505, uplink=Compression("topk", 0.316228))
    assert "client_fraction 0.2401, " in str(plan)
    assert "uplink topk:0.3162, " in str(plan)
    assert plan.settings()["client_fraction"] == 0.24005444228412505
    assert plan.settings()["uplink"] == "topk:0.316228"
