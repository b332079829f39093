"""Objectives written down: only arithmetic that agrees with every round of every run counts as a formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flopt.objectives import Objective, objective
from flopt.report.formula import Formula, Watched, evaluated, formula_of, watched
from flopt.results import open_results
from flopt.run import Run


@pytest.fixture(scope="module")
def runs(analytic_study: Path) -> list[Run]:
    return [candidate.run for candidate in open_results(analytic_study).candidates()]


def of(measure: object) -> Objective:
    return objective(direction="minimize", unit="")(measure)  # type: ignore[arg-type]


def cheap_by_plan(run: Run) -> float:
    return run.co2e_kg * run.plan.local_epochs


@pytest.mark.parametrize(
    ("measure", "formula"),
    [
        (lambda run: run.co2e_kg, "co2e_kg"),
        (lambda run: 1.8 * run.energy_kwh + 0.5, ["+", ["*", 1.8, "energy_kwh"], 0.5]),
        (lambda run: 2 - run.duration_s / 3600, ["-", 2.0, ["/", "duration_s", 3600.0]]),
        (lambda run: run.co2e_kg / run.rounds, ["/", "co2e_kg", "rounds"]),
        (lambda run: run.co2e_kg_by_part.server, "co2e_kg.server"),
        (lambda run: -(run.energy_kwh**2), ["-", 0.0, ["**", "energy_kwh", 2.0]]),
        (lambda run: 1 / (run.accuracy + run.co2e_kg), ["/", 1.0, ["+", "accuracy", "co2e_kg"]]),
    ],
)
def test_arithmetic_is_written_down(runs: list[Run], measure: object, formula: Formula) -> None:
    assert formula_of(of(measure), runs) == formula


@pytest.mark.parametrize(
    "measure",
    [
        cheap_by_plan,  # the plan differs from run to run
        lambda run: max(run.co2e_kg, 1e-9),
        lambda run: float(run.co2e_kg),
        lambda run: np.log(run.co2e_kg),
        lambda run: run.co2e_kg if run.rounds > 2 else 2 * run.co2e_kg,
        lambda run: run.co2e_kg + run.upload_bytes,
        lambda _: 1.0,
    ],
)
def test_anything_else_is_no_formula(runs: list[Run], measure: object) -> None:
    assert formula_of(of(measure), runs) is None


def test_without_runs_nothing_can_be_checked() -> None:
    assert formula_of(of(lambda run: run.co2e_kg), []) is None


def test_a_formula_gives_the_objective_s_values(runs: list[Run]) -> None:
    np.testing.assert_allclose(
        evaluated(["*", 2.0, "co2e_kg.server"], runs[0]), 2 * runs[0].footprint.co2e_kg.server, rtol=1e-15
    )


@pytest.mark.parametrize(
    ("measure", "priced"),
    [
        (lambda run: run.accuracy, False),
        (lambda run: run.download_bytes + run.upload_bytes, False),
        (lambda run: run.rounds, False),
        (lambda run: run.co2e_kg, True),
        (lambda run: run.accuracy - 0 * run.duration_s, True),
        (lambda run: run.energy_kwh_by_part.waiting, True),
    ],
)
def test_it_is_noticed_whether_a_price_is_read(runs: list[Run], measure: object, priced: bool) -> None:
    watch = Watched()
    seen = of(measure).along(watched(runs[0], watch))
    assert watch.read is priced
    np.testing.assert_array_equal(seen, of(measure).along(runs[0]))
