"""The obstacle: the known limit that stands in the way, and the plan that comes nearest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flopt.catalogue import load_objective
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.obstacle import find_obstacle
from flopt.search.problem import Limit
from flopt.space import IntAxis, Space
from flopt.study import study_of

CO2E, ACCURACY, DURATION = (load_objective(name) for name in ("co2e", "accuracy", "duration"))
SMALL = Space("small", {"rounds": IntAxis(2, 6), "local_epochs": IntAxis(1, 3)})
PROBLEM = replace(problem_of(study_of({"oracle": "analytic", "space": "quick"})), space=SMALL)
CHEAPEST = PROBLEM.run(Plan(rounds=1, local_epochs=1)).co2e_kg


def test_the_nearest_plan_is_the_cheapest_where_all_emit_too_much() -> None:
    limit = Limit(CO2E, at_most=CHEAPEST / 3)
    found = find_obstacle(replace(PROBLEM, limits=(limit, Limit(ACCURACY, at_least=0.99))))
    assert found is not None
    assert (found.limit, found.plan, found.value) == (limit, Plan(rounds=1, local_epochs=1), CHEAPEST)
    assert str(found) == (
        f"no plan found keeps to co2e at most {CHEAPEST / 3:g} kg; the nearest has co2e {CHEAPEST:.3g} kg: {found.plan}"
    )


def test_of_two_that_no_plan_meets_together_the_one_that_is_missed_by_more_is_named() -> None:
    slowest = PROBLEM.run(Plan(rounds=6, local_epochs=3)).duration_s
    limits = (Limit(CO2E, at_most=CHEAPEST), Limit(DURATION, at_least=slowest))
    for limit in limits:
        assert find_obstacle(replace(PROBLEM, limits=(limit,))) is None
    found = find_obstacle(replace(PROBLEM, limits=limits))
    assert found is not None
    assert found.limit in limits
    run = PROBLEM.run(found.plan)
    missed = {CO2E: run.co2e_kg / CHEAPEST - 1, DURATION: 1 - run.duration_s / slowest}
    assert found.limit.objective == max(missed, key=lambda goal: missed[goal])


def test_where_a_plan_keeps_to_them_there_is_none() -> None:
    assert find_obstacle(PROBLEM) is None
    assert find_obstacle(replace(PROBLEM, limits=(Limit(CO2E, at_most=CHEAPEST),))) is None
    assert find_obstacle(replace(PROBLEM, limits=(Limit(ACCURACY, at_least=0.999),))) is None


def test_tune_says_so_and_exits_1(command: Callable[..., tuple[int, str, str]]) -> None:
    words = ("--set", "space=quick", "--set", "oracle=analytic", "--workers", "1")
    code, out, err = command("tune", "--out", "study", *words, "--set", "limits.co2e.at_most=1e-15")
    assert code == 1
    assert "0 runs, 0 rounds" in out
    assert err.startswith("flopt: no plan found keeps to co2e at most 1e-15 kg; the nearest has co2e ")
    assert err.count("\n") == 1
