"""The expected curve of a plan: no lucky run is believed, no seed is, and the error is as large as it is told."""

from __future__ import annotations

import numpy as np
import pytest
from noisy_runs import Noisy
from numpy.typing import NDArray

from flopt.search.expectation import enough, expect, knots_until
from flopt.search.luck import Curve
from flopt.spread import HALF_WIDTH

STUDIES = 6

Runs = dict[tuple[int, int], NDArray[np.float64]]
Study = tuple[Noisy, Runs]


def studied(number: int, repeats: int) -> Study:
    """A study of forty plans: one seed each, then fresh seeds for those that own the front until each has enough."""
    noisy = Noisy.drawn(np.random.default_rng(number))
    plans, rounds = noisy.truth.shape
    lengths = np.random.default_rng([number, 9]).integers(10, rounds + 1, plans)
    runs = {(plan, 0): noisy.run(plan, 0, number)[: lengths[plan]] for plan in range(plans)}
    for _ in range(3 * repeats):
        means = [each.mean for each in expect(curves(noisy, runs), shares=True)]
        for plan, last in dict(sorted(noisy.front(means))).items():  # the last round of each owner
            seeds = [seed for of, seed in runs if of == plan]
            if len(seeds) <= repeats:
                runs[plan, len(seeds)] = noisy.run(plan, len(seeds), number)[: last + 1]
    return noisy, runs


def curves(noisy: Noisy, runs: Runs) -> list[Curve]:
    return [Curve(plan, seed, float(noisy.clients[plan]), values) for (plan, seed), values in runs.items()]


@pytest.fixture(scope="module")
def studies() -> list[Study]:
    return [studied(number, repeats=2) for number in range(STUDIES)]


def test_the_reported_hypervolume_is_honest_where_the_raw_one_is_not(studies: list[Study]) -> None:
    raw: list[float] = []
    honest: list[float] = []
    for noisy, runs in studies:
        first = [runs[plan, 0] for plan in range(len(noisy.truth))]
        means = [each.mean for each in expect(curves(noisy, runs), shares=True)]
        for values, ratios in ((first, raw), (means, honest)):
            front = noisy.front(values)
            ratios.append(noisy.volume(front, values) / noisy.volume(front, list(noisy.truth)))
    assert np.mean(raw) > 1.04
    assert abs(np.mean(honest) - 1) < 0.03
    assert max(abs(np.array(honest) - 1)) < 0.05


def test_errors_are_as_large_as_told(studies: list[Study]) -> None:
    inside = []
    for noisy, runs in studies:
        for plan, each in enumerate(expect(curves(noisy, runs), shares=True)):
            length = len(each.mean)
            off = np.abs(each.mean - noisy.truth[plan, :length]) / each.spread.sd(length)
            inside.append((off < HALF_WIDTH).mean())
    assert 0.8 < np.mean(inside) < 0.98  # nine tenths are meant


def test_more_seeds_narrow_what_is_known() -> None:
    noisy = Noisy.drawn(np.random.default_rng(1))
    runs = {(plan, 0): noisy.run(plan, 0) for plan in range(20)}
    runs |= {(plan, seed): noisy.run(plan, seed) for plan in range(6) for seed in (1, 2, 3)}
    found = expect(curves(noisy, runs), shares=True)
    rounds = noisy.truth.shape[1]
    many, one = (np.mean([found[p].spread.sd(rounds).mean() for p in plans]) for plans in (range(6), range(6, 20)))
    assert many < 0.8 * one


def test_the_luck_that_a_seed_gives_to_all_plans_is_taken_out() -> None:
    better = []
    for number in range(STUDIES):
        noisy = Noisy.drawn(np.random.default_rng(100 + number))
        noisy = Noisy(noisy.truth, noisy.cost, noisy.clients, luck=0.08, jitter=0.01, shared=0.9)
        once = {(plan, 0): noisy.run(plan, 0, number) for plan in range(30)}
        again = {(plan, seed): noisy.run(plan, seed, number) for plan in range(8) for seed in range(1, 6)}
        others = range(8, 30)  # run with the one seed only
        with_, without = expect(curves(noisy, once | again), shares=True), expect(curves(noisy, once), shares=True)
        errors = [
            np.sqrt(np.mean([(found[p].mean - noisy.truth[p]) ** 2 for p in others])) for found in (with_, without)
        ]
        better.append(errors[0] / errors[1])
    assert np.mean(better) < 0.75


def test_curves_without_noise_are_given_back() -> None:
    noisy = Noisy.drawn(np.random.default_rng(2))
    exact = [Curve(plan, 0, 10.0, noisy.truth[plan]) for plan in range(20)]
    for plan, each in enumerate(expect(exact, shares=True)):
        assert np.abs(each.mean - noisy.truth[plan]).max() < 0.01
        assert each.spread.sd(noisy.truth.shape[1]).max() < 0.01


def test_the_order_of_runs_does_not_matter(studies: list[Study]) -> None:
    noisy, runs = studies[0]
    mixed = dict(sorted(runs.items(), key=lambda item: (item[0][1], -item[0][0])))
    for one, other in zip(
        expect(curves(noisy, runs), shares=True), expect(curves(noisy, mixed), shares=True), strict=True
    ):
        np.testing.assert_allclose(one.mean, other.mean, atol=1e-9)
        np.testing.assert_allclose(one.spread.sd(5), other.spread.sd(5), atol=1e-7)


def test_noise_needs_a_few_plans_of_some_rounds() -> None:
    short = [Curve(plan, 0, 3.0, np.full(4, 0.5)) for plan in range(9)]
    assert not enough(short)
    assert not enough([Curve(plan, 0, 3.0, np.full(9, 0.5)) for plan in range(3)])
    assert enough([Curve(plan, 0, 3.0, np.full(9, 0.5)) for plan in range(4)])


@pytest.mark.parametrize("rounds", [1, 2, 3, 7, 100, 500])
def test_knots_reach_from_the_first_round_to_the_last(rounds: int) -> None:
    knots = knots_until(rounds)
    assert knots[0] == 1
    assert knots[-1] == rounds
    assert (np.diff(knots) > 0).all()


def test_runs_that_have_no_seed_in_common_share_no_luck() -> None:
    random = np.random.default_rng(0)
    alone = [Curve(plan, plan, 10.0, 0.5 + 0.01 * plan + 0.02 * random.normal(size=8)) for plan in range(6)]
    assert all(each.spread.common.shape[1] == 0 for each in expect(alone, shares=True))


def test_runs_that_share_no_seed_have_no_luck_in_common() -> None:
    noisy = Noisy.drawn(np.random.default_rng(9), plans=8)
    found = expect(
        [Curve(plan, plan, float(noisy.clients[plan]), noisy.run(plan, plan)) for plan in range(8)], shares=True
    )
    assert all(not each.spread.common.any() for each in found)
    assert all((each.spread.sd(60) > 0).all() for each in found)
