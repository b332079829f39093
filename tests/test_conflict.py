"""Conflicting limits: the tightest known one is named, with the plan that comes nearest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flopt.catalogue import load_objective
from flopt.results import problem_of
from flopt.search.conflict import conflict
from flopt.search.problem import Limit
from flopt.study import study_of

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
CO2E, DURATION, ACCURACY = (load_objective(name) for name in ("co2e", "duration", "accuracy"))


def test_the_tightest_limit_and_the_nearest_plan_are_named() -> None:
    limits = (Limit(DURATION, at_most=1e6), Limit(CO2E, at_most=1e-12), Limit(ACCURACY, at_least=0.8))
    line = conflict(replace(PROBLEM, limits=limits))
    assert line.startswith("no plan meets the limit co2e at most 1e-12 kg; the nearest tried has ")
    assert "(predicted): rounds 1, local_epochs 1" in line


def test_limits_that_some_plan_meets_are_no_conflict() -> None:
    assert not conflict(replace(PROBLEM, limits=(Limit(CO2E, at_most=1.0), Limit(ACCURACY, at_least=0.999))))
    assert not conflict(PROBLEM)


def test_a_study_that_no_plan_can_satisfy_ends_with_1_and_says_why(
    command: Callable[..., tuple[int, str, str]],
) -> None:
    code, out, _ = command("tune", "--set", "oracle=analytic", "--set", "limits.co2e.at_most=1e-12", "--workers", 1)
    assert code == 1
    assert "no plan meets the limit co2e at most 1e-12 kg; the nearest tried has" in out
