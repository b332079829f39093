"""Waiting for the slowest: the closed form against exact counts, against simulated draws, and by its laws."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from flopt.emissions.waiting import all_among, expected_waiting
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """Groups by number of clients, seconds busy and watts while waiting."""

    counts: tuple[int, ...]
    busy_s: tuple[float, ...]
    wait_w: tuple[float, ...]

    @property
    def clients(self) -> int:
        return sum(self.counts)

    @property
    def share(self) -> Array:
        return np.array(self.counts) / self.clients

    def expected(self, drawn: float, population: float | None) -> tuple[Array, Array]:
        return expected_waiting(np.array(self.busy_s), self.share, np.array(float(drawn)), population)


ONE = Mixture((14,), (7.0,), (2.0,))
HALVES = Mixture((7, 7), (1.0, 10.0), (2.0, 0.5))
RARE_SLOW = Mixture((13, 1), (1.0, 60.0), (0.3, 9.0))
RARE_FAST = Mixture((1, 13), (1.0, 60.0), (9.0, 0.3))
THREE = Mixture((4, 8, 2), (30.0, 5.0, 12.0), (1.0, 3.0, 0.2))  # not in the order of their times
TIES = Mixture((5, 5, 4), (3.0, 9.0, 9.0), (1.0, 0.0, 4.0))
FIVE = Mixture((20, 10, 40, 25, 5), (9.0, 100.0, 2.0, 15.0, 40.0), (0.3, 5.0, 1.0, 0.0, 50.0))
MIXTURES = [ONE, HALVES, RARE_SLOW, RARE_FAST, THREE, TIES, FIVE]
DRAWN = [1, 2, 3, 5, 10, 14]
ROUNDS = 100_000
SEED = 0


def simulated(mixture: Mixture, counts: Array) -> tuple[Array, Array]:
    """Seconds of each round, and J of each group's waiting clients, from how many of each group were drawn."""
    busy_s = np.array(mixture.busy_s)
    round_s = np.where(counts > 0, busy_s, 0).max(axis=1)
    return round_s, counts * (round_s[:, np.newaxis] - busy_s) * mixture.wait_w


def compare(mixture: Mixture, drawn: int, population: float | None, counts: NDArray[np.int64]) -> None:
    """Seconds of the round, J of each group's waiting, and J of all waiting."""
    round_s, wait_j = simulated(mixture, counts.astype(np.float64))
    expected_wait_s, expected_round_s = mixture.expected(drawn, population)
    expected_j = drawn * mixture.share * expected_wait_s * mixture.wait_w
    most_j = drawn * max(mixture.busy_s) * np.array(mixture.wait_w)
    agrees(expected_round_s, round_s, max(mixture.busy_s))
    agrees(expected_j, wait_j, most_j)
    agrees(expected_j.sum(), wait_j.sum(axis=1), most_j.max())


def agrees(expected: Array, samples: Array, most: Array | float) -> None:
    """The mean over rounds lies within three standard errors of what is expected.

    Something rarer than three in all rounds may not have been seen once; it would move the mean by `most` x 3 / rounds.
    """
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples)) + most / len(samples)
    assert np.all(np.abs(samples.mean(axis=0) - expected) <= 3 * error)


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("mixture", MIXTURES, ids=str)
def test_closed_form_agrees_with_100_000_simulated_rounds(mixture: Mixture, drawn: int) -> None:
    generator = np.random.default_rng([SEED, drawn, MIXTURES.index(mixture)])
    compare(mixture, drawn, mixture.clients, generator.multivariate_hypergeometric(mixture.counts, drawn, size=ROUNDS))


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("mixture", MIXTURES, ids=str)
def test_unbounded_population_agrees_with_100_000_simulated_rounds(mixture: Mixture, drawn: int) -> None:
    generator = np.random.default_rng([SEED, drawn, MIXTURES.index(mixture)])
    compare(mixture, drawn, None, generator.multinomial(drawn, mixture.share, size=ROUNDS))


@pytest.mark.parametrize("drawn", [1, 2, 5, 7])
@pytest.mark.parametrize("mixture", [HALVES, RARE_SLOW, THREE, TIES], ids=str)
def test_closed_form_equals_the_count_of_all_draws(mixture: Mixture, drawn: int) -> None:
    group_of = np.repeat(np.arange(len(mixture.counts)), mixture.counts)
    draws = group_of[np.array(list(combinations(range(mixture.clients), drawn)))]
    counts = np.stack([(draws == group).sum(axis=1) for group in range(len(mixture.counts))], axis=1)
    round_s, wait_j = simulated(mixture, counts.astype(np.float64))
    expected_wait_s, expected_round_s = mixture.expected(drawn, mixture.clients)
    assert expected_round_s == pytest.approx(round_s.mean(), rel=1e-12)
    energy_j = drawn * mixture.share * expected_wait_s * mixture.wait_w
    assert energy_j == pytest.approx(wait_j.mean(axis=0), rel=1e-12, abs=1e-12)


def test_5_of_14_by_hand() -> None:
    # All five fast: C(7,5)/C(14,5) = 21/2002. So the round lasts 10 - 9 x 21/2002 seconds, and a fast client that is
    # drawn finds four fast others, C(6,4)/C(13,4) = 15/715 = 2 x 21/2002, else it waits 10 - 1 = 9 seconds.
    wait_s, round_s = HALVES.expected(5, 14)
    assert round_s == pytest.approx(10 - 9 * 21 / 2002, rel=1e-12)
    assert wait_s == pytest.approx([9 * (1 - 15 / 715), 0], rel=1e-12)
    # Unbounded: all five fast with probability 1/32, the four others with 1/16.
    wait_s, round_s = HALVES.expected(5, None)
    assert round_s == pytest.approx(10 - 9 / 32, rel=1e-12)
    assert wait_s == pytest.approx([9 * (1 - 1 / 16), 0], rel=1e-12)


@pytest.mark.parametrize("clients", [1, 2, 14, 1000, 100_000])
def test_the_chance_that_all_are_among_some_is_a_ratio_of_binomials(clients: int) -> None:
    for drawn in {1, 2, 5, clients // 3, clients - 1, clients} & set(range(1, clients + 1)):
        for inside in {1, drawn - 1, drawn, drawn + 1, clients // 2, clients - 1} & set(range(1, clients + 1)):
            exact = float(Fraction(comb(inside, drawn), comb(clients, drawn)))
            got = all_among(np.array(inside / clients), np.array(float(drawn)), float(clients))
            assert float(got) == pytest.approx(exact, rel=1e-9, abs=1e-15), (inside, drawn)


def test_a_share_between_whole_clients_is_the_mean_of_one_more_and_one_less() -> None:
    # 2.8 of 14 clients: three of them in 8 of 10 draws of the groups, else two.
    share, population = np.array(2.8 / 14), 14.0
    exact = 0.2 * comb(2, 2) / comb(14, 2) + 0.8 * comb(3, 2) / comb(14, 2)
    assert float(all_among(share, np.array(2.0), population)) == pytest.approx(exact, rel=1e-12)
    # All 14 drawn, and a slow group of 0.42 of a client: nobody is slow in 58 of 100.
    assert float(all_among(np.array(13.58 / 14), np.array(14.0), population)) == pytest.approx(0.58, rel=1e-12)


@pytest.mark.parametrize("drawn", [1, 3, 40])
def test_a_billion_clients_are_as_good_as_unbounded(drawn: int) -> None:
    for bounded, unbounded in zip(FIVE.expected(drawn, 1e9), FIVE.expected(drawn, None), strict=True):
        assert bounded == pytest.approx(unbounded, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("mixture", MIXTURES, ids=str)
def test_where_everyone_is_drawn_the_round_always_waits_for_the_slowest(mixture: Mixture) -> None:
    wait_s, round_s = mixture.expected(mixture.clients, mixture.clients)
    assert round_s == max(mixture.busy_s)
    assert wait_s == pytest.approx(max(mixture.busy_s) - np.array(mixture.busy_s), rel=1e-12)


@pytest.mark.parametrize("mixture", MIXTURES, ids=str)
@pytest.mark.parametrize("bounded", [True, False])
def test_a_client_alone_waits_for_nobody(mixture: Mixture, bounded: bool) -> None:
    wait_s, round_s = mixture.expected(1, mixture.clients if bounded else None)
    assert wait_s == pytest.approx(0, abs=1e-10)
    assert round_s == pytest.approx(mixture.share @ mixture.busy_s, rel=1e-12)


@pytest.mark.parametrize("drawn", [1, 5, 14])
def test_in_one_group_nobody_waits(drawn: int) -> None:
    wait_s, round_s = ONE.expected(drawn, 14)
    assert wait_s.tolist() == [0]
    assert round_s == 7


@st.composite
def mixtures(draw: st.DrawFn) -> tuple[Array, Array, int, int | None]:
    """Seconds busy, shares (whole clients or not), K, and the population."""
    clients = draw(st.integers(2, 60))
    weights = np.array(draw(st.lists(st.integers(1, 20), min_size=1, max_size=5)), dtype=np.float64)
    seconds = st.one_of(st.integers(0, 4).map(float), st.floats(0, 1e4))  # ties are common
    busy_s = np.array(draw(st.lists(seconds, min_size=len(weights), max_size=len(weights))))
    population = draw(st.sampled_from([clients, None]))
    return busy_s, weights / weights.sum(), draw(st.integers(1, clients)), population


@given(mixtures(), st.data())
def test_splitting_a_group_into_two_halves_changes_nothing(
    mixture: tuple[Array, Array, int, int | None], data: st.DataObject
) -> None:
    busy_s, share, drawn, population = mixture
    split = data.draw(st.integers(0, len(share) - 1))
    halved = np.append(share, share[split] / 2)
    halved[split] /= 2
    wait_s, round_s = expected_waiting(busy_s, share, np.array(drawn), population)
    split_wait_s, split_round_s = expected_waiting(
        np.append(busy_s, busy_s[split]), halved, np.array(drawn), population
    )
    close = 1e-12 * busy_s.max()
    assert split_round_s == pytest.approx(round_s, rel=1e-12, abs=close)
    assert split_wait_s == pytest.approx(np.append(wait_s, wait_s[split]), rel=1e-12, abs=close)


@given(mixtures())
def test_waiting_is_never_negative_and_never_longer_than_the_slowest_client(
    mixture: tuple[Array, Array, int, int | None],
) -> None:
    busy_s, share, drawn, population = mixture
    wait_s, round_s = expected_waiting(busy_s, share, np.array(drawn), population)
    rounding = 1e-12 * busy_s.max()
    assert np.all(wait_s >= 0)
    assert np.all(wait_s <= busy_s.max() - busy_s + rounding)
    assert share @ busy_s - rounding <= round_s <= busy_s.max() + rounding


@given(mixtures())
def test_busy_and_waiting_clients_together_fill_the_round(mixture: tuple[Array, Array, int, int | None]) -> None:
    busy_s, share, drawn, population = mixture
    wait_s, round_s = expected_waiting(busy_s, share, np.array(drawn), population)
    assert share @ (busy_s + wait_s) == pytest.approx(float(round_s), rel=1e-10)


@given(mixtures())
def test_adding_clients_never_shortens_the_round_nor_anybodys_waiting(
    mixture: tuple[Array, Array, int, int | None],
) -> None:
    busy_s, share, drawn, population = mixture
    every = np.arange(1, drawn + 1, dtype=np.float64)
    wait_s, round_s = expected_waiting(np.tile(busy_s, (drawn, 1)), share, every, population)
    rounding = 1e-10 * busy_s.max()
    assert np.all(np.diff(round_s) >= -rounding)
    assert np.all(np.diff(wait_s, axis=0) >= -rounding)


def test_many_plans_at_once_equal_one_at_a_time() -> None:
    generator = np.random.default_rng(4)
    busy_s, drawn = generator.exponential(10, (50, 5)), generator.integers(1, 101, 50).astype(np.float64)
    wait_s, round_s = expected_waiting(busy_s, FIVE.share, drawn, 100)
    for row in range(50):
        one_wait_s, one_round_s = expected_waiting(busy_s[row], FIVE.share, drawn[row], 100)
        assert wait_s[row] == pytest.approx(one_wait_s, rel=1e-12)
        assert round_s[row] == pytest.approx(float(one_round_s), rel=1e-12)
