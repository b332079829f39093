"""Network and data-centre coefficients: sourced, in their units, and consistent with each other."""

from __future__ import annotations

from typing import get_args

import pytest

from flopt.emissions.device_file import shipped_links
from flopt.emissions.fleet import LinkKind
from flopt.emissions.network_file import hops, network_facts, server_coefficient
from flopt.units import BITS_PER_BYTE, BYTES_PER_GB, J_PER_KWH


@pytest.mark.parametrize("name", network_facts())
def test_every_coefficient_has_range_source_year_and_status(name: str) -> None:
    coefficient = network_facts()[name]
    assert 0 < coefficient.low <= coefficient.value <= coefficient.high
    assert len(coefficient.source) > 5
    assert coefficient.year is not None
    assert 1990 <= coefficient.year <= 2026
    assert coefficient.status in ("seen", "derived", "assumed")
    assert coefficient.status != "assumed" or coefficient.low < coefficient.high, "nobody measured it: it needs a range"


def test_the_sourced_hops_are_those_of_the_design() -> None:
    values = {name: network_facts()[f"hop.{name}.nj_per_bit"].value for name in ("core_router", "edge_router")}
    assert values == {"core_router": 12.6, "edge_router": 37}
    assert network_facts()["hop.ethernet_switch.nj_per_bit"].value == 31.7


def test_hop_counts_are_assumed_and_say_so() -> None:
    for kind in get_args(LinkKind):
        for energy, count in hops(kind):
            assert energy.unit == "nJ/bit"
            assert (count.unit, count.status) == ("1", "assumed")
    assert len(hops("fixed")) == 4
    total = sum(energy.value * count.value for energy, count in hops("fixed"))
    assert total == pytest.approx(2 * 31.7 + 27.1 + 2 * 37 + 5 * 12.6)


def test_derived_access_follows_from_what_it_is_derived_from() -> None:
    facts, link = network_facts(), shipped_links()["home_wifi"]
    nj_per_bit = 1e9 * facts["network.router_w"].value / link.down_bps.value
    assert facts["access.fixed.down_nj_per_bit"].value == pytest.approx(nj_per_bit, rel=0.01)
    nj_per_bit = 1e9 * facts["network.router_w"].value / link.up_bps.value
    assert facts["access.fixed.up_nj_per_bit"].value == pytest.approx(nj_per_bit, rel=0.01)
    mobile = facts["network.mobile_kwh_per_gb"].value * J_PER_KWH / (BYTES_PER_GB * BITS_PER_BYTE) * 1e9
    assert facts["access.mobile.up_nj_per_bit"].value == pytest.approx(mobile, rel=0.01)


def test_a_coefficient_of_the_server() -> None:
    assert server_coefficient("watts").unit == "W"
    assert server_coefficient("pue").value == 1.1
    assert server_coefficient("embodied_kg").value == 3660
    assert network_facts()["evaluation.forward_share"].value == 1 / 3
