"""The problem: prices before training, limits that cap or reject a plan, and what is known of an objective."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from flopt import Run, objective
from flopt.catalogue import load_objective
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.pricing import Pricing
from flopt.errors import FloptError
from flopt.objectives import Objective
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.problem import Limit, Problem
from flopt.space import Axis, ChoiceAxis, FloatAxis, IntAxis, Space
from flopt.study import study_of
from flopt.trace import Round, Trace

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
ACCURACY, CO2E, TRAFFIC = (load_objective(name) for name in ("accuracy", "co2e", "traffic"))
PLAN = Plan(rounds=20)


def limited(*limits: Limit) -> Problem:
    return replace(PROBLEM, limits=limits)


def kg(rounds: int) -> float:
    return PROBLEM.run(PLAN).until(rounds).co2e_kg


@pytest.mark.parametrize(
    ("limit", "values", "violation"),
    [
        (Limit(ACCURACY, at_least=0.8), [0.5, 0.8, 0.9], [0.3, 0.0, -0.1]),
        (Limit(CO2E, at_most=2.0), [1.0, 2.0, 3.5], [-1.0, 0.0, 1.5]),
        (Limit(CO2E, at_least=1.0, at_most=2.0), [0.5, 1.0, 1.6, 3.0], [0.5, 0.0, -0.4, 1.0]),
    ],
)
def test_a_violation_is_how_far_a_value_lies_outside(limit: Limit, values: list[float], violation: list[float]) -> None:
    np.testing.assert_allclose(limit.violation(np.array(values)), violation, atol=1e-12)
    assert [float(limit.violation(value)) for value in values] == pytest.approx(violation)


def test_a_limit_needs_a_bound_and_says_what_it_is() -> None:
    with pytest.raises(FloptError, match=r"limits\.accuracy: give at_least or at_most"):
        Limit(ACCURACY)
    assert str(Limit(CO2E, at_most=2)) == "co2e at most 2 kg"
    assert str(Limit(ACCURACY, at_least=0.8, at_most=0.9)) == "accuracy at least 0.8 and at most 0.9"


@pytest.mark.parametrize(
    ("name", "bounds", "said"),
    [
        ("accuracy", {"at_least": 2.0}, "at_least = 2: must be between 0 and 1, as accuracy always is"),
        ("accuracy", {"at_most": -0.1}, "at_most = -0.1: must be between 0 and 1, as accuracy always is"),
        ("accuracy", {"at_least": 0.5, "at_most": 1.01}, "at_most = 1.01: must be between 0 and 1"),
        ("co2e", {"at_most": -1e-9}, "at_most = -1e-09: must be at least 0, as co2e always is"),
        ("duration", {"at_least": -1.0}, "at_least = -1: must be at least 0, as duration always is"),
    ],
)
def test_a_limit_beyond_what_its_objective_can_be_is_refused(name: str, bounds: dict[str, float], said: str) -> None:
    with pytest.raises(FloptError, match=re.escape(f"limits.{name}.{said}")):
        Limit(load_objective(name), **bounds)


def test_limits_at_the_ends_and_on_objectives_without_any_are_taken() -> None:
    assert Limit(ACCURACY, at_least=0.0, at_most=1.0).at_most == 1.0
    assert Limit(CO2E, at_least=0.0).at_least == 0.0
    free = objective(direction="maximize", unit="EUR")(lambda run: -run.co2e_kg)
    assert Limit(free, at_least=-3.0, at_most=1e9).at_least == -3.0


def test_without_limits_every_plan_is_as_it_was() -> None:
    assert PROBLEM.within_known_limits(PLAN) == PLAN


@pytest.mark.parametrize("rounds", [1, 7, 19])
def test_a_limit_on_something_known_caps_the_rounds_exactly(rounds: int) -> None:
    for at_most in (kg(rounds), (kg(rounds) + kg(rounds + 1)) / 2):
        assert limited(Limit(CO2E, at_most=at_most)).within_known_limits(PLAN) == replace(PLAN, rounds=rounds)


def test_a_limit_that_the_whole_plan_keeps_changes_nothing() -> None:
    assert limited(Limit(CO2E, at_most=kg(20))).within_known_limits(PLAN) == PLAN


def test_a_plan_that_breaks_a_limit_in_its_first_round_is_rejected() -> None:
    assert limited(Limit(CO2E, at_most=kg(1) * 0.999)).within_known_limits(PLAN) is None


def test_a_lower_bound_does_not_cap_but_rejects_what_never_reaches_it() -> None:
    assert limited(Limit(CO2E, at_least=kg(15))).within_known_limits(PLAN) == PLAN
    assert limited(Limit(CO2E, at_least=kg(20) * 1.01)).within_known_limits(PLAN) is None


def test_several_limits_hold_together() -> None:
    window = limited(Limit(CO2E, at_least=kg(3)), Limit(TRAFFIC, at_most=PROBLEM.run(PLAN).until(9).upload_bytes * 2))
    assert window.within_known_limits(PLAN) == replace(PLAN, rounds=9)
    nothing = limited(Limit(CO2E, at_least=kg(10)), Limit(CO2E, at_most=kg(9)))
    assert nothing.within_known_limits(PLAN) is None


def test_a_limit_on_something_learned_neither_caps_nor_rejects() -> None:
    assert limited(Limit(ACCURACY, at_least=0.99)).within_known_limits(PLAN) == PLAN


def test_an_objective_that_reads_something_learned_at_a_few_rounds_only_does_not_break_the_limits() -> None:
    @objective(direction="minimize", unit="kg")
    def sly(run: Run) -> float:
        return run.co2e_kg + (run.accuracy if run.rounds == 4 else 0.0)

    assert limited(Limit(sly, at_most=kg(2))).within_known_limits(PLAN) == PLAN


def test_known_objectives_are_told_from_learned_ones() -> None:
    assert replace(PROBLEM, objectives=(ACCURACY, CO2E, TRAFFIC)).known() == (False, True, True)


def test_what_reads_something_learned_for_a_few_plans_only_is_not_known() -> None:
    @objective(direction="minimize", unit="")
    def mixed(run: Run) -> float:
        return run.loss if run.plan.local_epochs == 3 else run.co2e_kg

    assert [plan.local_epochs for plan in PROBLEM.spread_plans()] == [1, 3, 5]
    assert replace(PROBLEM, objectives=(mixed,)).known() == (False,)


def test_spread_plans_are_the_ends_and_the_middle_of_every_axis() -> None:
    axes: dict[str, Axis] = {
        "rounds": IntAxis(2, 60, log=True),
        "client_fraction": FloatAxis(0.1, 1.0),
        "batch_size": ChoiceAxis((5, 10, 50)),
        "uplink.kind": ChoiceAxis(("quantize",)),
        "uplink.level": FloatAxis(0.0, 1.0),
    }
    plans = list(replace(PROBLEM, space=Space("mine", axes)).spread_plans())
    assert [plan.rounds for plan in plans] == [2, 31, 60]
    assert [plan.client_fraction for plan in plans] == pytest.approx([0.1, 0.55, 1.0])
    assert [plan.batch_size for plan in plans] == [5, 10, 50]
    assert [str(plan.uplink) for plan in plans] == ["quantize:2", "quantize:5", "quantize:8"]


def test_a_larger_population_scales_the_price_and_the_bytes_alike() -> None:
    million, few = replace(PROBLEM, population=1e6).run(PLAN), PROBLEM.run(PLAN)
    assert (few.clients_per_round, million.clients_per_round) == (5, 357_143)  # 5 of 14
    assert million.co2e_kg > 1000 * few.co2e_kg
    assert million.upload_bytes == few.upload_bytes / 5 * 357_143


def test_the_price_of_a_plan_is_the_same_for_all_its_rounds() -> None:
    along = PROBLEM.run(PLAN).along()
    np.testing.assert_allclose(np.diff(along.co2e_kg), kg(2) - kg(1), rtol=1e-9)
    pushed = kg(1) - (kg(2) - kg(1))  # the final model is sent once, whenever the run ends
    none = replace(PROBLEM, pricing=replace(PROBLEM.pricing, final_push="none")).run(PLAN)
    assert none.until(1).co2e_kg == pytest.approx(kg(2) - kg(1), rel=1e-12)
    assert 0 < pushed < kg(2) - kg(1)
    assert none.co2e_kg == pytest.approx(kg(20) - pushed, rel=1e-12)


def test_participation_follows_from_plan_and_seed_alone() -> None:
    first, second = (PROBLEM.participation(PLAN, 4) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    assert first.selected.shape == (20, 5)
    assert PROBLEM.participation(PLAN, 5).fingerprint != first.fingerprint


def test_the_realised_footprint_has_one_entry_for_each_round() -> None:
    realised = PROBLEM.realised(PLAN, 0)
    assert realised.co2e_kg.total.shape == (20,)
    assert realised.co2e_kg.total.sum() == pytest.approx(PROBLEM.run(PLAN).co2e_kg, rel=0.5)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"objectives": ["accuracy", "acuracy"]}, "no objective 'acuracy'; did you mean 'accuracy'?"),
        ({"space": "quik"}, "no search space 'quik'; did you mean 'quick'?"),
        ({"limits": {"co2": {"at_most": 1}}}, "no objective 'co2'; did you mean 'co2e'?"),
        ({"limits": {"co2e": {}}}, "limits.co2e: give at_least or at_most"),
    ],
)
def test_a_bad_study_makes_no_problem(tables: dict[str, object], message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        problem_of(study_of(tables))


def test_objectives_of_a_problem_are_called_before_any_training() -> None:
    broken = Objective("broken", lambda _run: 1 / 0, "minimize", "")
    with pytest.raises(FloptError, match="objective 'broken' failed on predicted run"):
        replace(PROBLEM, objectives=(broken,)).known()


def traced(rounds: int) -> Trace:
    done = [Round(0.5, 1.0, clients=1, samples=1, download_bytes=1, upload_bytes=1)] * rounds
    return Trace.of(done, seed=0, participation="")


@pytest.mark.parametrize(
    "pricing",
    [Pricing(), Pricing(network="per_hop", embodied=True, country="FRA"), Pricing(country="FRA", start="2019-06-01")],
)
@pytest.mark.parametrize("fleet", ["phones_europe", "phones_world"])
def test_many_runs_at_once_are_priced_as_one_by_one(pricing: Pricing, fleet: str) -> None:
    problem = replace(PROBLEM, fleet=load_fleet(fleet), pricing=pricing, population=1e4)
    plans = [replace(PLAN, local_epochs=e, client_fraction=f) for e in (1, 5, 1) for f in (0.1, 0.2)]
    traces = [traced(rounds) for rounds in (20, 3, 1, 20, 20, 20)]
    together = problem.runs(plans, traces)
    for plan, trace, run in zip(plans, traces, together, strict=True):
        alone = problem.run(plan, trace)
        assert run.length == alone.length == len(trace)
        assert run.clients_per_round == alone.clients_per_round
        np.testing.assert_allclose(run.accrual.co2e_kg, alone.accrual.co2e_kg, rtol=1e-12)
        np.testing.assert_allclose(run.footprint.duration_s, alone.footprint.duration_s, rtol=1e-12)
    assert together[0].co2e_kg == together[4].co2e_kg  # equal work, to the last bit


def test_of_many_runs_one_that_the_fleet_cannot_run_is_said() -> None:
    assert PROBLEM.runs([], []) == []
    hurried = replace(PROBLEM, fleet=replace(PROBLEM.fleet, deadline_s=1e-9))
    with pytest.raises(FloptError, match="no client can finish"):
        hurried.runs([PLAN], [traced(20)])
    crowded = replace(PROBLEM, fleet=replace(PROBLEM.fleet, over_selection=0.5))
    with pytest.raises(FloptError, match="lower client_fraction"):
        crowded.runs([PLAN, replace(PLAN, client_fraction=1.0)], [traced(20), traced(20)])


def test_the_clients_at_a_point_are_those_of_its_plan() -> None:
    for point in ({"client_fraction": 0.05}, {"client_fraction": 0.61, "rounds": 3}, {"local_epochs": 2}, {}):
        plan = PROBLEM.space.plan(point, PROBLEM.base)
        assert PROBLEM.clients_at(point) == PROBLEM.task.clients_per_round(plan.client_fraction)
