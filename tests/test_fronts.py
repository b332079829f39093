"""Fronts: no point that another one beats, none that beats a point of the front, whatever the runs look like."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from noisy_runs import Noisy

from flopt import Run, objective
from flopt.catalogue import load_objective
from flopt.errors import FloptError
from flopt.fronts import Candidate, Front, find_front
from flopt.objectives import Objective
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.expectation import expect
from flopt.search.luck import Curve
from flopt.study import study_of
from flopt.trace import Round, Trace

PROBLEM = problem_of(study_of({"oracle": "analytic", "space": "quick"}))
ACCURACY, CO2E, DURATION = (load_objective(name) for name in ("accuracy", "co2e", "duration"))


@objective(direction="minimize", unit="nat")
def loss(run: Run) -> float:
    return run.loss


def candidate(number: int, points: list[tuple[float, float]], *, epochs: int = 1, allowed: object = True) -> Candidate:
    """A run with these (accuracy, loss) after its rounds."""
    rounds = [Round(a, b, clients=1, samples=1, download_bytes=1, upload_bytes=1) for a, b in points]
    run = PROBLEM.run(
        Plan(rounds=len(points), local_epochs=epochs), Trace.of(rounds, seed=0, participation="", status="ok")
    )
    return Candidate(number, run, np.full(len(points), allowed, dtype=bool))


def beats(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    """Both as losses."""
    return all(a <= b for a, b in zip(first, second, strict=True)) and first != second


def as_losses(values: dict[str, float], objectives: tuple[Objective, ...]) -> tuple[float, ...]:
    return tuple(-values[o.name] if o.direction == "maximize" else values[o.name] for o in objectives)


def places(front: Front) -> list[tuple[int, int]]:
    return [(point.number, point.run.rounds) for point in front.points]


LEVELS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
RUNS = st.lists(
    st.tuples(
        st.lists(st.tuples(LEVELS, LEVELS, st.booleans()), min_size=1, max_size=4), st.integers(1, 3)
    ),
    max_size=5,
)  # fmt: skip


@pytest.mark.parametrize("objectives", [(ACCURACY, CO2E), (ACCURACY, loss), (ACCURACY, CO2E, loss), (loss,)])
@given(runs=RUNS)
def test_a_front_is_what_brute_force_finds(
    objectives: tuple[Objective, ...], runs: list[tuple[list[tuple[float, float, bool]], int]]
) -> None:
    candidates, table = [], {}
    for number, (points, epochs) in enumerate(runs):
        one = candidate(number, [(a, b) for a, b, _ in points], epochs=epochs)
        one = Candidate(number, one.run, np.array([ok for *_, ok in points]))
        candidates.append(one)
        for r, (*_, ok) in enumerate(points, start=1):
            if ok:
                values = {o.name: o(one.run.until(r)) for o in objectives}
                table[number, r] = as_losses(values, objectives)
    first_of = {point: place for place, point in reversed(table.items())}
    expected = {
        p for p, mine in table.items() if first_of[mine] == p and not any(beats(t, mine) for t in table.values())
    }
    front = find_front(candidates, objectives)
    assert set(places(front)) == expected
    assert len(front) == len(expected)
    for point in front.points:
        assert as_losses(point.values, objectives) == table[point.number, point.run.rounds]


def test_points_go_from_cheap_to_dear() -> None:
    found = find_front(
        [candidate(0, [(0.5, 1), (0.6, 1), (0.7, 1)]), candidate(1, [(0.9, 1)], epochs=9)], (CO2E, ACCURACY)
    )
    costs = [point.values["co2e"] for point in found.points]
    assert costs == sorted(costs)
    assert found.cost.name == "co2e"


def test_the_points_are_sorted_by_the_last_minimised_objective() -> None:
    assert find_front([], (CO2E, ACCURACY, DURATION)).cost.name == "duration"
    assert find_front([], (ACCURACY,)).cost.name == "accuracy"


def test_of_equal_points_the_earliest_run_counts() -> None:
    found = find_front([candidate(3, [(0.5, 1)]), candidate(4, [(0.5, 1)])], (ACCURACY, CO2E))
    assert places(found) == [(3, 1)]


def test_every_round_of_a_run_may_stand_on_the_front_and_none_that_is_not_allowed() -> None:
    points = [(0.2, 1.0), (0.4, 1.0), (0.3, 1.0), (0.8, 1.0)]
    assert places(find_front([candidate(0, points)], (ACCURACY, CO2E))) == [(0, 1), (0, 2), (0, 4)]
    one = candidate(0, points)
    allowed = Candidate(0, one.run, np.array([False, False, True, True]))
    assert places(find_front([allowed], (ACCURACY, CO2E))) == [(0, 3), (0, 4)]


def test_a_point_carries_its_run_stopped_at_its_round() -> None:
    (point,) = find_front([candidate(0, [(0.9, 1.0), (0.1, 1.0)])], (ACCURACY, CO2E)).points
    assert (point.run.rounds, point.run.plan.rounds, point.run.whole_plan.rounds) == (1, 1, 2)
    assert point.values == {"accuracy": 0.9, "co2e": point.run.co2e_kg}


@pytest.mark.parametrize("candidates", [[], [candidate(0, [(0.5, 1.0)], allowed=False)]])
def test_no_candidate_makes_an_empty_front(candidates: list[Candidate]) -> None:
    front = find_front(candidates, (ACCURACY, CO2E))
    assert len(front) == 0
    assert front.losses.shape == (0, 2)
    assert front.hypervolume([0.0, 1.0]) == 0.0
    with pytest.raises(FloptError, match="the front has no point"):
        front.knee()


def test_the_hypervolume_is_in_the_objectives_own_signs() -> None:
    front = find_front([candidate(0, [(0.5, 0.25)]), candidate(1, [(0.75, 0.5)])], (ACCURACY, loss))
    assert front.hypervolume([0.0, 1.0]) == pytest.approx(0.5 * 0.75 + 0.25 * 0.5)
    assert front.hypervolume([0.5, 1.0]) == pytest.approx(0.25 * 0.5)
    assert front.hypervolume([0.9, 1.0]) == 0.0


def test_the_knee_is_the_point_farthest_from_the_chord() -> None:
    # Losses 0.01, 0.1, 1 are equally spaced on a log axis; accuracy gains most of its range in the first step.
    runs = [candidate(n, [point]) for n, point in enumerate([(0.1, 0.01), (0.8, 0.1), (0.9, 1.0)])]
    assert find_front(runs, (ACCURACY, loss)).knee().number == 1
    straight = [candidate(n, [point]) for n, point in enumerate([(0.1, 0.01), (0.15, 0.1), (0.9, 1.0)])]
    assert find_front(straight, (ACCURACY, loss)).knee().number in (0, 2)


def test_a_knee_with_values_at_zero_is_found_on_a_plain_axis() -> None:
    runs = [candidate(n, [point]) for n, point in enumerate([(0.1, 0.0), (0.8, 0.1), (0.9, 1.0)])]
    assert find_front(runs, (ACCURACY, loss)).knee().number == 1


def test_a_knee_needs_two_objectives() -> None:
    front = find_front([candidate(0, [(0.5, 1.0)])], (ACCURACY, CO2E, DURATION))
    with pytest.raises(FloptError, match="a knee needs two objectives, not 3"):
        front.knee()


def test_signs_are_those_of_the_objectives() -> None:
    front = find_front([candidate(0, [(0.5, 0.25)])], (ACCURACY, loss))
    assert front.losses.tolist() == [[-0.5, 0.25]]
    assert front.points[0].values == {"accuracy": 0.5, "loss": 0.25}


def test_all_corners_of_a_cube_leave_one() -> None:
    corners = [candidate(n, [(a, b)]) for n, (a, b) in enumerate(product((0.0, 1.0), repeat=2))]
    (point,) = find_front(corners, (ACCURACY, loss)).points
    assert (point.values["accuracy"], point.values["loss"]) == (1.0, 0.0)
    assert math.isclose(point.run.loss, 0.0)


def test_points_of_equal_cost_keep_the_order_of_the_runs() -> None:
    runs = [candidate(n, [(n / 100, n / 100)]) for n in range(40)]
    assert [place for place, _ in places(find_front(runs, (ACCURACY, loss, CO2E)))] == list(range(40))


def expected_candidates(noisy: Noisy, runs: dict[tuple[int, int], np.ndarray]) -> list[Candidate]:
    """Plans of equal work but for their clients, with the expected curves that noisy runs tell of."""
    found = expect([Curve(p, seed, float(noisy.clients[p]), curve) for (p, seed), curve in runs.items()], shares=True)
    candidates = []
    for number, each in enumerate(found):
        one = candidate(number, [(min(max(a, 0.0), 1.0), 1.0) for a in each.mean], epochs=1 + number)
        lengths = tuple(len(curve) for (p, _), curve in runs.items() if p == number)
        candidates.append(Candidate(number, one.run, one.allowed, lengths, {"accuracy": each.spread}))
    return candidates


def test_probabilities_of_being_non_dominated_come_true() -> None:
    told, true = [], []
    for study in range(8):
        noisy = Noisy.drawn(np.random.default_rng(500 + study), plans=16, rounds=30)
        order = np.argsort(noisy.truth[:, -1])  # dearer plans learn more, so that many stand near the front
        noisy = Noisy(noisy.truth[order], noisy.cost, noisy.clients, luck=0.03, jitter=0.03)
        runs = {(p, seed): noisy.run(p, seed, study) for p in range(16) for seed in range(3)}
        candidates = expected_candidates(noisy, runs)
        front = find_front(candidates, (ACCURACY, CO2E))
        kg = np.array([CO2E.along(c.run) for c in candidates])
        for point in (*front.points, *front.doubtful):
            mine = noisy.truth[point.number, point.run.rounds - 1]
            better = (kg <= point.values["co2e"]) & (noisy.truth > mine)
            told.append(point.probability)
            true.append(not better.any())
    low = np.array(told) < np.median(told)
    assert np.mean(told) == pytest.approx(np.mean(true), abs=0.12)
    assert np.mean(np.array(true)[~low]) > np.mean(np.array(true)[low])


def test_a_doubtful_point_leaves_the_front_and_one_always_stays() -> None:
    noisy = Noisy.drawn(np.random.default_rng(7), plans=16, rounds=30)
    runs = {(p, 0): noisy.run(p, 0) for p in range(16)}
    candidates = expected_candidates(noisy, runs)
    front = find_front(candidates, (ACCURACY, CO2E))
    plain = find_front([Candidate(c.number, c.run, c.allowed) for c in candidates], (ACCURACY, CO2E))
    assert not plain.doubtful
    assert front.doubtful
    assert all(point.probability >= 0.5 for point in front.points)
    assert all(point.probability < 0.5 for point in front.doubtful)
    assert sorted(places(front) + [(p.number, p.run.rounds) for p in front.doubtful]) == sorted(places(plain))
    best = find_front(candidates, (ACCURACY,))  # many may be the best: the likeliest is told all the same
    assert len(best.points) == 1


def test_a_point_says_how_sure_it_is() -> None:
    noisy = Noisy.drawn(np.random.default_rng(8), plans=12, rounds=20)
    runs = {(p, 0): noisy.run(p, 0) for p in range(12)} | {(p, 1): noisy.run(p, 1)[:10] for p in range(12)}
    for point in find_front(expected_candidates(noisy, runs), (ACCURACY, CO2E)).points:
        low, high = point.intervals["accuracy"]
        assert 0 <= low < point.values["accuracy"] < high <= 1
        assert "co2e" not in point.intervals
        assert point.seeds == (2 if point.run.rounds <= 10 else 1)
