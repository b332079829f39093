"""The external checks of the emissions model: worked by hand, with the arithmetic beside each number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.compression import NONE, Compression, blockwise_bytes
from flopt.emissions.fleet import Fleet, Group
from flopt.emissions.fleet_file import load_fleet, shipped_devices, shipped_links
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


# Check 3. Green FL (Meta, 2023): phones on Wi-Fi, waiting not counted, the network's energy split by bytes. From
# sources: Pixel 3 Wi-Fi 0.46 W down and 1.30 W up, home router 7.5 W, 84 / 44 Mbit/s, aggregator and selector 45 W
# each, PUE 1.09. The plan of this test has 1300 clients at work in a round (Green FL draws 1.3 times what it wants).
#   device   0.46 / 84e6 = 5.476 nJ/bit down, 1.30 / 44e6 = 29.545 nJ/bit up
#   network  7.5 / 84e6 + 7.5 / 44e6 = 259.740 nJ/bit for both ways, half of it each, as the bytes are equal
#   download 135.346 nJ/bit, upload 159.416 nJ/bit: 1 to 1.178, within what Green FL reports, 1.13 to 1.32
# Only the throughput is fitted, to compute = 0.48 / 0.505 of communication. It is no result: what is checked are the
# ratio of upload to download and the server's share; both are the same for any size of the model.
GREEN_FL = """
[server]
watts = 45
selector_w = 45
pue = 1.09
country = "USA"
[device.phone_of_green_fl]
train_w = 3
wait_w = 0.29
receive_w = 0.46
transmit_w = 1.30
flop_per_s = {flop_per_s}
[[group]]
share = 1
device = "phone_of_green_fl"
link = "home_wifi"
country = "USA"
"""


@pytest.mark.parametrize("megabytes", [1, 20, 43.7])
def test_check_3_shares_of_phones_on_wifi(tmp_path: Path, megabytes: float) -> None:
    bits, samples, flop_per_sample = megabytes * 8e6, 100.0, 1e8
    train_s = 0.48 / 0.505 * bits * (135.346e-9 + 159.416e-9) / 3
    file = tmp_path / "green_fl.toml"
    file.write_text(GREEN_FL.format(flop_per_s=samples * flop_per_sample / train_s), encoding="utf-8")
    one, clients = np.array([megabytes * 1e6]), np.array([1300.0])
    work = Work(clients, np.array([samples]), np.zeros(1), one, one, flop_per_sample, 1e6)
    footprint = round_footprint(work, rates(load_fleet(str(file)), Pricing(network="router")))
    parts = {part: kwh(footprint, part)[0] for part in PARTS}
    assert parts["waiting"] == 0
    total, network = sum(parts.values()), parts["network"]
    upload, download = parts["upload"] + network / 2, parts["download"] + network / 2
    assert upload / download == pytest.approx(159.416 / 135.346, rel=1e-5)
    assert 1.13 <= upload / download <= 1.32
    assert 0.01 <= parts["server"] / total <= 0.02
    assert 0.46 <= parts["training"] / total <= 0.50
    assert 0.27 <= upload / total <= 0.29
    assert 0.22 <= download / total <= 0.24


def test_check_4_a_quarter_of_the_bytes_divides_the_total_by_1_818(tmp_path: Path) -> None:
    # One client: 12 W for 12.7791 s is 153.35 J of communication, check 1. 60 % of the total if training takes
    # 102.233 J: 10 W for 10.2233 s, at 2e9 FLOP/s 20.4466 samples of 1e9 FLOP. Then 0.4 + 0.6 / 4 = 0.55 = 1 / 1.818.
    communication_j = (4.5 + 7.5) * (349.6 / 78.26 + 349.6 / 42.06)
    samples = np.array([communication_j * 4 / 6 / 10 * 2e9 / 1e9])
    int8 = Compression("quantize", 8)
    full, small = (
        replace(expected_work([Plan(client_fraction=0.1, uplink=each, downlink=each)], RESNET), samples=samples)
        for each in (NONE, int8)
    )
    before, after = (one_class(tmp_path, Pricing(router_w=7.5), work, server_w=0) for work in (full, small))
    parts = before.energy_kwh
    share = (parts.download + parts.upload + parts.network) / parts.total
    assert share[0] == pytest.approx(0.6, rel=1e-12)
    assert small.upload_bytes[0] == small.download_bytes[0] == 10_925_004  # a byte for each of 43.7e6 / 4, and a scale
    assert before.energy_kwh.total[0] / after.energy_kwh.total[0] == pytest.approx(1 / 0.55, rel=1e-6)
    assert round(before.co2e_kg.total[0] / after.co2e_kg.total[0], 3) == 1.818


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


# Check 7. Shipped devices and links, the router model; communication over communication and training.
#   most   23.0 MB (the CNN of ZeroFL's FEMNIST), 1 epoch of 20 samples of 4e7 FLOP, an A100 on home Wi-Fi:
#          184e6 bit: 2.190 s down + 4.182 s up, (50 + 7.5) W: 366.4 J. Training: 8e8 / 1.35e13 s x 400 W = 0.024 J.
#   least  43.7 MB (ResNet-18), 5 epochs of 500 samples of 1.09e10 FLOP, a phone on home Wi-Fi: 349.6e6 bit:
#          4.162 s x (0.46 + 7.5) W + 7.945 s x (1.30 + 7.5) W = 103.05 J. Training: 2.725e13 / 2e9 s x 3 W = 40 875 J.
@pytest.mark.parametrize(
    ("device", "megabytes", "samples", "flop_per_sample", "communication_j", "training_j"),
    [
        ("gpu_a100", 23.0, 20, 4e7, 57.5 * (184 / 84 + 184 / 44), 8e8 / 1.35e13 * 400),
        ("phone", 43.7, 2500, 1.09e10, 7.96 * 349.6 / 84 + 8.8 * 349.6 / 44, 2.725e13 / 2e9 * 3),
    ],
)
def test_check_7_communication_is_from_less_than_1_to_more_than_96_percent(
    device: str, megabytes: float, samples: float, flop_per_sample: float, communication_j: float, training_j: float
) -> None:
    group = Group("one", shipped_devices()[device], shipped_links()["home_wifi"], "FRA", 1.0)
    fleet = Fleet("one", (group,), load_fleet("phones_europe").server)
    size = np.array([megabytes * 1e6])
    work = Work(np.ones(1), np.array([float(samples)]), np.zeros(1), size, size, flop_per_sample, 10.0)
    parts = round_footprint(work, rates(fleet, Pricing(network="router"))).energy_kwh
    communication = (parts.download + parts.upload + parts.network)[0]
    assert communication * J_PER_KWH == pytest.approx(communication_j, rel=1e-9)
    assert parts.training[0] * J_PER_KWH == pytest.approx(training_j, rel=1e-9)
    share = communication / (communication + parts.training[0])
    assert (share < 0.01) if device == "phone" else (share > 0.96)


# Check 8. NVFlare's published table: Llama 3.2 1B with its output layer, 147 tensors. 16 layers of two square matrices
# for queries and outputs, two of a quarter for keys and values, three of four times the width, and two norms; beside
# them two of the vocabulary, and a last norm.
LAYER = ((2048, 2048),) * 2 + ((512, 2048),) * 2 + ((8192, 2048),) * 3 + ((2048,),) * 2
LLAMA = ((128_256, 2048),) * 2 + LAYER * 16 + ((2048,),)


@pytest.mark.parametrize(("compression", "mib"), [(NONE, 5716.26), (Compression("quantize", 16), 2858.13)], ids=str)
def test_check_8_wire_bytes_of_1_498_482_688_parameters(compression: Compression, mib: float) -> None:
    assert len(LLAMA) == 147
    assert NONE.wire_bytes(LLAMA) == 4 * 1_498_482_688
    assert compression.wire_bytes(LLAMA) / 2**20 == pytest.approx(mib, abs=0.005)


# 8 bits: 1 498 482 688 + 4 x (about 365 841 blocks + 147 x 256); 4 bits: 749 241 344 + 4 x (23 413 792 + 147 x 16).
@pytest.mark.parametrize(("bits", "block", "percent"), [(8, 4096, 25.03), (4, 64, 14.06)])
def test_check_8_blocks_with_code_books_in_percent_of_float32(bits: int, block: int, percent: float) -> None:
    share = blockwise_bytes(LLAMA, bits, block) / NONE.wire_bytes(LLAMA)
    assert 100 * share == pytest.approx(percent, abs=0.005)
    assert blockwise_bytes([(100,), (2, 3)], 4, 64) == 50 + 3 + 4 * (2 + 1 + 2 * 16)


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
