"""The network between device and server: three models, by hand, and how far they lie apart."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Group, Link, LinkKind
from flopt.emissions.network import NetworkModel, network_rates, shipped, stacked
from flopt.emissions.network_file import network_facts
from flopt.emissions.pricing import central
from flopt.emissions.uncertainty import Draws

Array = NDArray[np.float64]


def of(value: float) -> Coefficient:
    return Coefficient.of(value, "1", "test")


DEVICE = Device("board", of(2), of(1), of(1), of(1), of(1e9))


def group(kind: LinkKind, *, access: tuple[float, float] | None = None) -> Group:
    down, up = (None, None) if access is None else (of(access[0]), of(access[1]))
    link = Link(f"{kind} line", of(8e7), of(4e7), kind, access_nj_per_bit_down=down, access_nj_per_bit_up=up)
    return Group(kind, DEVICE, link, "FRA", 0.5)


GROUPS = [group("fixed"), group("mobile")]


def found(model: NetworkModel, **own: float | None) -> tuple[list[float], list[float], list[float]]:
    down, up, router_w = network_rates(model, GROUPS, central, own.get("router_w"), own.get("kwh_per_gb"))
    assert down.shape == up.shape == router_w.shape == (2, 1, 1)
    return down.ravel().tolist(), up.ravel().tolist(), router_w.ravel().tolist()


def test_a_router_draws_its_watts_while_a_transfer_lasts() -> None:
    assert found("router") == ([0, 0], [0, 0], [7.5, 7.5])
    assert found("router", router_w=10.0) == ([0, 0], [0, 0], [10, 10])


def test_by_the_gigabyte_fixed_and_mobile_links_differ_and_the_two_ways_do_not() -> None:
    assert found("per_gb") == ([0.05, 0.12], [0.05, 0.12], [0, 0])
    assert found("per_gb", kwh_per_gb=0.01) == ([0.01, 0.01], [0.01, 0.01], [0, 0])


def test_by_hops_the_machines_on_the_way_are_added_up_by_hand() -> None:
    # Beyond the access network: 2 x 31.7 + 27.1 + 2 x 37 + 5 x 12.6 = 227.5 nJ/bit, fixed and mobile alike.
    # A GB is 8e9 bit: 1 nJ/bit is 8 J/GB = 8 / 3.6e6 kWh/GB.
    down, up, router_w = found("per_hop")
    assert down == pytest.approx([(227.5 + 89) * 8 / 3.6e6, (227.5 + 54_000) * 8 / 3.6e6], rel=1e-12)
    assert up == pytest.approx([(227.5 + 170) * 8 / 3.6e6, (227.5 + 54_000) * 8 / 3.6e6], rel=1e-12)
    assert router_w == [0, 0]


def test_a_link_may_bring_its_own_access_network() -> None:
    own = [group("mobile", access=(1000, 3000))]
    down, up, _ = network_rates("per_hop", own, central, None, None)
    assert down.item() == pytest.approx(1227.5 * 8 / 3.6e6, rel=1e-12)
    assert up.item() == pytest.approx(3227.5 * 8 / 3.6e6, rel=1e-12)


def test_the_models_lie_a_factor_of_hundreds_apart() -> None:
    # A mobile GB: 7.5 W for 8000 Mbit / 80 Mbit/s = 100 s is 0.0002 kWh; per_gb says 0.12.
    router_kwh_per_gb = found("router")[2][1] * (8e9 / 8e7) / 3.6e6
    assert router_kwh_per_gb == pytest.approx(0.000208, abs=1e-6)
    assert found("per_gb")[0][1] / router_kwh_per_gb > 400


@pytest.mark.parametrize("model", ["router", "per_gb", "per_hop"])
def test_draws_of_the_coefficients_stand_side_by_side(model: NetworkModel) -> None:
    for each in network_rates(model, GROUPS, Draws(9), None, None):
        assert each.shape in ((2, 1, 1), (2, 9, 1))
        assert np.all(each >= 0)
    assert max(each.shape[1] for each in network_rates(model, GROUPS, Draws(9), None, None)) == 9


def test_shipped_network_coefficients_have_range_source_and_year() -> None:
    for name, coefficient in network_facts().items():
        assert 0 < coefficient.low <= coefficient.value <= coefficient.high, name
        assert len(coefficient.source) > 5, name
        assert coefficient.year is not None, name
        assert shipped(name, central) == coefficient.value


def test_values_of_groups_are_stacked() -> None:
    assert stacked([np.array(1.0), np.array(2.0)]).tolist() == [[[1]], [[2]]]
    assert stacked([np.array(1.0), np.array([[2.0], [3.0]])]).tolist() == [[[1], [1]], [[2], [3]]]
