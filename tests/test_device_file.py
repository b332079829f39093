"""Shipped devices and links: every coefficient has range, source, year and status, and says when it is unverified."""

from __future__ import annotations

import pytest

from flopt.emissions.coefficient import Coefficient
from flopt.emissions.device_file import shipped_devices, shipped_links
from flopt.emissions.fleet import Device, Link


def shipped_coefficients() -> dict[str, Coefficient]:
    owners: list[Device | Link] = [*shipped_devices().values(), *shipped_links().values()]
    found = {f"{owner.name}.{name}": value for owner in owners for name, value in vars(owner).items()}
    return {name: value for name, value in found.items() if isinstance(value, Coefficient)}


def test_shipped_things_are_all_there() -> None:
    devices = "phone phone_oneplus8 jetson_tx2 jetson_agx_xavier gpu_t4 gpu_v100 gpu_a100 gpu_h100 server_cpu"
    unverified = {"jetson_tx2_15w_unverified", "jetson_xavier_nx_unverified"}
    assert set(shipped_devices()) == {*devices.split(), *unverified}
    links = {"home_wifi", "mobile_4g", "ethernet_1g", "qiu_unverified", "lte_unverified"}
    assert set(shipped_links()) == links


@pytest.mark.parametrize("name", shipped_coefficients())
def test_shipped_coefficients_have_range_source_year_and_status(name: str) -> None:
    coefficient = shipped_coefficients()[name]
    assert 0 <= coefficient.low <= coefficient.value <= coefficient.high
    assert coefficient.low > 0 or name.endswith("_unverified.wait_w")
    assert len(coefficient.source) > 5
    assert coefficient.year is not None
    assert 1990 <= coefficient.year <= 2026
    assert coefficient.status != "assumed" or coefficient.low < coefficient.high, "nobody measured it: it needs a range"
    assert (coefficient.status == "unverified") == ("_unverified." in name)


@pytest.mark.parametrize("name", shipped_devices())
def test_shipped_devices_say_what_they_are(name: str) -> None:
    device = shipped_devices()[name]
    assert device.name == name
    assert device.description
    assert device.throughput.unit in ("FLOP/s", "samples/s")


def test_a_quoted_device_draws_as_the_formula_says() -> None:
    for name, device in shipped_devices().items():
        if name.endswith("_unverified"):
            assert device.wait_w.value == 0
            assert device.receive_w == device.transmit_w


def test_an_access_network_of_its_own_is_unverified_only() -> None:
    own = [name for name, link in shipped_links().items() if link.access_nj_per_bit_down is not None]
    assert own == ["lte_unverified"]
