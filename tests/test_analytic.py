"""The analytic oracle: pure, a learning curve in shape, and honest about what a plan costs it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.compression import Compression
from flopt.oracles.analytic import CEILING, analytic
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.study import study_of
from flopt.trace import Trace, record

PROBLEM = problem_of(study_of({"oracle": "analytic"}))
TASK = PROBLEM.task
PLAN = Plan(rounds=30, client_fraction=1.0)

PLANS = st.builds(
    Plan,
    rounds=st.integers(1, 12),
    local_epochs=st.integers(1, 50),
    client_fraction=st.floats(0.01, 1.0),
    batch_size=st.integers(1, 500),
    client_lr=st.floats(1e-4, 10.0),
    uplink=st.builds(Compression.at_level, st.sampled_from(["none", "quantize", "topk"]), st.floats(0, 1)),
    downlink=st.builds(Compression.at_level, st.sampled_from(["none", "quantize"]), st.floats(0, 1)),
)


def curve(plan: Plan, seed: int = 0) -> Trace:
    participation = PROBLEM.participation(plan, seed)
    trace = record(analytic(TASK)(plan, participation, seed), seed=seed, participation=participation.fingerprint)
    assert trace.status == "ok", trace.reason
    return trace


def last(plan: Plan) -> float:
    """Accuracy at the end, without the noise that all plans share."""
    return float(np.mean([curve(plan, seed).accuracy[-1] for seed in range(5)]))


@given(plan=PLANS, seed=st.integers(0, 2**32))
def test_any_plan_gives_a_whole_trace(plan: Plan, seed: int) -> None:
    assert len(curve(plan, seed)) == plan.rounds


@given(plan=PLANS, rounds=st.integers(1, 12))
def test_the_first_rounds_do_not_depend_on_how_many_follow(plan: Plan, rounds: int) -> None:
    short = replace(plan, rounds=min(rounds, plan.rounds))
    full, part = curve(plan), curve(short)
    for name, column in part.columns.items():
        np.testing.assert_array_equal(column, full.columns[name][: short.rounds])  # NaN where nothing is scored


def test_equal_arguments_give_equal_rounds_and_another_seed_others() -> None:
    assert curve(PLAN, 1).accuracy.tolist() == curve(PLAN, 1).accuracy.tolist()
    assert curve(PLAN, 1).accuracy.tolist() != curve(PLAN, 2).accuracy.tolist()


def test_the_curve_rises_from_the_majority_class_towards_its_ceiling() -> None:
    accuracy = curve(replace(PLAN, rounds=400)).accuracy
    assert TASK.majority_share < accuracy[0] < accuracy[-1] <= 1
    assert accuracy[-1] == pytest.approx(CEILING, abs=0.05)


def test_loss_falls_as_accuracy_rises() -> None:
    assert (np.diff(curve(PLAN).loss) < 0).all()


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (replace(PLAN, uplink=Compression("topk", 0.001)), PLAN),
        (replace(PLAN, uplink=Compression("quantize", 2)), replace(PLAN, uplink=Compression("quantize", 8))),
        (replace(PLAN, downlink=Compression("quantize", 2)), PLAN),
        (replace(PLAN, client_lr=0.001), PLAN),
        (replace(PLAN, rounds=5), PLAN),
        (replace(PLAN, rounds=3), replace(PLAN, rounds=3, local_epochs=4)),
        (replace(PLAN, rounds=400, local_epochs=50), replace(PLAN, rounds=400, local_epochs=1)),
    ],
)
def test_what_a_plan_saves_costs_accuracy(worse: Plan, better: Plan) -> None:
    assert last(worse) < last(better)


def test_few_clients_make_it_noisy() -> None:
    def spread(fraction: float) -> float:
        plan = replace(PLAN, client_fraction=fraction)
        return float(np.std([curve(plan, seed).accuracy[-1] for seed in range(20)]))

    assert spread(0.05) > 2 * spread(1.0)


def test_bytes_and_samples_are_those_of_the_clients_drawn() -> None:
    plan = replace(PLAN, rounds=3, local_epochs=2, client_fraction=0.3, uplink=Compression("quantize", 4))
    trace, drawn = curve(plan, 5), PROBLEM.participation(plan, 5).selected
    assert trace.columns["clients"].tolist() == [4, 4, 4]
    assert trace.columns["upload_bytes"].tolist() == [4 * plan.uplink.wire_bytes(TASK.tensors)] * 3
    assert trace.columns["download_bytes"].tolist() == [4 * TASK.model_bytes] * 3
    assert trace.columns["samples"].tolist() == [2 * sum(TASK.client_samples[c] for c in row) for row in drawn]


def test_the_test_score_is_another_draw_than_the_validation_score() -> None:
    trace = curve(PLAN)
    assert (trace.columns["test_accuracy"] != trace.accuracy).all()
    assert np.abs(trace.columns["test_accuracy"] - trace.accuracy).max() < 0.05


def test_only_clients_whose_update_is_used_are_counted_and_all_that_are_drawn_receive() -> None:
    selected = np.array([[4, 0, 2], [1, 5, 3]])
    used = np.array([[True, False, True], [False, False, False]])
    taking_part = Participation(selected, used, used, np.zeros(TASK.clients, dtype=np.int64))
    first, second = analytic(TASK)(Plan(rounds=2, local_epochs=3), taking_part, 0)
    assert (first.clients, first.upload_bytes, first.download_bytes) == (2, 2 * TASK.model_bytes, 3 * TASK.model_bytes)
    assert first.samples == 3 * (TASK.client_samples[4] + TASK.client_samples[2])
    assert (second.clients, second.samples, second.upload_bytes) == (0, 0, 0)
