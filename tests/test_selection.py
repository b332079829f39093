"""Selection: nobody twice, everybody equally often, the same luck for every plan, groups by their shares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions import selection
from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, Link, Server
from flopt.emissions.pricer import Pricer
from flopt.emissions.pricing import Pricing
from flopt.emissions.selection import assign_groups, draw_participation, first_drawn, share_of_each, share_of_first
from flopt.errors import FloptError
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


@given(SEEDS, st.lists(st.tuples(st.integers(1, 40), st.floats(0, 1)), min_size=1, max_size=5))
def test_a_share_of_each_group_is_chosen_to_within_one_client(seed: int, groups: list[tuple[int, float]]) -> None:
    group_of = np.repeat(np.arange(len(groups)), [count for count, _ in groups])
    chances = np.array([chance for _, chance in groups])[group_of]
    order = np.random.default_rng(seed).permutation(len(group_of))
    chosen = share_of_each(chances[order], group_of[order], np.random.default_rng(seed))
    assert abs(chosen.sum() - chances.sum()) < 1 + 1e-6
    for group, (count, chance) in enumerate(groups):
        assert abs(chosen[group_of[order] == group].sum() - count * chance) < 1 + 1e-6


def test_every_client_is_chosen_with_its_own_chance() -> None:
    chances, group_of = np.array([0.3] * 5 + [0.8] * 3), np.array([0] * 5 + [1] * 3)
    hits = sum(share_of_each(chances, group_of, np.random.default_rng(seed)).astype(int) for seed in range(3000))
    assert np.all(np.abs(hits / 3000 - chances) < 3 * np.sqrt(chances * (1 - chances) / 3000) + 1e-12)


def changed(**habits: Any) -> Fleet:
    """Two groups of ten clients; the second takes four times as long."""
    fast, slow = fleet(0.5, 0.5).groups
    slow = replace(slow, device=replace(slow.device, flop_per_s=Coefficient.of(0.25, "1", "test")))
    groups = tuple(replace(group, **habits.get("group", {})) for group in (fast, slow))
    return replace(fleet(0.5, 0.5), groups=groups, **{name: each for name, each in habits.items() if name != "group"})


PLAN = Plan(rounds=30, local_epochs=1, client_fraction=0.3)  # 6 of 20 clients: 192 s for 24 bytes, and 5 or 20 s


def test_without_loss_everybody_who_is_drawn_is_used() -> None:
    found = drawn(PLAN, task(20), changed(), 3)
    assert found.selected.shape == (30, 6)
    assert found.reports.all()
    assert found.used.all()


def test_over_selection_draws_more_and_uses_the_first_to_report() -> None:
    found = drawn(PLAN, task(20), changed(over_selection=0.5), 3)
    assert found.selected.shape == (30, 9)
    assert found.used.sum(axis=1).tolist() == [6] * 30
    slow = found.group_of[found.selected] == 1
    for fast_of, slow_of, used in zip((~slow).sum(axis=1), (slow & found.used).sum(axis=1), found.used, strict=True):
        assert slow_of == max(0, 6 - fast_of), used


def test_a_deadline_that_loses_clients_uses_only_those_in_time() -> None:
    found = drawn(PLAN, task(20), changed(deadline_s=200.0), 3)  # 197 s against 212 s
    assert np.array_equal(found.used, found.group_of[found.selected] == 0)
    assert drawn(PLAN, task(20), changed(deadline_s=213.0), 3).used.all()


def test_drop_outs_are_drawn_and_never_report() -> None:
    found = drawn(replace(PLAN, client_fraction=1.0), task(20), changed(group={"drop_out": 0.2}), 3)
    for index in range(30):
        lost = found.selected[index][~found.reports[index]]
        assert np.bincount(found.group_of[lost], minlength=2).tolist() == [2, 2]  # a fifth of each ten
    assert np.array_equal(found.used, found.reports)
    assert len({tuple(sorted(found.selected[i][~found.reports[i]])) for i in range(30)}) > 20  # others in each round


def test_only_available_clients_are_drawn_and_all_of_them_in_turn() -> None:
    some = changed(group={"availability": (0.3,) * 24})
    found = drawn(PLAN, task(20), some, 3)
    assert set(found.selected.ravel().tolist()) == set(range(20))
    everyone = drawn(replace(PLAN, rounds=1), task(20), some, 3)
    assert everyone.selected.shape == (1, 6)  # all six of 20 that are there


def test_at_an_hour_those_are_drawn_who_are_awake() -> None:
    day = (1.0,) * 12 + (0.001,) * 12
    fast, slow = changed().groups
    turns = replace(
        changed(), groups=(replace(fast, availability=day), replace(slow, availability=day, utc_offset_h=12))
    )
    for start, group in (("2019-06-01T03:00", 0), ("2019-06-01T15:00", 1)):
        pricer = Pricer(turns, Pricing(start=start))
        found = draw_participation(replace(PLAN, rounds=20), task(20), pricer, 3)
        assert set(found.group_of[found.selected].ravel().tolist()) == {group}


@given(SEEDS, st.integers(2, 12), st.floats(0.05, 1))
def test_groups_of_whole_clients_never_leave_a_round_without_enough(seed: int, clients: int, night: float) -> None:
    # The groups' shares make as many available as are drawn; dealt out in whole clients, there may be one fewer.
    awake, asleep = fleet(0.5, 0.5).groups
    some = replace(fleet(0.5, 0.5), groups=(awake, replace(asleep, availability=(night,) * 24)))
    most = int(clients * (0.5 + night / 2) + 1e-9)
    plan = Plan(rounds=3, client_fraction=min(1.0, most / clients))
    assert drawn(plan, task(clients), some, seed).selected.shape == (3, most)


def test_a_deadline_that_nobody_meets_and_too_few_clients_are_one_line() -> None:
    with pytest.raises(
        FloptError, match=r"^fleet test: deadline_s = 5: no client can finish a round of this plan in it"
    ):
        drawn(PLAN, task(20), changed(deadline_s=5.0), 3)
    few = changed(group={"availability": (0.1,) * 24})
    with pytest.raises(FloptError, match=r"^fleet test: 2 of 20 clients can be drawn, and a round draws more for 6"):
        drawn(PLAN, task(20), few, 3)


def test_the_fingerprint_follows_who_learns_and_not_on_what_or_where() -> None:
    first = drawn(PLAN, task(20), changed(), 3).fingerprint
    fast, slow = changed().groups
    elsewhere = replace(
        changed(), groups=(replace(fast, country="POL"), replace(slow, country="USA", device=fast.device))
    )
    assert drawn(PLAN, task(20), elsewhere, 3).fingerprint == first
    assert drawn(PLAN, task(20), changed(deadline_s=213.0), 3).fingerprint == first  # all are in time
    for other in (changed(deadline_s=200.0), changed(over_selection=0.5), changed(group={"drop_out": 0.2})):
        assert drawn(PLAN, task(20), other, 3).fingerprint != first
    # Where it matters who is fast, the devices change who learns.
    late = changed(deadline_s=200.0)
    assert (
        drawn(PLAN, task(20), replace(late, groups=(fast, replace(slow, device=fast.device))), 3).fingerprint == first
    )


@given(SEEDS, st.integers(1, 20))
def test_the_fate_of_a_round_does_not_depend_on_how_many_follow(seed: int, rounds: int) -> None:
    some = changed(over_selection=0.5, deadline_s=200.0, group={"drop_out": 0.2, "availability": (0.9,) * 24})
    long, short = (drawn(replace(PLAN, rounds=count), task(20), some, seed) for count in (20, rounds))
    assert np.array_equal(long.selected[:rounds], short.selected)
    assert np.array_equal(long.reports[:rounds], short.reports)
    assert np.array_equal(long.used[:rounds], short.used)


# -- populations -----------------------------------------------------------------------------------------------------


@given(SEEDS, st.lists(st.tuples(st.integers(1, 40), st.floats(0, 1)), min_size=1, max_size=5), st.data())
def test_the_first_of_an_order_are_chosen_as_everybody_would_be(
    seed: int, groups: list[tuple[int, float]], data: st.DataObject
) -> None:
    sizes, shares = np.array([count for count, _ in groups]), np.array([chance for _, chance in groups])
    order = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(groups)), sizes))
    everyone = share_of_first(shares, order, sizes, np.random.default_rng(seed))
    for group, (count, chance) in enumerate(groups):
        assert abs(everyone[order == group].sum() - count * chance) < 1 + 1e-6
    few = data.draw(st.integers(0, len(order)))
    assert np.array_equal(share_of_first(shares, order[:few], sizes, np.random.default_rng(seed)), everyone[:few])


def test_the_first_of_an_order_have_each_its_own_chance() -> None:
    shares, group_of, sizes = np.array((0.3, 0.8)), np.array([0, 1, 1, 0]), np.array((5, 3))
    hits = sum(share_of_first(shares, group_of, sizes, np.random.default_rng(s)).astype(int) for s in range(3000))
    chances = shares[group_of]
    assert np.all(np.abs(hits / 3000 - chances) < 3 * np.sqrt(chances * (1 - chances) / 3000) + 1e-12)


HABITS: list[dict[str, Any]] = [
    {}, {"over_selection": 0.5, "group": {"drop_out": 0.2, "availability": (0.5,) * 24}},
]  # fmt: skip


@pytest.mark.parametrize("habits", HABITS)
def test_a_round_of_a_large_population_takes_no_more_draws(
    habits: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    local_samples = Plan.local_samples
    monkeypatch.setattr(selection, "share_of_each", lambda *_: pytest.fail("looked at everybody"))

    def counted(plan: Plan, own: float) -> float:
        asked.append(1)
        return local_samples(plan, own)

    monkeypatch.setattr(Plan, "local_samples", counted)
    found = drawn(Plan(rounds=3, client_fraction=1e-4), task(100_000), changed(**habits), 3)
    assert found.selected.shape == (3, 15 if habits else 10)
    # Those who are drawn, the slowest of both groups, and the mean client that the pricer asks for.
    assert len(asked) <= found.selected.size + 3
    assert found.reports.all() == (not habits)


def test_many_clients_are_present_and_drop_out_by_their_shares() -> None:
    habits = {"drop_out": 0.2, "availability": (0.5,) * 24}
    found = drawn(Plan(rounds=20, client_fraction=0.01), task(20_000), changed(group=habits), 3)
    assert found.selected.shape == (20, 200)
    assert abs(found.reports.mean() - 0.8) < 4 * (0.2 * 0.8 / 4000) ** 0.5
    there = drawn(Plan(rounds=1, client_fraction=0.5), task(20_000), changed(group=habits), 3)
    assert there.selected.shape == (1, 10_000)  # the half that is there
