"""The external checks of the emissions model: worked by hand, with the arithmetic beside each number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.footprint import PARTS, Footprint, round_footprint
from flopt.emissions.grid import annual_grid
from flopt.emissions.pricing import Pricing, rates
from flopt.emissions.work import Work, expected_work
from flopt.plan import Plan
from flopt.task import Task

J_PER_KWH = 3_600_000  # typed anew: a kilowatt is 1000 W, an hour 3600 s
J_PER_WH = 3600

# Ten clients of 100 samples, all drawn alike; 10 925 000 parameters of 4 bytes are 43.7 MB (ResNet-18).
RESNET = Task("resnet", (100,) * 10, ((10_925_000,),), 1e9, 0.1)

BOARD = """
[server]
watts = {server_w}
country = "{server}"
[device.board]
train_w = 10
wait_w = 2
receive_w = 4.5
transmit_w = 4.5
flop_per_s = 2e9
[link.line]
down_bps = {down_bps}
up_bps = {up_bps}
[[group]]
share = 1
device = "board"
link = "line"
country = "{country}"
"""


def one_class(
    tmp_path: Path,
    pricing: Pricing,
    work: Work,
    *,
    down_bps: float = 78.26e6,
    up_bps: float = 42.06e6,
    server_w: float = 45,
) -> Footprint:
    """Footprint of a round on a fleet of one group of boards, in France with the server in Germany."""
    file = tmp_path / "boards.toml"
    text = BOARD.format(server_w=server_w, server="DEU", country="FRA", down_bps=down_bps, up_bps=up_bps)
    file.write_text(text, encoding="utf-8")
    return round_footprint(work, rates(load_fleet(str(file)), pricing))


def test_check_1_a_model_of_43_7_mb_takes_4_467_s_down_and_8_312_s_up(tmp_path: Path) -> None:
    # 8 x 43.7e6 = 349.6e6 bit: / 78.26e6 bit/s = 4.46716 s down, / 42.06e6 = 8.31194 s up.
    down_s, up_s = 349.6 / 78.26, 349.6 / 42.06
    assert (round(down_s, 3), round(up_s, 3)) == (4.467, 8.312)
    work = expected_work([Plan(client_fraction=0.1)], RESNET)  # one client
    footprint = one_class(tmp_path, Pricing(router_w=7.5), replace(work, samples=np.array([0.0])))
    energy_j = {part: float(getattr(footprint.energy_kwh, part)[0]) * J_PER_KWH for part in PARTS}
    assert footprint.duration_s[0] == pytest.approx(down_s + up_s, rel=1e-12)
    assert energy_j["download"] == pytest.approx(4.5 * down_s, rel=1e-12)
    assert energy_j["upload"] == pytest.approx(4.5 * up_s, rel=1e-12)
    assert energy_j["network"] == pytest.approx(7.5 * (down_s + up_s), rel=1e-12)
    # 12 W x 12.7791 s = 153.35 J; / 3.6e6 = 4.2597e-5 kWh.
    communication_j = energy_j["download"] + energy_j["upload"] + energy_j["network"]
    assert communication_j == pytest.approx(153.35, abs=0.005)
    assert communication_j / J_PER_KWH == pytest.approx(4.2597e-5, abs=5e-10)


@pytest.mark.parametrize(
    ("router_w", "mbit_per_s", "kwh_per_gb"),
    [(7.5, 78, 0.00021), (10, 42, 0.00053)],  # 7.5 W x 8000 / 78 s = 769 J; 10 W x 8000 / 42 s = 1905 J
)
@pytest.mark.parametrize("way", ["download_bytes", "upload_bytes"])
def test_check_2_a_router_takes_0_00021_to_0_00053_kwh_per_gb_one_way(
    tmp_path: Path, router_w: float, mbit_per_s: float, kwh_per_gb: float, way: str
) -> None:
    nothing = np.zeros(1)
    still = Work(np.ones(1), nothing, nothing, nothing, nothing, 1.0, 1.0)
    work = (
        replace(still, download_bytes=np.array([1e9]))
        if way[0] == "d"
        else replace(still, upload_bytes=np.array([1e9]))
    )
    bps = mbit_per_s * 1e6
    network_kwh = one_class(tmp_path, Pricing(router_w=router_w), work, down_bps=bps, up_bps=bps).energy_kwh.network[0]
    assert network_kwh == pytest.approx(router_w * 8000 / mbit_per_s / J_PER_KWH, rel=1e-12)
    assert network_kwh == pytest.approx(kwh_per_gb, abs=5e-6)


def test_check_5_one_device_class_is_linear_in_rounds(tmp_path: Path) -> None:
    work = expected_work([Plan(client_fraction=0.5)], RESNET)
    footprint = one_class(tmp_path, Pricing(), work)
    assert footprint.energy_kwh.waiting[0] == 0
    after = footprint.over_rounds(200).co2e_kg.total[0]
    assert after == pytest.approx(footprint.co2e_kg.total[0] * np.arange(1, 201), rel=1e-12)


def test_check_5_one_device_class_is_linear_in_clients_up_to_the_servers_constant(tmp_path: Path) -> None:
    work = expected_work([Plan(client_fraction=clients / 10) for clients in range(1, 11)], RESNET)
    co2e_kg = one_class(tmp_path, Pricing(), work).co2e_kg
    assert np.all(co2e_kg.waiting == 0)
    # Equal clients end together: the round, and with it the server's energy, is the same for 1 client and for 10.
    assert co2e_kg.server == pytest.approx(co2e_kg.server[0], rel=1e-12)
    one_client_kg = co2e_kg.total[0] - co2e_kg.server[0]
    assert co2e_kg.total == pytest.approx(co2e_kg.server[0] + one_client_kg * np.arange(1, 11), rel=1e-12)
    assert co2e_kg.server[0] > 0


@pytest.mark.parametrize("fleet", ["phones_europe", "hospital_silos"])
@pytest.mark.parametrize("network", ["router", "per_gb"])
def test_check_6_two_countries_differ_by_the_ratio_of_their_intensities(fleet: str, network: str) -> None:
    work = expected_work([Plan(client_fraction=fraction) for fraction in (0.1, 0.4, 1.0)], RESNET)
    pricings = [Pricing(network=network, country=country) for country in ("FRA", "POL")]  # type: ignore[arg-type]
    french, polish = (round_footprint(work, rates(load_fleet(fleet), pricing)) for pricing in pricings)
    ratio = annual_grid()["POL"].g_per_kwh / annual_grid()["FRA"].g_per_kwh
    assert ratio > 5
    for part in PARTS:
        assert getattr(polish.energy_kwh, part).tolist() == getattr(french.energy_kwh, part).tolist()
        assert getattr(polish.co2e_kg, part) == pytest.approx(ratio * getattr(french.co2e_kg, part), rel=1e-12)
    assert polish.co2e_kg.total == pytest.approx(ratio * french.co2e_kg.total, rel=1e-12)


def test_check_6_a_server_that_stays_keeps_its_emissions() -> None:
    work = expected_work([Plan()], RESNET)
    french, polish = (
        round_footprint(work, rates(load_fleet("phones_europe"), Pricing(country=country, server_country="SWE")))
        for country in ("FRA", "POL")
    )
    ratio = annual_grid()["POL"].g_per_kwh / annual_grid()["FRA"].g_per_kwh
    assert polish.co2e_kg.server.tolist() == french.co2e_kg.server.tolist()
    for part in set(PARTS) - {"server"}:
        assert getattr(polish.co2e_kg, part) == pytest.approx(ratio * getattr(french.co2e_kg, part), rel=1e-12)


# Check 9. Four clients, two of each kind, two of them drawn. 5 epochs x 100 samples x 4e7 FLOP = 2e10 FLOP; 250 000
# parameters x 4 = 1e6 bytes = 8e6 bit each way.
#         training                download          upload            busy
#   fast  2e10 / 2e9 = 10 s       8e6 / 8e6 = 1 s   8e6 / 4e6 = 2 s   13 s
#   slow  2e10 / 1e9 = 20 s       8e6 / 4e6 = 2 s   8e6 / 2e6 = 4 s   26 s
# Of the C(4,2) = 6 draws one is of two fast clients, one of two slow ones, four are mixed; so a round lasts
# (13 + 5 x 26) / 6 = 143/6 s, and fast clients wait 4 x 13 s in 6 rounds. One client of each kind is drawn on average.
SMALL = Task("small", (100,) * 4, ((250_000,),), 4e7, 0.5)
PLAN = Plan(rounds=3, local_epochs=5, client_fraction=0.5)
MIXED = """
[server]
watts = 45
country = "DEU"
[device.fast]
train_w = 10
wait_w = 2
receive_w = 3
transmit_w = 4
flop_per_s = 2e9
[device.slow]
train_w = 6
wait_w = 1
receive_w = 2
transmit_w = 5
flop_per_s = 1e9
[link.wide]
down_bps = 8e6
up_bps = 4e6
[link.narrow]
down_bps = 4e6
up_bps = 2e6
kind = "mobile"
[[group]]
share = 0.5
device = "slow"
link = "narrow"
country = "POL"
[[group]]
share = 0.5
device = "fast"
link = "wide"
country = "FRA"
"""
FAST_J = {"training": 10 * 10, "waiting": 4 * 13 / 6 * 2, "download": 1 * 3, "upload": 2 * 4, "network": 3 * 7.5}
SLOW_J = {"training": 20 * 6, "waiting": 0, "download": 2 * 2, "upload": 4 * 5, "network": 6 * 7.5}
SERVER_J = 143 / 6 * 45 * 1.2
TOTAL_J = 220 + 52 / 3 + 7 + 28 + 67.5 + 1287


def mixed(tmp_path: Path, pricing: Pricing) -> Footprint:
    """Footprint of a round of the worked example."""
    file = tmp_path / "mixed.toml"
    file.write_text(MIXED, encoding="utf-8")
    return round_footprint(expected_work([PLAN], SMALL), rates(load_fleet(str(file)), pricing))


def kwh(footprint: Footprint, part: str) -> NDArray[np.float64]:
    return np.asarray(getattr(footprint.energy_kwh, part))


def test_check_9_energy_by_hand_in_joule_watt_hour_and_kilowatt_hour(tmp_path: Path) -> None:
    footprint = mixed(tmp_path, Pricing(pue=1.2))
    assert footprint.duration_s[0] == pytest.approx(143 / 6, rel=1e-12)
    for part, fast_j in FAST_J.items():
        assert kwh(footprint, part)[0] * J_PER_KWH == pytest.approx(fast_j + SLOW_J[part], rel=1e-12)
    assert footprint.energy_kwh.server[0] * J_PER_KWH == pytest.approx(1287, rel=1e-12)
    total_kwh = footprint.energy_kwh.total[0]
    assert total_kwh * J_PER_KWH == pytest.approx(TOTAL_J, rel=1e-12)
    assert total_kwh * 1000 == pytest.approx(TOTAL_J / J_PER_WH, rel=1e-12)
    assert total_kwh == pytest.approx(TOTAL_J / 1000 / 3600, rel=1e-12)


def test_check_9_emissions_by_hand(tmp_path: Path) -> None:
    footprint = mixed(tmp_path, Pricing(pue=1.2))
    grid = annual_grid()
    fast, slow, server = (grid[country].g_per_kwh / 1000 / J_PER_KWH for country in ("FRA", "POL", "DEU"))  # kg per J
    for part, fast_j in FAST_J.items():
        kg = fast_j * fast + SLOW_J[part] * slow
        assert getattr(footprint.co2e_kg, part)[0] == pytest.approx(kg, rel=1e-12)
    assert footprint.co2e_kg.server[0] == pytest.approx(SERVER_J * server, rel=1e-12)
    total_kg = sum(FAST_J.values()) * fast + sum(SLOW_J.values()) * slow + SERVER_J * server
    assert footprint.over_rounds(3).co2e_kg.total[0, 2] == pytest.approx(3 * total_kg, rel=1e-12)


def test_check_9_a_network_priced_by_bytes_by_hand(tmp_path: Path) -> None:
    # One fixed and one mobile client, each 2e6 bytes both ways together: 0.002 GB x 0.05, and x 0.12 kWh/GB.
    by_bytes, by_time = (mixed(tmp_path, Pricing(pue=1.2, network=model)) for model in ("per_gb", "router"))
    assert by_bytes.energy_kwh.network[0] == pytest.approx(0.002 * 0.05 + 0.002 * 0.12, rel=1e-12)
    for part in set(PARTS) - {"network"}:
        assert kwh(by_bytes, part).tolist() == kwh(by_time, part).tolist()
    own = mixed(tmp_path, Pricing(network="per_gb", kwh_per_gb=0.01))
    assert own.energy_kwh.network[0] == pytest.approx(0.004 * 0.01, rel=1e-12)
