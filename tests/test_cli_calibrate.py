"""`flopt calibrate`: from a CSV file to a device that a fleet includes and `estimate` prices."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from flopt.emissions.calibrate import calibrate
from flopt.emissions.device_file import devices_in
from flopt.emissions.fleet_file import load_fleet

Command = Callable[..., tuple[int, str, str]]

CODECARBON = """duration,energy_consumed,cpu_power,gpu_power,ram_power
3600,0.1,80,0,20
1800,0.06,80,0,20
"""
METER = """device,phase,watts,seconds,samples
pi,train,6,100,2000
pi,wait,2.5,60,
nuc,train,20,100,9000
"""
FLEET = """include = ["mine.toml"]
[server]
country = "DEU"
[[group]]
share = 1
device = "box"
link = "home_wifi"
country = "DEU"
"""


@pytest.fixture
def codecarbon(tmp_path: Path) -> Path:
    file = tmp_path / "emissions.csv"
    file.write_text(CODECARBON, encoding="utf-8")
    return file


def test_it_prints_toml_that_reads_back_as_the_same_devices(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "meter.csv"
    file.write_text(METER, encoding="utf-8")
    code, out, err = command("calibrate", file)
    assert code == 0
    assert list(devices_in(tomllib.loads(out), file).values()) == list(calibrate(file))
    assert err.splitlines() == [
        "flopt: device pi: receive_w, transmit_w assumed, not measured: its source says how",
        "flopt: device nuc: wait_w, receive_w, transmit_w assumed, not measured: its source says how",
    ]


def test_a_fleet_includes_the_file(command: Command, codecarbon: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    code, text, err = command("calibrate", codecarbon, "--name", "box", "-o", out, "--samples", "720")
    assert (code, text) == (0, "")
    assert f'flopt: wrote {out}; a fleet file takes it with include = ["mine.toml"]' in err
    fleet = tmp_path / "fleet.toml"
    fleet.write_text(FLEET, encoding="utf-8")
    device = load_fleet(str(fleet)).groups[0].device
    assert (device.train_w.low, device.train_w.high) == (100, 120)
    assert (device.throughput.low, device.throughput.high, device.throughput.unit) == (0.2, 0.4, "samples/s")
    code, text, _ = command("estimate", "--fleet", fleet, "--rounds", "2")
    assert code == 0
    assert "fleet    fleet" in text


def test_a_file_that_is_there_is_kept(command: Command, codecarbon: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    out.write_text("mine", encoding="utf-8")
    code, _, err = command("calibrate", codecarbon, "-o", out)
    assert code == 2
    assert err.splitlines()[-1] == f"flopt: {out} exists already; choose another name, or --force"
    assert out.read_text(encoding="utf-8") == "mine"
    assert command("calibrate", codecarbon, "-o", out, "--force")[0] == 0
    assert "[device.emissions]" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.csv",), "no file none.csv"),
        (("{file}", "-o", "box.csv"), "box.csv: the name of a device file must end in .toml"),
        (
            ("{file}", "--name", "my box"),
            "{file}: device name 'my box': letters, digits, '_' and '-' only; give it with",
        ),
        (("{file}", "--samples", "0"), "samples = 0.0: must be a number above 0"),
        (("{file}", "--scope", "rack"), "Invalid value for '--scope': 'rack' is not one of 'chip', 'board', 'wall'."),
        (("{file}", "-o", "{folder}/none/box.toml"), "{folder}/none/box.toml: No such file or directory"),
    ],
)
def test_bad_input_is_one_line(
    command: Command, codecarbon: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    names = {"file": codecarbon, "folder": tmp_path}
    code, out, err = command("calibrate", *(argument.format(**names) for argument in arguments))
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"flopt: {message.format(**names)}")
