"""Neighbours of a plan in a table, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flopt.compression import Compression
from flopt.errors import FloptError
from flopt.oracles.nearness import Nearness
from flopt.plan import Plan

BASE = Plan(rounds=5)
EPOCHS = tuple(replace(BASE, local_epochs=epochs) for epochs in (1, 2, 3, 4))
SHAPES = ((20, 30), (20,))


def test_a_recorded_plan_is_its_own_only_neighbour() -> None:
    assert Nearness(EPOCHS, SHAPES).weights(replace(EPOCHS[2], rounds=2)) == [(2, 1.0)]


def test_between_plans_the_nearer_counts_more() -> None:
    rates = tuple(replace(BASE, client_lr=lr) for lr in (0.01, 0.1, 1.0))  # a log axis: 0, 0.5 and 1
    weights = Nearness(rates, SHAPES).weights(replace(BASE, client_lr=10**-1.75))
    assert [number for number, _ in weights] == [0, 1, 2]
    assert [share for _, share in weights] == pytest.approx(
        [x / (64 + 64 / 9 + 64 / 49) for x in (64, 64 / 9, 64 / 49)]
    )


def test_compressions_of_one_kind_are_near_by_their_bytes() -> None:
    plans = tuple(replace(BASE, uplink=Compression("topk", share)) for share in (0.01, 0.1, 0.5))
    near = Nearness(plans, SHAPES)
    assert near.weights(replace(BASE, uplink=Compression("topk", 0.11)))[0][0] == 1
    with pytest.raises(FloptError, match="no recorded plan has uplink = 'sign'"):
        near.weights(replace(BASE, uplink=Compression("sign")))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (replace(BASE, local_epochs=5), "local_epochs lies outside the recorded plans; the table is not extrapolated"),
        (replace(BASE, client_lr=0.06), "client_lr lies outside the recorded plans"),
        (replace(BASE, schedule="inverse-sqrt"), "no recorded plan has schedule = 'inverse-sqrt'"),
    ],
)
def test_nothing_is_extrapolated(plan: Plan, message: str) -> None:
    with pytest.raises(FloptError, match=message):
        Nearness(EPOCHS, SHAPES).weights(plan)


def test_words_must_agree_together() -> None:
    plans = (replace(BASE, schedule="inverse-sqrt"), replace(BASE, algorithm="scaffold"))
    both = replace(BASE, schedule="inverse-sqrt", algorithm="scaffold")
    with pytest.raises(FloptError, match="no recorded plan has together algorithm scaffold"):
        Nearness(plans, SHAPES).weights(both)


def test_a_hole_in_the_table_is_not_filled() -> None:
    corners = tuple(
        replace(BASE, local_epochs=epochs, client_momentum=m) for epochs, m in ((1, 0), (2, 0), (100, 0.9), (99, 0.9))
    )
    with pytest.raises(FloptError, match=r"no recorded plan is near enough: the nearest is .* away"):
        Nearness(corners, SHAPES).weights(replace(BASE, local_epochs=10, client_momentum=0.45))


def test_one_plan_left_out_is_not_its_own_neighbour() -> None:
    near = Nearness(EPOCHS, SHAPES)
    assert {number for number, _ in near.weights(EPOCHS[1], without=1)} == {0, 2, 3}
    with pytest.raises(FloptError, match="outside"):
        near.weights(EPOCHS[0], without=0)
