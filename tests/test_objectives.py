"""Objectives: the value along a run is that of plain calls whatever the function does, and no mistake is silent."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt import Run, objective
from flopt.catalogue import load_objective, shipped
from flopt.errors import FloptError
from flopt.objectives import Measure, Objective
from flopt.oracles.analytic import analytic
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.run import NotYetTrained
from flopt.study import study_of
from flopt.trace import Round, Trace, record

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
PLAN = Plan(rounds=9)
PREDICTED = PROBLEM.run(PLAN)


def trained(rounds: int = 9) -> Run:
    plan = Plan(rounds=rounds)
    participation = PROBLEM.participation(plan, 3)
    trace = record(analytic(PROBLEM.task)(plan, participation, 3), seed=3, participation=participation.fingerprint)
    return PROBLEM.run(plan, trace)


def with_accuracies(accuracies: list[float]) -> Run:
    rounds = [Round(a, 1.0, clients=1, samples=1, download_bytes=1, upload_bytes=1) for a in accuracies]
    return PROBLEM.run(Plan(rounds=len(rounds)), Trace.of(rounds, seed=0, participation=""))


def plain(measure: Measure, run: Run) -> list[float]:
    return [float(measure(run.until(r))) for r in range(1, run.length + 1)]


def minimised(measure: Measure) -> Objective:
    return objective(direction="minimize", unit="")(measure)


def best_so_far(run: Run) -> float:
    return float(max(run.trace.accuracy))


def whole_accuracy(run: Run) -> float:
    return float(np.max(run.accuracy))


def branches(run: Run) -> float:
    return 1.0 if run.accuracy > 0.5 else 0.0


def takes_a_logarithm(run: Run) -> float:
    return math.log(run.co2e_kg)


def area_under_the_curve(run: Run) -> float:
    return float(np.mean(run.trace.accuracy))


def reads_the_plan(run: Run) -> float:
    return run.plan.rounds + run.plan.local_epochs


def last_loss(run: Run) -> float:
    return float(run.trace.loss[-1])


def first_loss(run: Run) -> float:
    return float(run.trace.loss[0])


def constant(_run: Run) -> float:
    return 4.0


def adds_in_place(run: Run) -> float:
    seconds = run.duration_s
    seconds += 5.0
    return seconds


def total_of_everything(run: Run) -> float:
    return float(np.sum(run.co2e_kg))


def centred(run: Run) -> float:
    return run.accuracy - float(np.mean(run.accuracy))


def parts(run: Run) -> float:
    return float(run.co2e_kg_by_part.server + run.co2e_kg_by_part.upload)


def leaves_in_the_middle(run: Run) -> float:
    if not isinstance(run.at, int):
        sys.exit("only for numbers")
    return run.accuracy


MEASURES = (
    best_so_far, whole_accuracy, branches, takes_a_logarithm, area_under_the_curve, reads_the_plan, last_loss,
    first_loss, constant, adds_in_place, total_of_everything, centred, parts, leaves_in_the_middle,
)  # fmt: skip


@pytest.mark.parametrize("name", shipped("objectives", ".py"))
@pytest.mark.parametrize("rounds", [1, 2, 9])
def test_along_equals_plain_calls_for_every_shipped_objective(name: str, rounds: int) -> None:
    run, shipped_objective = trained(rounds), load_objective(name)
    assert shipped_objective.along(run).tolist() == plain(shipped_objective, run)


@pytest.mark.parametrize("name", shipped("objectives", ".py"))
def test_shipped_objectives_take_a_whole_run_in_one_call(name: str) -> None:
    places: list[int | slice] = []
    loaded = load_objective(name)

    def spy(run: Run) -> float:
        places.append(run.at)
        return loaded.measure(run)

    minimised(spy).along(trained(9))
    assert places == [0, 4, 8, slice(None)]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("rounds", [1, 2, 3, 9])
def test_along_equals_plain_calls_for_functions_that_lie_on_arrays(measure: Measure, rounds: int) -> None:
    run = trained(rounds)
    assert minimised(measure).along(run).tolist() == plain(measure, trained(rounds))


@pytest.mark.parametrize("measure", MEASURES)
def test_an_objective_leaves_the_run_as_it_was(measure: Measure) -> None:
    run, fresh = trained(), trained()
    minimised(measure).along(run)
    for name in ("duration_s", "co2e_kg", "accuracy"):
        assert getattr(run.along(), name).tolist() == getattr(fresh.along(), name).tolist()


@pytest.mark.parametrize("measure", [best_so_far, whole_accuracy, branches, centred])
@given(accuracies=st.lists(st.sampled_from([0.2, 0.5, 0.9]), min_size=1, max_size=9))
def test_along_equals_plain_calls_for_any_curve(measure: Measure, accuracies: list[float]) -> None:
    run = with_accuracies(accuracies)
    assert minimised(measure).along(run).tolist() == plain(measure, run)


@pytest.mark.parametrize("name", shipped("objectives", ".py"))
def test_of_the_shipped_objectives_only_accuracy_has_to_be_learned(name: str) -> None:
    assert load_objective(name).is_known(PREDICTED) == (name != "accuracy")


def test_a_function_that_hides_exceptions_is_still_not_known() -> None:
    def careless(run: Run) -> float:
        try:
            return run.accuracy
        except Exception:
            return 0.0

    assert not minimised(careless).is_known(PREDICTED)
    with pytest.raises(NotYetTrained):
        minimised(careless)(PREDICTED)


@pytest.mark.parametrize("rounds", [1, 5, 9])
def test_what_reads_something_learned_at_any_round_tried_is_not_known(rounds: int) -> None:
    late = minimised(lambda run: run.loss if run.rounds == rounds else run.co2e_kg)
    assert not late.is_known(PREDICTED)


def test_known_false_is_taken_at_its_word() -> None:
    measured = objective(direction="minimize", unit="kg", known=False)(lambda run: run.co2e_kg)
    assert not measured.is_known(PREDICTED)


def test_known_true_is_checked() -> None:
    @objective(direction="maximize", unit="", known=True)
    def hopeful(run: Run) -> float:
        return run.accuracy

    with pytest.raises(FloptError, match=r"objective 'hopeful' \(.*:\d+\) says known=True, but it reads run.accuracy"):
        hopeful.is_known(PREDICTED)


def test_an_objective_that_breaks_on_a_predicted_run_says_so_before_training() -> None:
    with pytest.raises(FloptError, match="ZeroDivisionError"):
        minimised(lambda run: 1 / (run.rounds - 9)).is_known(PREDICTED)


def one_line(objective: Callable[[Run], float], run: Run) -> str:
    with pytest.raises(FloptError) as caught:
        objective(run)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-np.inf, "-inf"),
        (np.float64("nan"), "nan"),
        ("0.5", "'0.5'"),
        (None, "None"),
        (True, "True"),
        (np.True_, "True"),
        ([0.5], "[0.5]"),
        (1 + 2j, "(1+2j)"),
        (np.complex128(1), "1+0j"),
        (np.array([0.5, 0.6]), "array of shape (2,)"),
        (np.array([0.5]), "array of shape (1,)"),
        (np.array("half"), "'half'"),
        (10**400, "1000"),
        ({"a": "x" * 500}, "..."),
    ],
    ids=repr,
)
def test_what_is_no_finite_number_is_refused_with_function_place_and_value(value: object, shown: str) -> None:
    def odd(_run: Run) -> float:
        return value  # type: ignore[return-value]  # what a user's untyped function may do

    message = one_line(minimised(odd), trained())
    assert re.match(rf"objective 'odd' \({re.escape(__file__)}:\d+\) gave ", message)
    assert shown in message
    assert len(message) < 500


@pytest.mark.parametrize("value", [0.5, 2, np.float32(0.5), np.int64(2), np.array(0.5), -0.0, 1e300])
def test_every_kind_of_finite_number_is_taken(value: float) -> None:
    given = minimised(lambda _: value)(trained())
    assert type(given) is float
    assert given == float(value)


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (FloptError("inner"), "FloptError: inner"),
        (SystemExit(3), "SystemExit: 3"),
        (RecursionError(), "RecursionError"),
    ],
)
def test_an_objective_that_raises_is_named_with_its_place(error: BaseException, shown: str) -> None:
    def broken(_run: Run) -> float:
        raise error

    message = one_line(minimised(broken), trained())
    assert re.match(
        rf"objective 'broken' \({re.escape(__file__)}:\d+\) failed on run at round 9 of rounds 9, ", message
    )
    assert shown in message


def test_ctrl_c_inside_an_objective_is_no_mistake_of_the_objective() -> None:
    def interrupted(_run: Run) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minimised(interrupted)(trained())


def test_a_mistake_at_one_round_only_is_not_passed_over() -> None:
    with pytest.raises(FloptError, match="failed on run at round 7"):
        minimised(lambda run: 1 / (run.rounds - 7)).along(trained())
    with pytest.raises(FloptError, match="gave nan for run at round 4"):
        minimised(lambda run: math.nan if run.rounds == 4 else 1.0).along(trained())


def test_the_direction_is_required_and_spelled() -> None:
    with pytest.raises(FloptError, match=r"no direction 'maximise'; did you mean 'maximize' or"):
        objective(direction="maximise", unit="")  # type: ignore[arg-type]
    with pytest.raises(FloptError, match="unit None: must be text"):
        objective(direction="maximize", unit=None)  # type: ignore[arg-type]


def test_an_object_that_can_be_called_is_an_objective_too() -> None:
    class Dollars:
        def __call__(self, run: Run) -> float:
            return 190 * run.co2e_kg

    cost = objective(direction="minimize", unit="USD")(Dollars())
    assert (cost.name, cost.unit, cost.source) == ("Dollars", "USD", "")
    assert cost(trained()) == 190 * trained().co2e_kg
