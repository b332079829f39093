"""How far plans lie apart in a table, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flopt.compression import Compression
from flopt.errors import FloptError
from flopt.oracles.nearness import Nearness
from flopt.plan import Plan

BASE = Plan(rounds=5)
EPOCHS = tuple(replace(BASE, local_epochs=epochs) for epochs in (1, 2, 3, 5))
SHAPES = ((20, 30), (20,))


def test_a_recorded_plan_is_found_whatever_its_rounds() -> None:
    near = Nearness(EPOCHS, SHAPES)
    assert near.same(replace(EPOCHS[2], rounds=2)) == 2
    assert near.same(replace(EPOCHS[2], local_epochs=4)) is None
    assert near.same(replace(EPOCHS[2], client_lr=0.06)) is None
    assert near.same(replace(EPOCHS[2], algorithm="scaffold")) is None


def test_distances_are_shares_of_the_recorded_range() -> None:
    apart = Nearness(EPOCHS, SHAPES).apart(replace(BASE, local_epochs=4))
    np.testing.assert_allclose(apart, [np.square([3 / 4, 2 / 4, 1 / 4, 1 / 4])])  # 1 to 5 is no wide range


def test_a_wide_range_is_a_log_axis() -> None:
    rates = tuple(replace(BASE, client_lr=lr) for lr in (0.01, 0.1, 1.0))
    apart = Nearness(rates, SHAPES).apart(replace(BASE, client_lr=10**-1.5))
    np.testing.assert_allclose(apart, [np.square([0.25, 0.25, 0.75])])


def test_words_are_axes_too() -> None:
    plans = (*EPOCHS, replace(BASE, algorithm="scaffold"), replace(BASE, uplink=Compression("sign")))
    near = Nearness(plans, SHAPES)
    words = near.apart(replace(BASE, algorithm="scaffold", local_epochs=2))[-2:]
    np.testing.assert_array_equal(words, [[1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 0, 1]])


def test_all_pairs_are_those_of_each_plan() -> None:
    plans = tuple(
        replace(BASE, local_epochs=n % 4 + 1, client_lr=0.01 * 2**n, uplink=Compression(*uplink))
        for n, uplink in enumerate((("none", 0), ("topk", 0.1), ("topk", 0.5), ("quantize", 4), ("quantize", 8)))
    )
    near = Nearness(plans, SHAPES)
    for number, plan in enumerate(plans):
        np.testing.assert_allclose(near.all_apart[:, number], near.apart(plan), atol=1e-15)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (replace(BASE, local_epochs=6), "local_epochs lies outside the recorded plans; the table is not extrapolated"),
        (replace(BASE, client_lr=0.06), "client_lr lies outside the recorded plans"),
        (replace(BASE, schedule="inverse-sqrt"), "no recorded plan has schedule = 'inverse-sqrt'"),
        (replace(BASE, client_momentum=0.5), "client_momentum lies outside the recorded plans"),
    ],
)
def test_nothing_is_extrapolated(plan: Plan, message: str) -> None:
    with pytest.raises(FloptError, match=message):
        Nearness(EPOCHS, SHAPES).apart(plan)


def test_the_end_of_an_axis_that_was_all_but_recorded_is_no_extrapolation() -> None:
    near = Nearness(tuple(replace(BASE, client_fraction=share) for share in (0.2, 0.5, 0.99)), SHAPES)
    near.apart(replace(BASE, client_fraction=1.0))
    with pytest.raises(FloptError, match="client_fraction lies outside the recorded plans"):
        near.apart(replace(BASE, client_fraction=0.18))


def test_zero_on_a_log_axis_is_outside() -> None:
    near = Nearness(tuple(replace(BASE, proximal_mu=mu) for mu in (0.001, 0.01, 0.1)), SHAPES)
    with pytest.raises(FloptError, match="proximal_mu lies outside the recorded plans"):
        near.apart(BASE)


def test_bytes_are_compared_within_one_kind() -> None:
    plans = [replace(BASE, uplink=Compression("topk", share)) for share in (0.05, 0.1, 0.2)]
    plans += [replace(BASE, uplink=Compression("quantize", bits)) for bits in (4, 16)]
    near = Nearness(tuple(plans), SHAPES)
    near.apart(replace(BASE, uplink=Compression("quantize", 8)))
    near.apart(replace(BASE, uplink=Compression("topk", 0.15)))
    with pytest.raises(FloptError, match="uplink lies outside the recorded plans"):
        near.apart(replace(BASE, uplink=Compression("topk", 0.4)))  # as many bytes as some quantisation has
    with pytest.raises(FloptError, match="no recorded plan has uplink = 'sign'"):
        near.apart(replace(BASE, uplink=Compression("sign")))


def test_words_must_agree_together() -> None:
    plans = (replace(BASE, schedule="inverse-sqrt"), replace(BASE, algorithm="scaffold"))
    both = replace(BASE, schedule="inverse-sqrt", algorithm="scaffold")
    with pytest.raises(FloptError, match="no recorded plan has together algorithm scaffold"):
        Nearness(plans, SHAPES).apart(both)


def test_one_plan_left_out_does_not_count() -> None:
    near = Nearness(EPOCHS, SHAPES)
    near.check(EPOCHS[1], without=1)
    with pytest.raises(FloptError, match="outside"):
        near.check(EPOCHS[0], without=0)
