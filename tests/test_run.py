"""A run: what is read after a round is what a run stopped there would give; nothing learned before training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.compression import Compression
from flopt.emissions.footprint import PARTS
from flopt.errors import FloptError
from flopt.oracles.analytic import analytic
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.run import NotYetTrained, Run
from flopt.study import study_of
from flopt.trace import record

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
PLAN = Plan(rounds=7, local_epochs=3, uplink=Compression("quantize", 8))
QUANTITIES = (
    "rounds", "accuracy", "loss", "energy_kwh", "co2e_kg", "duration_s", "upload_bytes", "download_bytes", "samples",
)  # fmt: skip
LEARNED = ("accuracy", "loss", "trace")


def trained(plan: Plan = PLAN, *, ended: int | None = None) -> Run:
    """A run by formula; `ended` stops it before the plan's end."""
    participation = PROBLEM.participation(plan, 3)
    trace = record(analytic(PROBLEM.task)(plan, participation, 3), seed=3, participation=participation.fingerprint)
    return PROBLEM.run(plan, trace if ended is None else trace.until(ended))


RUN = trained()


@pytest.mark.parametrize("name", QUANTITIES)
def test_the_view_along_all_rounds_equals_the_run_stopped_after_each(name: str) -> None:
    along = getattr(RUN.along(), name)
    assert np.array_equal(along, [getattr(RUN.until(r), name) for r in range(1, 8)])
    assert along.shape == (7,)


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantities_after_a_round_are_plain_numbers(name: str) -> None:
    assert type(getattr(RUN.until(4), name)) in (int, float)


@pytest.mark.parametrize("rounds", [1, 3, 7])
def test_a_stopped_run_costs_what_its_shorter_plan_costs(rounds: int) -> None:
    stopped, short = RUN.until(rounds), PROBLEM.run(replace(PLAN, rounds=rounds))
    assert stopped.plan == short.plan
    for name in (quantity for quantity in QUANTITIES if quantity not in LEARNED):
        assert getattr(stopped, name) == getattr(short, name)


def test_the_parts_add_up_at_every_round() -> None:
    for run in (RUN, RUN.until(2), RUN.along()):
        for parts, total in ((run.co2e_kg_by_part, run.co2e_kg), (run.energy_kwh_by_part, run.energy_kwh)):
            np.testing.assert_allclose(sum(getattr(parts, part) for part in PARTS), total, rtol=1e-12)


def test_bytes_and_samples_are_counted_by_hand() -> None:
    run, task = RUN.until(5), PROBLEM.task
    clients = round(0.35 * task.clients)
    assert run.clients_per_round == clients == 5
    assert run.download_bytes == 5 * clients * 4 * task.parameters
    assert run.upload_bytes == 5 * clients * (task.parameters + 4 * len(task.tensors))
    assert run.samples == pytest.approx(5 * clients * 3 * sum(task.client_samples) / task.clients)


def test_the_trace_ends_where_the_run_is_stopped() -> None:
    assert len(RUN.until(3).trace) == 3
    assert RUN.until(3).accuracy == RUN.trace.accuracy[2]
    assert RUN.until(3).until(6).accuracy == RUN.trace.accuracy[5]
    assert len(RUN.along().trace) == 7


def test_a_run_that_ended_early_is_as_long_as_its_trace() -> None:
    run = trained(ended=4)
    assert (run.length, run.rounds, run.plan.rounds, run.whole_plan.rounds) == (4, 4, 4, 7)
    assert run.co2e_kg == RUN.until(4).co2e_kg


@pytest.mark.parametrize("rounds", [0, -1, 8])
def test_a_round_outside_the_run_is_refused(rounds: int) -> None:
    with pytest.raises(FloptError, match=rf"run: round {rounds} is outside 1\.\.7"):
        RUN.until(rounds)


def test_a_round_may_be_one_of_numpys_integers() -> None:
    number: np.int64 = np.arange(1, 8)[2]
    stopped = RUN.until(number)  # type: ignore[arg-type]  # what a user's loop over an array gives
    assert (stopped.rounds, stopped.plan.rounds, len(stopped.trace)) == (3, 3, 3)
    assert type(stopped.accuracy) is float


def test_a_round_that_is_no_whole_number_is_refused() -> None:
    with pytest.raises(TypeError):
        RUN.until(2.5)  # type: ignore[arg-type]


def test_a_trace_longer_than_the_plan_makes_no_run() -> None:
    with pytest.raises(FloptError, match="the trace has 7 rounds; the plan has 5"):
        PROBLEM.run(replace(PLAN, rounds=5), RUN.whole_trace)


@pytest.mark.parametrize("name", LEARNED)
def test_nothing_learned_can_be_read_before_training(name: str) -> None:
    predicted = PROBLEM.run(PLAN)
    with pytest.raises(NotYetTrained, match=name):
        getattr(predicted, name)
    with pytest.raises(NotYetTrained, match=name):
        getattr(predicted.along(), name)


def test_what_is_known_can_be_read_before_training() -> None:
    predicted = PROBLEM.run(PLAN)
    for name in (quantity for quantity in QUANTITIES if quantity not in LEARNED):
        assert getattr(predicted, name) == getattr(RUN, name)


def test_except_exception_does_not_hide_what_is_not_yet_trained() -> None:
    def careless(run: Run) -> float:
        try:
            return run.accuracy
        except Exception:
            return 0.0

    assert not issubclass(NotYetTrained, Exception)
    with pytest.raises(NotYetTrained):
        careless(PROBLEM.run(PLAN))


@pytest.mark.parametrize("name", ["duration_s", "accuracy", "loss"])
def test_the_arrays_of_a_view_cannot_be_changed(name: str) -> None:
    values: NDArray[np.float64] = getattr(RUN.along(), name)
    with pytest.raises(ValueError, match="read-only"):
        values += 1.0


def test_parts_of_a_view_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        RUN.along().co2e_kg_by_part.server[0] = 0.0


def test_a_run_says_what_it_is() -> None:
    assert str(PROBLEM.run(PLAN)).startswith("predicted run at round 7 of rounds ")
    assert str(RUN.until(2)).startswith("run at round 2 of rounds ")
