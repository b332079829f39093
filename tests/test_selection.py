"""Selection: nobody twice, everybody equally often, the same luck for every plan, groups by their shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, Link, Server
from flopt.emissions.pricer import Pricer
from flopt.emissions.pricing import Pricing
from flopt.emissions.selection import assign_groups, draw_participation, first_drawn
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import Task

SEEDS = st.integers(0, 2**32)


def fleet(*shares: float) -> Fleet:
    one = Coefficient.of(1, "1", "test")
    device, link = Device("board", one, one, one, one, one), Link("line", one, one)
    groups = tuple(Group(f"group {number}", device, link, "FRA", share) for number, share in enumerate(shares))
    return Fleet("test", groups, Server(one, "FRA"))


def drawn(plan: Plan, task: Task, fleet: Fleet, seed: int) -> Participation:
    return draw_participation(plan, task, Pricer(fleet, Pricing()), seed)


def task(clients: int) -> Task:
    return Task("toy", (5,) * clients, ((3,),), 1.0, 0.5)


@given(SEEDS, st.integers(1, 300), st.data())
def test_no_client_is_drawn_twice_in_a_round(seed: int, clients: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, clients))
    order = first_drawn(clients, count, seed, 3).tolist()
    assert len(set(order)) == count
    assert set(order) <= set(range(clients))


@given(SEEDS, st.integers(2, 300), st.data())
def test_drawing_more_clients_only_adds_to_the_same_order(seed: int, clients: int, data: st.DataObject) -> None:
    fewer = data.draw(st.integers(1, clients))
    everyone = first_drawn(clients, clients, seed, 0).tolist()
    assert sorted(everyone) == list(range(clients))
    assert first_drawn(clients, fewer, seed, 0).tolist() == everyone[:fewer]


@given(SEEDS, st.integers(1, 60), st.floats(0.01, 1), st.floats(0.01, 1))
def test_every_plan_meets_the_same_luck(seed: int, clients: int, one: float, other: float) -> None:
    small, large = sorted((one, other))
    few = drawn(Plan(rounds=3, client_fraction=small), task(clients), fleet(0.5, 0.5), seed)
    many = drawn(Plan(rounds=5, client_fraction=large, local_epochs=9), task(clients), fleet(1), seed)
    assert np.array_equal(few.selected, many.selected[:3, : few.selected.shape[1]])


def test_shape_and_resolved_number_of_clients() -> None:
    participation = drawn(Plan(rounds=6, client_fraction=0.35), task(14), fleet(0.5, 0.5), 1)
    assert participation.selected.shape == (6, 5)
    assert participation.group_of.shape == (14,)


def test_rounds_and_seeds_draw_differently() -> None:
    rounds = {tuple(first_drawn(50, 5, seed, index).tolist()) for seed in range(5) for index in range(20)}
    assert len(rounds) == 100


def test_the_same_seed_draws_the_same_again() -> None:
    plan = Plan(rounds=4)
    first, second = (drawn(plan, task(14), fleet(0.3, 0.7), 7) for _ in range(2))
    assert first.fingerprint == second.fingerprint


def chi_square(counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> float:
    expected = counts.mean()
    return float(((counts - expected) ** 2).sum() / expected)


def test_every_client_stands_in_every_place_equally_often() -> None:
    draws = np.stack([first_drawn(10, 4, 0, index) for index in range(4000)])
    for place in range(4):
        assert chi_square(np.bincount(draws[:, place], minlength=10)) < 27.9  # 0.1 % of chi-square with 9 degrees


def test_every_ordered_pair_is_drawn_equally_often() -> None:
    draws = np.stack([first_drawn(5, 2, 0, index) for index in range(4000)])
    pairs = np.bincount(draws[:, 0] * 5 + draws[:, 1], minlength=25).reshape(5, 5)
    assert np.all(np.diag(pairs) == 0)
    assert chi_square(pairs[~np.eye(5, dtype=bool)]) < 43.8  # 0.1 % of chi-square with 19 degrees


def test_the_draw_of_a_round_does_not_depend_on_the_groups() -> None:
    # A client of a given group is drawn as often as its share: the two streams are independent.
    plan, hits = Plan(rounds=1, client_fraction=0.2), 0
    for seed in range(2000):
        participation = drawn(plan, task(10), fleet(0.3, 0.7), seed)
        hits += int((participation.group_of[participation.selected] == 0).sum())
    assert abs(hits / 4000 - 0.3) < 3 * (0.3 * 0.7 / 4000) ** 0.5


@given(SEEDS, st.integers(1, 500), st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_a_group_has_its_share_of_the_clients_to_within_one(seed: int, clients: int, weights: list[int]) -> None:
    shares = np.array(weights) / sum(weights)
    counts = np.bincount(assign_groups(clients, fleet(*shares), seed), minlength=len(shares))
    assert counts.sum() == clients
    assert np.all(np.abs(counts - shares * clients) < 1 + 1e-9)


@given(SEEDS)
def test_whole_shares_are_met_exactly(seed: int) -> None:
    assert np.bincount(assign_groups(20, fleet(0.5, 0.25, 0.05, 0.2), seed)).tolist() == [10, 5, 1, 4]


@pytest.mark.parametrize("clients", [3, 14])
def test_over_seeds_a_group_has_exactly_its_share(clients: int) -> None:
    shares = np.array((0.35, 0.30, 0.20, 0.15))
    counts = np.stack([np.bincount(assign_groups(clients, fleet(*shares), seed), minlength=4) for seed in range(2000)])
    error = counts.std(axis=0, ddof=1) / np.sqrt(len(counts))
    assert np.all(np.abs(counts.mean(axis=0) - shares * clients) <= 3 * error + 1e-12)


def test_every_client_is_in_every_group_equally_often() -> None:
    groups = np.stack([assign_groups(8, fleet(0.25, 0.75), seed) for seed in range(3000)])
    assert chi_square((groups == 0).sum(axis=0)) < 24.3  # 0.1 % of chi-square with 7 degrees
