"""What one client takes, phase by phase, by hand; and what is spent when it is stopped in the middle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flopt.emissions.client_cost import ClientCost, client_cost
from flopt.emissions.coefficient import Coefficient
from flopt.emissions.fleet import Device, Fleet, Group, Link, Server
from flopt.emissions.pricing import Pricing, rates
from flopt.emissions.rates import Rates
from flopt.units import J_PER_KWH


def of(value: float) -> Coefficient:
    return Coefficient.of(value, "1", "test")


# 1e9 FLOP/s at 10 W; 8 Mbit/s down at 3 W, 4 Mbit/s up at 5 W. The second device makes 20 samples/s at 6 W.
LINK = Link("line", of(8e6), of(4e6))
FLOPS = Device("flops", of(10), of(1), of(3), of(5), of(1e9))
SAMPLES = Device("samples", of(6), of(1), of(3), of(5), samples_per_s=of(20))
FLEET = Fleet(
    "two", tuple(Group(device.name, device, LINK, "FRA", 0.5) for device in (FLOPS, SAMPLES)), Server(of(45), "FRA")
)


def table(pricing: Pricing) -> Rates:
    return rates(FLEET, pricing)


def cost(pricing: Pricing, samples: float = 100, down: float = 1e6, up: float = 1e6) -> ClientCost:
    return client_cost(np.array([samples]), np.array([down]), np.array([up]), 4e7, table(pricing))


def joule(kwh: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
    return [float(value) * J_PER_KWH for value in np.broadcast_to(kwh, (2, 1, 1)).ravel()]


def test_seconds_and_joules_of_each_phase_by_hand() -> None:
    found = cost(Pricing(router_w=7.5))
    # 8e6 bit: 1 s down, 2 s up. 100 samples x 4e7 FLOP = 4e9 FLOP in 4 s; 100 samples at 20 samples/s in 5 s.
    assert found.train_s.ravel().tolist() == pytest.approx([4, 5], rel=1e-12)
    assert found.busy_s.ravel().tolist() == pytest.approx([7, 8], rel=1e-12)
    assert joule(found.download_kwh) == pytest.approx([3, 3], rel=1e-12)
    assert joule(found.train_kwh) == pytest.approx([40, 30], rel=1e-12)
    assert joule(found.upload_kwh) == pytest.approx([10, 10], rel=1e-12)
    assert joule(found.network_down_kwh) == pytest.approx([7.5, 7.5], rel=1e-12)
    assert joule(found.network_up_kwh) == pytest.approx([15, 15], rel=1e-12)
    assert joule(found.unsent_kwh) == pytest.approx([50.5, 40.5], rel=1e-12)
    assert joule(found.whole_kwh) == pytest.approx([75.5, 65.5], rel=1e-12)


def test_a_network_priced_by_bytes_by_hand() -> None:
    found = cost(Pricing(network="per_gb", kwh_per_gb=0.05))  # 0.001 GB x 0.05 kWh/GB = 180 J
    assert joule(found.network_down_kwh) == pytest.approx([180, 180], rel=1e-12)
    assert joule(found.network_up_kwh) == pytest.approx([180, 180], rel=1e-12)


# The first device's phases: 1 s at 3 + 7.5 W, 4 s at 10 W, 2 s at 5 + 7.5 W.
@pytest.mark.parametrize(
    ("moment_s", "spent_j"),
    [(0, 0), (0.5, 5.25), (1, 10.5), (3, 30.5), (5, 50.5), (6, 63), (7, 75.5), (100, 75.5)],
)
def test_a_client_that_is_stopped_has_spent_its_phases_so_far(moment_s: float, spent_j: float) -> None:
    assert joule(cost(Pricing(router_w=7.5)).kwh_until(np.array(moment_s)))[0] == pytest.approx(spent_j, rel=1e-12)


@given(
    st.floats(0, 1e4), st.floats(0, 1e9), st.floats(0, 1e9),
    st.sampled_from([Pricing(), Pricing(network="per_gb"), Pricing(network="per_hop")]),
)  # fmt: skip
def test_phases_add_up_to_the_whole(samples: float, down: float, up: float, pricing: Pricing) -> None:
    found = cost(pricing, samples, down, up)
    whole = found.download_kwh + found.train_kwh + found.upload_kwh + found.network_down_kwh + found.network_up_kwh
    assert found.whole_kwh == pytest.approx(whole, rel=1e-12)
    assert found.kwh_until(found.busy_s) == pytest.approx(whole, rel=1e-12)
    assert found.kwh_of(found.download_s, found.train_s, found.upload_s) == pytest.approx(whole, rel=1e-12)


def test_some_clients_are_picked_out_of_all() -> None:
    group_of = np.array([0, 1, 1, 0])
    samples = np.array([100.0, 100.0, 200.0, 50.0])
    everyone = client_cost(samples, np.array(1e6), np.array(1e6), 4e7, table(Pricing()).of_clients(group_of))
    assert everyone.train_s.tolist() == pytest.approx([4, 5, 10, 2], rel=1e-12)
    some = everyone.of(np.array([[3, 0], [2, 1]]))
    assert some.train_s.tolist() == [
        [everyone.train_s[3], everyone.train_s[0]],
        [everyone.train_s[2], everyone.train_s[1]],
    ]
    assert some.whole_kwh[1, 0] == everyone.whole_kwh[2]
