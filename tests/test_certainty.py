"""How sure a front is: ranges around the values of its points, and how often each stays on it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flopt.emissions.uncertainty import Draws, drawn_totals, interval
from flopt.fronts import Front, Point
from flopt.objectives import Objective, objective
from flopt.reading.certainty import certainty, run_intervals
from flopt.results import Results, open_results, rescored
from flopt.run import Run

Command = Callable[..., tuple[int, str, str]]


@objective(direction="minimize", unit="L")
def on_arrays(run: Run) -> float:
    """Water, by a formula that also works on arrays."""
    return 1.8 * run.energy_kwh + 0.1 * run.co2e_kg


@objective(direction="minimize", unit="L")
def on_numbers(run: Run) -> float:
    """The same, by functions of single numbers only."""
    return math.fsum([1.8 * float(run.energy_kwh), 0.1 * float(run.co2e_kg)])


@objective(direction="minimize", unit="kg")
def other_on_arrays(run: Run) -> float:
    """Wrong on arrays without an error: plain calls show it."""
    kg = run.co2e_kg
    return 7.0 if isinstance(kg, np.ndarray) and kg.ndim else kg


@pytest.fixture(scope="module")
def results(analytic_study: Path) -> Results:
    return open_results(analytic_study)


@pytest.fixture(scope="module")
def front(results: Results) -> Front:
    return results.front()


def test_every_range_holds_its_value_and_has_a_width(front: Front, results: Results) -> None:
    found = certainty(front, results.problem)
    assert len(found) == len(front)
    for point, each in zip(front.points, found, strict=True):
        co2e, accuracy = each.intervals["co2e"], each.intervals["accuracy"]
        assert co2e.low < co2e.central < co2e.high
        assert co2e.central == point.values["co2e"]
        assert (accuracy.low, accuracy.high) == point.intervals["accuracy"]  # of what is learned over seeds
        assert accuracy.low < accuracy.central == point.values["accuracy"] < accuracy.high
        assert 0 <= each.probability <= 1


def test_the_ranges_are_the_quantiles_of_the_drawn_prices(front: Front, results: Results) -> None:
    point = front.points[len(front) // 2]
    work = results.problem.works([point.run.plan])
    blocks = drawn_totals(results.problem.pricer, work, [point.run.rounds], Draws(600, 3))
    kg = np.concatenate([block.co2e_kg.total[:, 0] for block in blocks])
    found = certainty(front, results.problem, draws=600, seed=3)[len(front) // 2].intervals["co2e"]
    expected = interval(point.run.co2e_kg, kg)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_equal_points_have_equal_draws_and_the_seed_decides(front: Front, results: Results) -> None:
    twice = Front(front.objectives, (front.points[0], *front.points))
    first, second, *_ = certainty(twice, results.problem)
    assert first == second
    assert certainty(front, results.problem, seed=1) == certainty(front, results.problem, seed=1)
    assert certainty(front, results.problem, seed=1) != certainty(front, results.problem, seed=2)


def test_the_cheapest_rounds_of_one_run_stay_non_dominated_for_sure(front: Front, results: Results) -> None:
    """Common draws: a shorter run of one plan is cheaper in every draw, however wide the ranges are."""
    number, run = front.points[-1].number, front.points[-1].run
    best = np.maximum.accumulate(np.asarray(run.along().accuracy))
    rises = [r for r in range(1, run.length + 1) if r == 1 or best[r - 1] > best[r - 2]]
    points = [Point(number, run.until(r), {o.name: o(run.until(r)) for o in front.objectives}) for r in rises]
    found = certainty(Front(front.objectives, tuple(points)), results.problem)
    assert [each.probability for each in found] == [1.0] * len(points)


@pytest.mark.parametrize("plain", [on_numbers, other_on_arrays])
def test_an_objective_on_plain_numbers_gives_what_one_on_arrays_does(
    front: Front, results: Results, plain: Objective
) -> None:
    water = on_arrays if plain is on_numbers else next(o for o in front.objectives if o.name == "co2e")
    fronts = [_scored(front, each) for each in (water, plain)]
    one, other = (certainty(each, results.problem, draws=120) for each in fronts)
    for left, right in zip(one, other, strict=True):
        (by_arrays,), (by_numbers,) = left.intervals.values(), right.intervals.values()
        assert by_numbers.low == pytest.approx(by_arrays.low, rel=1e-12)
        assert by_numbers.high == pytest.approx(by_arrays.high, rel=1e-12)
        assert by_numbers.low < by_numbers.high
        assert left.probability == right.probability


def _scored(front: Front, by: Objective) -> Front:
    return Front((by,), tuple(Point(p.number, p.run, {by.name: by(p.run)}) for p in front.points))


def test_an_empty_front_has_nothing_to_be_sure_of(front: Front, results: Results) -> None:
    assert certainty(Front(front.objectives, ()), results.problem) == []


def test_the_ranges_of_a_run_have_every_part_and_its_total(results: Results, front: Front) -> None:
    run = front.points[0].run
    found = run_intervals(run, results.problem)
    for name, total in (("energy_kwh", run.energy_kwh), ("co2e_kg", run.co2e_kg)):
        assert found[name]["total"].central == total
        assert set(found[name]) == {*run.co2e_kg_by_part.__dataclass_fields__, "total"}
        for part, each in found[name].items():
            assert each.low <= each.central <= each.high, part
    assert found["duration_s"]["total"].central == run.duration_s
    assert found["co2e_kg"]["total"].low < found["co2e_kg"]["total"].high


def test_ten_thousand_draws_of_fifty_points_are_those_of_their_blocks(front: Front, results: Results) -> None:
    runs = [candidate.run for candidate in results.candidates()]
    points = [Point(n, run, {o.name: o(run) for o in front.objectives}) for n, run in enumerate((runs * 50)[:50])]
    begin = time.perf_counter()
    found = certainty(Front(front.objectives, tuple(points)), results.problem, draws=10_000)
    assert time.perf_counter() - begin < 10, "2 s are asked of one core that does nothing else (benchmarks/)"
    work = results.problem.works([point.run.plan for point in points])
    rounds = [point.run.rounds for point in points]
    kg = np.concatenate([b.co2e_kg.total for b in drawn_totals(results.problem.pricer, work, rounds, Draws(10_000))])
    assert kg.shape == (10_000, 50)
    for each, column in zip(found, kg.T, strict=True):
        co2e = each.intervals["co2e"]
        assert (co2e.low, co2e.high) == pytest.approx(tuple(np.quantile(column, [0.05, 0.95])), rel=1e-12)


def test_a_cleaner_country_has_a_lower_range(front: Front, results: Results) -> None:
    here = certainty(front, results.problem)[0].intervals["co2e"]
    pricing = replace(results.problem.pricing, country="SWE")
    there = certainty(front, replace(results.problem, pricing=pricing))[0].intervals["co2e"]
    assert there.high < here.high


def test_other_objectives_have_ranges_too(results: Results) -> None:
    scored = rescored(results, ["accuracy", "energy", "duration", "traffic"])
    for each in certainty(scored.front(), scored.problem, draws=100):
        assert each.intervals["energy"].has_width
        assert each.intervals["duration"].has_width
        assert not each.intervals["traffic"].has_width


def test_the_default_output_prints_ranges(command: Command, analytic_study: Path) -> None:
    one_range = r"\d[\d.]* [mµnk]?g \(\d[\d.]*-\d[\d.]*\)"  # 2.02 mg (1.36-3.58)
    for line in (("estimate",), ("front", analytic_study)):
        code, out, _ = command(*line)
        assert code == 0
        assert re.search(one_range, out)
