"""The trajectory search: a function of its arguments, which finds what is good and knows how long to run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from flopt.search import trajectory
from flopt.search.features import Point, mutated
from flopt.search.trajectory import AGAIN, MUTATED, START, Told, Trajectory, _kept

SPACE: dict[str, BaseDistribution] = {
    "rounds": IntDistribution(1, 40, log=True),
    "x": FloatDistribution(0, 1),
    "y": FloatDistribution(0, 1),
}


def run(point: Point, known: int = 1, learned: int = 1) -> Told:
    """The nearer x is to 0.2, the faster the loss falls; y costs."""
    rounds = np.arange(1, point.get("rounds", 40) + 1)
    loss = 1 / (1 + rounds * (1 - abs(point.get("x", 0.2) - 0.2)) ** 4 / 3)
    cost = rounds * (0.2 + point.get("y", 0.0)) / 48
    return Told(point, loss[:, None].repeat(learned, axis=1), cost[:, None].repeat(known, axis=1))


def price(points: Sequence[Point], rounds: Sequence[int]) -> Any:
    return np.stack([run({**point, "rounds": 40}).known[np.array(rounds) - 1] for point in points])


def search(count: int, seed: int = 0, space: dict[str, BaseDistribution] | None = None) -> list[Told]:
    model = Trajectory(space or SPACE, price, "rounds")
    told: list[Told] = []
    for number in range(count):
        told.append(run(model.ranked(told, [], 40, np.random.default_rng([seed, number]))[0]))
    return told


def test_a_proposal_depends_on_its_arguments_and_not_on_what_was_asked_before() -> None:
    told = search(14)
    fresh, used = (Trajectory(SPACE, price, "rounds") for _ in range(2))
    for length in (3, 9, 13):
        used.ranked(told[:length], [], 40, np.random.default_rng(length))
    running = [Told({"rounds": 5, "x": 0.5, "y": 0.5}, np.empty((0, 0)), np.empty((0, 0)))]
    for under_way in ([], running):
        first, second = (each.ranked(told, under_way, 40, np.random.default_rng(7)) for each in (fresh, used))
        assert first == second
    assert fresh.ranked(told, [], 40, np.random.default_rng(8)) != first


def test_it_learns_where_the_loss_falls_fast_and_costs_are_low() -> None:
    told = search(START + 14)
    late = told[START + 4 :]
    assert np.mean([abs(each.point["x"] - 0.2) for each in late]) < 0.2
    assert np.mean([each.point["y"] for each in late]) < 0.3


def test_one_proposal_of_three_looks_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    told = search(START + 6)
    near: list[Point] = []

    def moved(point: Point, space: dict[str, BaseDistribution], rng: np.random.Generator) -> dict[str, Any]:
        near.append(point)
        return mutated(point, space, rng)

    monkeypatch.setattr(trajectory, "mutated", moved)
    counts = []
    for length in range(START, START + 6):
        near.clear()
        Trajectory(SPACE, price, "rounds").ranked(told[:length], [], 40, np.random.default_rng(length))
        counts.append(len(near))
    assert counts == [AGAIN, AGAIN + MUTATED, AGAIN + MUTATED] * 2


def test_the_first_runs_are_short_and_spread() -> None:
    first = search(START)
    assert max(each.point["rounds"] for each in first) <= 20
    assert len({round(each.point["x"], 1) for each in first}) >= 3


@pytest.mark.parametrize(
    "space",
    [
        {"x": FloatDistribution(0.3, 0.3), "rounds": IntDistribution(7, 7)},
        {"x": FloatDistribution(0, 1)},
        {"rounds": CategoricalDistribution((5, 10, 40)), "x": FloatDistribution(0, 1)},
        {"rounds": IntDistribution(1, 40)},
        {"rounds": IntDistribution(1, 40), **{f"a{i}": FloatDistribution(0, 1) for i in range(19)}},
    ],
    ids=["single values", "no rounds", "choices of rounds", "rounds alone", "twenty axes"],
)
def test_spaces_of_any_kind_are_searched(space: dict[str, BaseDistribution]) -> None:
    for each in search(START + 3, space=space):
        assert each.point.keys() == space.keys()
        for name, axis in space.items():
            assert axis._contains(axis.to_internal_repr(each.point[name]))


@pytest.mark.parametrize(("learned", "known"), [(1, 0), (0, 1), (1, 4), (2, 1)])
def test_other_numbers_of_objectives_are_searched(learned: int, known: int) -> None:
    def costs(points: Sequence[Point], rounds: Sequence[int]) -> Any:
        at = np.array(rounds) - 1
        return np.stack([run({**point, "rounds": 40}, known, learned).known[at] for point in points])

    model = Trajectory(SPACE, costs, "rounds")
    told: list[Told] = []
    for number in range(START + 6):
        point = model.ranked(told, [], 40, np.random.default_rng(number))[0]
        told.append(run(point, known, learned))
    if not learned:
        assert min(each.point["y"] for each in told) < 0.01  # after which nothing is left to gain
    else:
        assert np.mean([abs(each.point["x"] - 0.2) for each in told[START:]]) < 0.35


def test_a_long_history_is_thinned_to_the_front_the_latest_and_some_others() -> None:
    told = [run({"rounds": 30, "x": x, "y": y}) for x, y in np.random.default_rng(0).random((120, 2))]
    best = run({"rounds": 30, "x": 0.2, "y": 0.0})
    kept = _kept([best, *told])
    assert sum(len(each.looks) for each in kept) <= 220
    assert any(each is best for each in kept)
    assert any(each is told[-1] for each in kept)
    assert _kept(told[:10]) == told[:10]
