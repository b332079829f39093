"""Arrivals: the closed form against rounds that were drawn and settled, against all draws, and by its laws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flopt.emissions.arrivals import Arrivals, Cohort, expected_arrivals
from flopt.emissions.settling import settle

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
ROUNDS = 100_000


@dataclass(frozen=True)
class Mixture:
    """Groups by number of clients, seconds busy, and clients that never report."""

    counts: tuple[int, ...]
    busy_s: tuple[float, ...]
    lost: tuple[int, ...] = ()

    @property
    def clients(self) -> int:
        return sum(self.counts)

    @property
    def group_of(self) -> Indices:
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def reports(self) -> NDArray[np.bool_]:
        """Of each client."""
        lost = self.lost or (0,) * len(self.counts)
        return np.concatenate([np.arange(n) >= gone for n, gone in zip(self.counts, lost, strict=True)])

    def cohort(self, drawn: float, wanted: float, deadline_s: float | None = None) -> Cohort:
        counts = np.array(self.counts, dtype=np.float64)[:, np.newaxis]
        lost = np.array(self.lost or (0,) * len(self.counts))[:, np.newaxis]
        return Cohort(
            np.array([float(drawn)]), np.array([float(wanted)]), counts / self.clients, lost / counts,
            float(self.clients), deadline_s, drawn > wanted,
        )  # fmt: skip

    def expected(self, drawn: float, wanted: float, deadline_s: float | None = None) -> Arrivals:
        return expected_arrivals(np.array(self.busy_s)[:, np.newaxis], self.cohort(drawn, wanted, deadline_s))


ONE = Mixture((14,), (7.0,))
HALVES = Mixture((7, 7), (1.0, 10.0))
RARE_SLOW = Mixture((13, 1), (1.0, 60.0))
RARE_FAST = Mixture((1, 13), (1.0, 60.0))
THREE = Mixture((4, 8, 2), (30.0, 5.0, 12.0))  # not in the order of their times
TIES = Mixture((5, 5, 4), (3.0, 9.0, 9.0))
FIVE = Mixture((20, 10, 40, 25, 5), (9.0, 100.0, 2.0, 15.0, 40.0))
MIXTURES = [ONE, HALVES, RARE_SLOW, RARE_FAST, THREE, TIES, FIVE]
DRAWN = [1, 2, 3, 5, 10, 14]

# Mixture, S, K, deadline.
LOSSY = [
    (ONE, 9, 6, None),
    (replace(ONE, lost=(3,)), 6, 6, None),
    (replace(ONE, lost=(3,)), 8, 6, None),
    (HALVES, 6, 4, None),
    (replace(HALVES, lost=(1, 2)), 6, 5, None),
    (RARE_SLOW, 14, 12, None),
    (RARE_FAST, 5, 3, 59.0),
    (RARE_FAST, 5, 3, 60.0),
    (THREE, 5, 3, None),
    (replace(THREE, lost=(1, 1, 1)), 5, 4, 20.0),
    (replace(THREE, lost=(0, 3, 0)), 9, 5, None),
    (TIES, 9, 6, None),
    (replace(TIES, lost=(1, 0, 2)), 9, 6, None),
    (replace(TIES, lost=(1, 1, 1)), 9, 7, 9.0),
    (FIVE, 26, 20, None),
    (FIVE, 13, 10, 30.0),
    (FIVE, 20, 20, 30.0),
    (replace(FIVE, lost=(2, 1, 4, 2, 1)), 26, 20, None),
    (replace(FIVE, lost=(2, 1, 4, 2, 1)), 40, 30, 50.0),
    (replace(FIVE, lost=(2, 5, 0, 9, 1)), 6, 2, 12.0),
]


def in_groups(mixture: Mixture, values: Array, selected: Indices) -> Array:
    """Sums over the clients of each group: shape (rounds, groups)."""
    group = mixture.group_of[selected]
    of_each = [np.einsum("rc,rc->r", values, (group == each).astype(np.float64)) for each in range(len(mixture.counts))]
    return np.stack(of_each, axis=1)


def happened(mixture: Mixture, selected: Indices, wanted: int, deadline_s: float | None) -> dict[str, Array]:
    """What rounds with these clients came to, shape (rounds, groups), or (rounds, 1) for their length."""
    busy_s, reports = np.array(mixture.busy_s)[mixture.group_of[selected]], mixture.reports[selected]
    round_s, used = settle(busy_s, reports, wanted, deadline_s, max(mixture.busy_s))
    ends = round_s[:, np.newaxis]
    done = busy_s <= ends
    of_clients = {
        "used": used.astype(float),
        "waiting_s": used * (ends - busy_s),
        "unused": (done & reports & ~used).astype(float),
        "dropped": (done & ~reports).astype(float),
        "cut": (~done).astype(float),
        "at_work_s": np.minimum(busy_s, ends),
        **{f"at_work_s until {part}": np.minimum(part * busy_s, ends) for part in (0.1, 0.3, 0.8)},
    }
    found = {name: in_groups(mixture, values, selected) for name, values in of_clients.items()}
    return {"round_s": ends, **found}


def expected(mixture: Mixture, drawn: int, wanted: int, deadline_s: float | None) -> dict[str, Array]:
    """The same, by the closed form."""
    arrivals, cohort = mixture.expected(drawn, wanted, deadline_s), mixture.cohort(drawn, wanted, deadline_s)
    busy_s, each = np.array(mixture.busy_s)[:, np.newaxis], drawn * cohort.share
    # A client that is done has been let work in the last moment before, too.
    moment = 1e-3
    done = each * (arrivals.at_work_s - arrivals.ends.at_work_s(busy_s - moment)) / moment
    found = {
        "used": arrivals.used,
        "waiting_s": arrivals.waiting_s,
        "unused": done * (1 - cohort.drop_out) - arrivals.used,
        "dropped": done * cohort.drop_out,
        "cut": each - done,
        "at_work_s": each * arrivals.at_work_s,
        **{f"at_work_s until {part}": each * arrivals.ends.at_work_s(part * busy_s) for part in (0.1, 0.3, 0.8)},
    }
    return {"round_s": arrivals.round_s, **{name: values[:, 0] for name, values in found.items()}}


def agrees(want: Array, samples: Array, most: float, name: str) -> None:
    """The mean over rounds lies within three standard errors of what is expected.

    Something rarer than three in all rounds may not have been seen once; it would move the mean by `most` x 3 / rounds.
    """
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples)) + most / len(samples)
    assert np.all(np.abs(samples.mean(axis=0) - want) <= 3 * error + 1e-9 * most), name


@pytest.mark.parametrize("case", LOSSY, ids=str)
def test_closed_form_agrees_with_100_000_settled_rounds(case: tuple[Mixture, int, int, float | None]) -> None:
    mixture, drawn, wanted, deadline_s = case
    generator = np.random.default_rng([1, LOSSY.index(case)])
    everyone = np.tile(np.arange(mixture.clients, dtype=np.int16), (ROUNDS, 1))
    selected = generator.permuted(everyone, axis=1)[:, :drawn].astype(np.int64)
    want = expected(mixture, drawn, wanted, deadline_s)
    for name, samples in happened(mixture, selected, wanted, deadline_s).items():
        agrees(want[name], samples, drawn * (max(mixture.busy_s) if name.split()[0].endswith("_s") else 1), name)


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("mixture", MIXTURES, ids=str)
def test_without_loss_it_agrees_with_100_000_drawn_rounds(mixture: Mixture, drawn: int) -> None:
    generator = np.random.default_rng([0, drawn, MIXTURES.index(mixture)])
    counts = generator.multivariate_hypergeometric(mixture.counts, drawn, size=ROUNDS)
    busy_s = np.array(mixture.busy_s)
    round_s = np.where(counts > 0, busy_s, 0).max(axis=1, keepdims=True)
    arrivals = mixture.expected(drawn, drawn)
    agrees(arrivals.round_s, round_s, max(mixture.busy_s), "round_s")
    agrees(arrivals.waiting_s[:, 0], counts * (round_s - busy_s), drawn * max(mixture.busy_s), "waiting_s")
    assert arrivals.used[:, 0] == pytest.approx(drawn * np.array(mixture.counts) / mixture.clients, rel=1e-12)
    assert arrivals.at_work_s[:, 0].tolist() == busy_s.tolist()


ALL_DRAWS = [
    (HALVES, 5, 5, None),
    (replace(HALVES, lost=(1, 2)), 5, 4, None),
    (RARE_SLOW, 7, 5, 30.0),
    (RARE_FAST, 4, 2, None),
    (THREE, 5, 5, None),
    (replace(THREE, lost=(1, 1, 1)), 5, 3, None),
    (replace(THREE, lost=(1, 3, 0)), 5, 4, 20.0),
    (replace(THREE, lost=(1, 3, 0)), 5, 2, 12.0),
    (replace(ONE, lost=(5,)), 5, 3, 7.0),
]


@pytest.mark.parametrize("case", ALL_DRAWS, ids=str)
def test_closed_form_equals_the_count_of_all_draws(case: tuple[Mixture, int, int, float | None]) -> None:
    mixture, drawn, wanted, deadline_s = case
    selected = np.array(list(combinations(range(mixture.clients), drawn)))
    want = expected(mixture, drawn, wanted, deadline_s)
    for name, values in happened(mixture, selected, wanted, deadline_s).items():
        # Whether a client is done is read off the last millisecond, and loses three digits.
        rounding = 1e-9 if name in ("unused", "dropped", "cut") else 1e-12
        assert want[name] == pytest.approx(values.mean(axis=0), rel=rounding, abs=rounding * 10), name


def test_5_of_14_by_hand() -> None:
    # All five fast: C(7,5)/C(14,5) = 21/2002. So the round lasts 10 - 9 x 21/2002 seconds, and a fast client that is
    # drawn finds four fast others, C(6,4)/C(13,4) = 15/715 = 2 x 21/2002, else it waits 10 - 1 = 9 seconds.
    arrivals = HALVES.expected(5, 5)
    assert arrivals.round_s == pytest.approx(10 - 9 * 21 / 2002, rel=1e-12)
    assert arrivals.waiting_s[:, 0] == pytest.approx([2.5 * 9 * (1 - 15 / 715), 0], rel=1e-12)


def test_3_wanted_of_4_drawn_by_hand() -> None:
    # Two fast clients (1 s), two slow ones (3 s), all drawn, three wanted: the round lasts 3 s; both fast clients are
    # used and wait 2 s each; of the slow ones, which are done together, one is used and one is one too many.
    two = Mixture((2, 2), (1.0, 3.0))
    arrivals = two.expected(4, 3)
    assert arrivals.round_s.tolist() == [3]
    assert arrivals.used[:, 0] == pytest.approx([2, 1], rel=1e-12)
    assert arrivals.waiting_s[:, 0] == pytest.approx([4, 0], rel=1e-12)
    assert arrivals.at_work_s[:, 0] == pytest.approx([1, 3], rel=1e-12)
    # Two wanted: after 1 s they are there, and the slow ones are stopped.
    arrivals = two.expected(4, 2)
    assert (arrivals.round_s.tolist(), arrivals.waiting_s.max()) == ([1], 0)
    assert arrivals.used[:, 0] == pytest.approx([2, 0], abs=1e-12)
    assert arrivals.at_work_s[:, 0] == pytest.approx([1, 1], rel=1e-12)
    # One fast client is lost: a slow one is waited for.
    arrivals = replace(two, lost=(1, 0)).expected(4, 2)
    assert arrivals.round_s.tolist() == [3]
    assert arrivals.used[:, 0] == pytest.approx([1, 1], rel=1e-12)


@pytest.mark.parametrize("mixture", [HALVES, THREE, replace(FIVE, lost=(2, 1, 4, 2, 1))], ids=str)
def test_a_deadline_that_nobody_meets_uses_nobody_and_works_until_it(mixture: Mixture) -> None:
    arrivals = mixture.expected(5, 4, deadline_s=0.5)
    assert arrivals.round_s.tolist() == [0.5]
    assert arrivals.used.max() == arrivals.waiting_s.max() == 0
    assert arrivals.at_work_s == pytest.approx(0.5)


@pytest.mark.parametrize("mixture", MIXTURES, ids=str)
def test_where_everyone_is_drawn_the_round_always_waits_for_the_slowest(mixture: Mixture) -> None:
    arrivals = mixture.expected(mixture.clients, mixture.clients)
    assert arrivals.round_s.tolist() == [max(mixture.busy_s)]
    waits_s = np.array(mixture.counts) * (max(mixture.busy_s) - np.array(mixture.busy_s))
    assert arrivals.waiting_s[:, 0] == pytest.approx(waits_s, rel=1e-12)


@pytest.mark.parametrize("mixture", MIXTURES, ids=str)
def test_a_client_alone_waits_for_nobody(mixture: Mixture) -> None:
    arrivals = mixture.expected(1, 1)
    assert arrivals.waiting_s == pytest.approx(0, abs=1e-12)
    assert arrivals.round_s == pytest.approx(np.dot(mixture.counts, mixture.busy_s) / mixture.clients, rel=1e-12)


@pytest.mark.parametrize("drawn", [1, 3, 40])
def test_a_billion_clients_are_drawn_as_if_independently(drawn: int) -> None:
    share, busy_s = np.array(FIVE.counts) / 100, np.array(FIVE.busy_s)
    order = np.argsort(busy_s)
    done = np.cumsum(share[order]) ** drawn
    cohort = replace(FIVE.cohort(drawn, drawn), population=1e9)
    round_s = busy_s[order] @ np.diff(done, prepend=0)
    assert expected_arrivals(busy_s[:, np.newaxis], cohort).round_s == pytest.approx(round_s, rel=1e-6)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Array, Cohort]:
    """Seconds busy of each group, and who is drawn; shares need not be whole clients."""
    clients = draw(st.integers(2, 60))
    weights = np.array(draw(st.lists(st.integers(1, 20), min_size=1, max_size=5)), dtype=np.float64)
    seconds = st.one_of(st.integers(0, 4).map(float), st.floats(0, 1e4))  # ties are common
    busy_s = np.array(draw(st.lists(seconds, min_size=len(weights), max_size=len(weights))))[:, np.newaxis]
    wanted = draw(st.integers(1, clients))
    drawn = draw(st.one_of(st.just(wanted), st.integers(wanted, clients)))
    lost = st.one_of(st.just(0.0), st.floats(0, 0.9))
    drop_out = np.array(draw(st.lists(lost, min_size=len(weights), max_size=len(weights))))[:, np.newaxis]
    deadline_s = draw(st.one_of(st.none(), st.integers(1, 5).map(float), st.floats(0.1, 1e4)))
    share = (weights / weights.sum())[:, np.newaxis]
    number = np.array([float(drawn)]), np.array([float(wanted)])
    return busy_s, Cohort(*number, share, drop_out, float(clients), deadline_s, drawn > wanted)


@given(cases())
def test_nobody_is_counted_twice_and_nothing_is_negative(case: tuple[Array, Cohort]) -> None:
    busy_s, cohort = case
    arrivals = expected_arrivals(busy_s, cohort)
    longest = float(busy_s.max()) if cohort.deadline_s is None else cohort.deadline_s
    small = 1e-9 * (1 + longest)
    reported = cohort.drawn * cohort.share * (1 - cohort.drop_out)
    assert arrivals.used.sum() <= cohort.wanted + 1e-9
    assert np.all((arrivals.used >= 0) & (arrivals.used <= reported + 1e-9))
    assert np.all(arrivals.waiting_s >= 0)
    assert np.all(arrivals.waiting_s <= arrivals.used * np.maximum(longest - busy_s, 0) + 1e-8 * (1 + longest))
    assert np.all((arrivals.at_work_s >= -small) & (arrivals.at_work_s <= np.minimum(busy_s, longest) + small))
    clients = cohort.share * (1 - cohort.drop_out) * cohort.population
    if np.array_equal(clients, np.round(clients)):  # with parts of clients the law is only very nearly exact
        worked = cohort.drawn * cohort.share * arrivals.at_work_s
        assert np.all(arrivals.used * busy_s <= worked + 1e-8 * (1 + longest))
    assert min(float(busy_s.min()), longest) - small <= arrivals.round_s[0] <= longest + small


@given(cases(), st.data())
def test_splitting_a_group_into_two_halves_changes_nothing(case: tuple[Array, Cohort], data: st.DataObject) -> None:
    busy_s, cohort = case
    group = data.draw(st.integers(0, len(busy_s) - 1))
    halved = np.append(cohort.share, cohort.share[group : group + 1] / 2, axis=0)
    halved[group] /= 2
    split = replace(
        cohort, share=halved, drop_out=np.append(cohort.drop_out, cohort.drop_out[group : group + 1], axis=0)
    )
    whole = expected_arrivals(busy_s, cohort)
    halves = expected_arrivals(np.append(busy_s, busy_s[group : group + 1], axis=0), split)
    close = 1e-12 * (1 + busy_s.max() + (cohort.deadline_s or 0)) * cohort.drawn[0]  # of what a round can last
    assert halves.round_s == pytest.approx(whole.round_s, rel=1e-12, abs=close)
    for name in ("used", "waiting_s"):
        together = getattr(halves, name)[:-1].copy()
        together[group] += getattr(halves, name)[-1]
        assert together == pytest.approx(getattr(whole, name), rel=1e-12, abs=close), name
    assert halves.at_work_s == pytest.approx(
        np.append(whole.at_work_s, whole.at_work_s[group : group + 1], axis=0), abs=close
    )


@given(cases())
def test_the_law_of_losses_holds_where_nothing_is_lost(case: tuple[Array, Cohort]) -> None:
    busy_s, cohort = case
    cohort = replace(cohort, drawn=cohort.wanted, drop_out=np.zeros_like(cohort.drop_out), deadline_s=None)
    short, long = (expected_arrivals(busy_s, replace(cohort, over_selected=flag)) for flag in (False, True))
    close = 1e-11 * (1 + busy_s.max()) * cohort.drawn[0]
    for name in ("round_s", "used", "waiting_s", "at_work_s"):
        assert getattr(long, name) == pytest.approx(getattr(short, name), rel=1e-11, abs=close), name


@given(cases())
def test_busy_and_waiting_clients_together_fill_a_round_without_loss(case: tuple[Array, Cohort]) -> None:
    busy_s, cohort = case
    cohort = replace(cohort, drawn=cohort.wanted, drop_out=np.zeros_like(cohort.drop_out), deadline_s=None)
    arrivals = expected_arrivals(busy_s, replace(cohort, over_selected=False))
    filled = (arrivals.used * busy_s + arrivals.waiting_s).sum() / cohort.drawn
    assert filled == pytest.approx(arrivals.round_s, rel=1e-10)


@given(cases())
def test_drawing_more_clients_never_makes_a_round_longer_nor_uses_fewer(case: tuple[Array, Cohort]) -> None:
    busy_s, cohort = case
    assume(cohort.drawn[0] < cohort.population)
    fewer = expected_arrivals(busy_s, replace(cohort, over_selected=True))
    more = expected_arrivals(busy_s, replace(cohort, drawn=cohort.drawn + 1, over_selected=True))
    assert more.round_s[0] <= fewer.round_s[0] + 1e-9 * (1 + busy_s.max())
    assert more.used.sum() >= fewer.used.sum() - 1e-9


@pytest.mark.parametrize("deadline_s", [None, 12.0])
@pytest.mark.parametrize("lost", [(), (2, 1, 4, 2, 1)])
def test_many_cases_at_once_equal_one_at_a_time(lost: tuple[int, ...], deadline_s: float | None) -> None:
    generator = np.random.default_rng(4)
    busy_s, wanted = generator.integers(1, 30, (5, 60)).astype(np.float64), generator.integers(1, 80, 60).astype(float)
    cohort = replace(
        replace(FIVE, lost=lost).cohort(1, 1, deadline_s), drawn=wanted + 20, wanted=wanted, over_selected=True
    )
    together = expected_arrivals(busy_s, cohort)
    for case in range(60):
        at = slice(case, case + 1)
        alone = expected_arrivals(busy_s[:, at], replace(cohort, drawn=cohort.drawn[at], wanted=wanted[at]))
        for name in ("round_s", "used", "waiting_s", "at_work_s"):
            assert getattr(alone, name).tolist() == getattr(together, name)[..., at].tolist(), name
