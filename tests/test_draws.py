"""Drawing without replacement: chances and means against exact fractions, from 1 client to a billion."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import hypergeom

from flopt.emissions.draws import all_among, partial_moments

Array = NDArray[np.float64]
BILLION = 10**9


def exact(part: int, drawn: int, clients: int, wanted: int) -> tuple[float, float]:
    """P(X >= wanted) and E[X; X >= wanted], from integers."""
    ways = [comb(part, x) * comb(clients - part, drawn - x) for x in range(wanted, drawn + 1)]
    total = comb(clients, drawn)
    mean = sum(x * each for x, each in zip(range(wanted, drawn + 1), ways, strict=True))
    return float(Fraction(sum(ways), total)), float(Fraction(mean, total))


def moments(part: float, drawn: int, clients: float, wanted: int) -> tuple[float, float]:
    chance, mean = partial_moments(
        np.array([part]), np.array([float(drawn)]), float(clients), np.array([float(wanted)])
    )
    return float(chance[0]), float(mean[0])


def among(part: float, drawn: int, clients: float) -> float:
    return float(all_among(np.array([part]), np.array([float(drawn)]), float(clients))[0])


@pytest.mark.parametrize("clients", [1, 2, 3, 5, 14, 40, 300])
def test_partial_moments_are_sums_of_exact_fractions(clients: int) -> None:
    for drawn in {1, 2, clients // 3, clients - 1, clients} & set(range(1, clients + 1)):
        for part in {0, 1, 2, clients // 2, clients - 1, clients} & set(range(clients + 1)):
            for wanted in {1, 2, drawn // 2, drawn} & set(range(1, drawn + 1)):
                chance, mean = exact(part, drawn, clients, wanted)
                assert moments(part, drawn, clients, wanted) == pytest.approx((chance, mean), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(("drawn", "wanted"), [(2, 1), (13, 10), (130, 100), (1300, 1000), (1000, 1000)])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.75, 0.7701234, 0.8, 0.92, 0.999])
def test_a_billion_clients_lose_no_digit(share: float, drawn: int, wanted: int) -> None:
    part = int(share * BILLION)
    chance, mean = exact(part, drawn, BILLION, wanted)
    assert moments(part, drawn, BILLION, wanted) == pytest.approx((chance, mean), rel=1e-13, abs=1e-13)
    # SciPy subtracts log-gammas of 10^9: it is good to about 1e-7 here.
    assert moments(part, drawn, BILLION, wanted)[0] == pytest.approx(
        hypergeom(BILLION, part, drawn).sf(wanted - 1), abs=2e-7
    )
    assert among(part, drawn, BILLION) == pytest.approx(
        float(Fraction(comb(part, drawn), comb(BILLION, drawn))), rel=1e-12, abs=1e-17
    )


@pytest.mark.parametrize("clients", [1, 2, 14, 1000, 100_000])
def test_the_chance_that_all_are_among_some_is_a_ratio_of_binomials(clients: int) -> None:
    for drawn in {1, 2, 5, clients // 3, clients - 1, clients} & set(range(1, clients + 1)):
        for part in {1, drawn - 1, drawn, drawn + 1, clients // 2, clients - 1} & set(range(1, clients + 1)):
            ratio = float(Fraction(comb(part, drawn), comb(clients, drawn)))
            assert among(part, drawn, clients) == pytest.approx(ratio, rel=1e-9, abs=1e-15), (part, drawn)


def test_all_among_a_share_between_whole_clients_is_the_mean_of_one_more_and_one_less() -> None:
    # 2.8 of 14 clients: three of them in 8 of 10 draws of the groups, else two.
    mean = 0.2 * comb(2, 2) / comb(14, 2) + 0.8 * comb(3, 2) / comb(14, 2)
    assert among(2.8, 2, 14) == pytest.approx(mean, rel=1e-12)
    # All 14 drawn, and a slow group of 0.42 of a client: nobody is slow in 58 of 100.
    assert among(13.58, 14, 14) == pytest.approx(0.58, rel=1e-12)
    assert among(14, 14, 14) == 1


@pytest.mark.parametrize(("part", "drawn", "wanted"), [(2.8, 5, 2), (13.58, 14, 13), (0.3, 4, 1), (7.5, 7, 7)])
def test_moments_of_a_share_between_whole_clients_too(part: float, drawn: int, wanted: int) -> None:
    low, high = exact(int(part), drawn, 14, wanted), exact(int(part) + 1, drawn, 14, wanted)
    weight = part - int(part)
    mean = [(1 - weight) * one + weight * other for one, other in zip(low, high, strict=True)]
    assert moments(part, drawn, 14, wanted) == pytest.approx(mean, rel=1e-12)


@st.composite
def tables(draw: st.DrawFn) -> tuple[float, int, int, int]:
    clients = draw(st.integers(1, 3000))
    drawn = draw(st.integers(1, clients))
    part = draw(st.one_of(st.integers(0, clients).map(float), st.floats(0, clients)))
    return part, drawn, clients, draw(st.integers(1, drawn))


@given(tables())
@example((1.0, 1315, 1315, 1))  # all are drawn, and the mean is a rounding error below 1
def test_chances_and_means_stay_within_what_is_possible(table: tuple[float, int, int, int]) -> None:
    part, drawn, clients, wanted = table
    chance, mean = moments(part, drawn, clients, wanted)
    expected = drawn * part / clients
    rounding = 1e-12 * drawn
    assert 0 <= chance <= 1
    assert wanted * chance - rounding <= mean <= min(drawn * chance, expected) + rounding
    assert expected - mean <= (wanted - 1) * (1 - chance) + rounding  # below `wanted`, X is at most wanted - 1


@given(tables())
def test_more_members_and_fewer_wanted_are_never_less_likely(table: tuple[float, int, int, int]) -> None:
    part, drawn, clients, wanted = table
    chance, mean = moments(part, drawn, clients, wanted)
    more = moments(min(part + 1.5, clients), drawn, clients, wanted)
    assert (more[0] >= chance - 1e-13, more[1] >= mean - 1e-12 * drawn) == (True, True)
    if wanted > 1:
        fewer = moments(part, drawn, clients, wanted - 1)
        assert (fewer[0] >= chance - 1e-13, fewer[1] >= mean - 1e-12 * drawn) == (True, True)


@given(tables())
def test_all_drawn_is_the_last_of_the_chances(table: tuple[float, int, int, int]) -> None:
    part, drawn, clients, _ = table
    assert among(part, drawn, clients) == pytest.approx(moments(part, drawn, clients, drawn)[0], rel=1e-9, abs=1e-13)


@given(tables())
def test_the_other_part_has_the_others(table: tuple[float, int, int, int]) -> None:
    # Of all that are drawn, X belong to the part and the rest to what is left: P(X >= k) = P(rest <= drawn - k).
    part, drawn, clients, wanted = table
    rest = moments(clients - part, drawn, clients, drawn - wanted + 1)[0]
    assert moments(part, drawn, clients, wanted)[0] == pytest.approx(1 - rest, abs=1e-12)


def test_arguments_broadcast_and_each_result_is_its_own() -> None:
    generator = np.random.default_rng(3)
    drawn = generator.integers(1, 90, 60).astype(np.float64)
    wanted = np.ceil(drawn * generator.random(60))
    part = np.array([[3.0], [31.25], [60.0], [99.0], [100.0]])
    chance, mean = partial_moments(part, drawn, 100.0, wanted)
    every = all_among(part, drawn, 100.0)
    assert chance.shape == mean.shape == every.shape == (5, 60)
    for row in range(5):
        for case in range(60):
            alone = moments(float(part[row, 0]), int(drawn[case]), 100, int(wanted[case]))
            assert (chance[row, case], mean[row, case]) == alone
            assert every[row, case] == among(float(part[row, 0]), int(drawn[case]), 100)
