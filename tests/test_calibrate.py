"""Calibration: a device out of CodeCarbon's file or a watt meter's, or one line about what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flopt.emissions.calibrate import assumed_keys, calibrate
from flopt.emissions.coefficient import Coefficient
from flopt.errors import FloptError

# The columns of CodeCarbon 2.4, and two runs in the form that it writes them.
HEADER = (
    "timestamp,project_name,run_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,"
    "gpu_energy,ram_energy,energy_consumed,country_name,country_iso_code,region,tracking_mode,on_cloud,pue"
)
PLAIN = "device,phase,watts,seconds,samples"


def run(
    name: str = "a", seconds: str = "3600", kwh: str = "0.3", gpu_w: str = "250", pue: str = "1.0", year: int = 2024
) -> str:
    return (
        f"{year}-05-27T11:31:35,mine,{name},{seconds},0.01,1e-6,42.5,{gpu_w},7.5,0.04,0.25,0.01,{kwh},"
        f"Singapore,SGP,,machine,N,{pue}"
    )


def write(tmp_path: Path, *lines: str, name: str = "emissions.csv") -> Path:
    file = tmp_path / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_the_runs_of_codecarbon_give_the_draw_and_its_range(tmp_path: Path) -> None:
    lines = (run("a", "3600", "0.3"), run("b", "1800", "0.1"), run("c", "7200", "0.8", year=2025))
    (device,) = calibrate(write(tmp_path, HEADER, *lines), samples=36000)
    # 300 W, 200 W and 400 W; 1.2 kWh in 3.5 h
    source = "measured with CodeCarbon, emissions.csv, 3 runs"
    assert device.train_w == Coefficient(342.857, 200, 400, "W", source, 2025, "user")
    assert (device.name, device.scope, device.flop_per_s) == ("emissions", "chip", None)
    speed = device.throughput
    # 10, 20 and 5 samples/s; 108 000 samples in 12 600 s
    assert (speed.value, speed.low, speed.high, speed.unit, speed.status) == (8.57143, 5, 20, "samples/s", "user")
    assert assumed_keys(device) == ["wait_w", "receive_w", "transmit_w"]
    assert device.wait_w.low < device.wait_w.value < device.wait_w.high <= device.train_w.value
    assert "not measured" in device.wait_w.source


def test_without_samples_the_speed_is_assumed_and_says_so(tmp_path: Path) -> None:
    (on_gpu,) = calibrate(write(tmp_path, HEADER, run()))
    (on_cpu,) = calibrate(write(tmp_path, HEADER, run(gpu_w="0.0")))
    for device in (on_gpu, on_cpu):
        assert device.throughput.unit == "FLOP/s"
        assert device.throughput.status == "assumed"
        assert device.throughput.low < device.throughput.value < device.throughput.high
        assert "not measured" in device.throughput.source
    assert on_gpu.throughput.value > on_cpu.throughput.value


def test_a_run_that_was_written_several_times_counts_once(tmp_path: Path) -> None:
    lines = (run("a", "10", "0.0001"), run("a", "3600", "0.3"), run("a", "1800", "0.1"))
    (device,) = calibrate(write(tmp_path, HEADER, *lines))
    assert (device.train_w.low, device.train_w.value, device.train_w.high) == (300, 300, 300)
    assert device.train_w.source.endswith("1 run")


def test_the_pue_of_codecarbon_is_taken_out(tmp_path: Path) -> None:
    (device,) = calibrate(write(tmp_path, HEADER, run(kwh="0.45", pue="1.5")))
    assert device.train_w.value == 300


def test_an_older_file_without_pue_time_stamp_and_run(tmp_path: Path) -> None:
    lines = ("duration,energy_consumed,cpu_power,gpu_power,ram_power", "3600,0.1,80,,20", "3600,0.2,80,,20")
    (device,) = calibrate(write(tmp_path, *lines), name="box", scope="wall")
    assert (device.name, device.scope, device.train_w.year) == ("box", "wall", None)
    assert (device.train_w.low, device.train_w.value, device.train_w.high) == (100, 150, 200)


def test_a_watt_meter_gives_every_state(tmp_path: Path) -> None:
    lines = ("pi,train,6,100,2000", "pi,train,7,300,3000", "pi,wait,2.5,60,", "pi,download,3,20,0", "pi,upload,4,20,")
    (device,) = calibrate(write(tmp_path, PLAIN, *lines, name="meter.csv"))
    assert assumed_keys(device) == []
    assert (device.name, device.scope) == ("pi", "wall")
    assert (device.train_w.low, device.train_w.value, device.train_w.high) == (6, 6.75, 7)
    states = [getattr(device, key).value for key in ("wait_w", "receive_w", "transmit_w")]
    assert states == [2.5, 3, 4]
    speed = device.throughput
    assert (speed.low, speed.value, speed.high, speed.unit) == (10, 12.5, 20, "samples/s")
    assert speed.source.startswith("measured, meter.csv")


def test_one_file_can_hold_several_devices(tmp_path: Path) -> None:
    file = write(tmp_path, PLAIN, "pi,train,6,100,2000", "nuc,train,20,100,9000", "pi,wait,2,9,")
    assert [device.name for device in calibrate(file)] == ["pi", "nuc"]
    assert assumed_keys(calibrate(file)[0]) == ["receive_w", "transmit_w"]
    with pytest.raises(FloptError, match="it has the devices pi, nuc: one name cannot stand for them all"):
        calibrate(file, name="box")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("a,b", "1,2"), "{file}: columns a,b; must have device,phase,watts,seconds,samples (missing: device, phase, "),
        (("device,phase,watts,seconds", "pi,train,6,9"), "(missing: samples), or be CodeCarbon's emissions.csv"),
        (("duration,cpu_power", "1,2"), "{file}: column energy_consumed is missing; CodeCarbon's emissions.csv has it"),
        (("duration,energy_consumed,cpu_power,ram_power", "1,2,3,4"), "{file}: column gpu_power is missing"),
        ((HEADER, run(kwh="0")), "{file}: line 2: energy_consumed = 0 in 3600 s: nothing was measured"),
        ((HEADER, run(), run("b", kwh="0.0")), "{file}: line 3: energy_consumed = 0 in 3600 s"),
        ((HEADER, run(kwh="-1")), "{file}: line 2: energy_consumed = -1: must not be negative"),
        ((HEADER, run(seconds="0")), "{file}: line 2: duration = 0: must be above 0"),
        ((HEADER, run(seconds="long")), "{file}: line 2: duration = 'long': must be a number"),
        ((HEADER, run(kwh="")), "{file}: line 2: energy_consumed is empty"),
        ((HEADER, run(pue="0.5")), "{file}: line 2: pue = 0.5: must be at least 1"),
        ((HEADER,), "{file}: it has no row below a header"),
        ((PLAIN, "pi,tain,6,100,9"), "{file}: line 2: no phase 'tain'; did you mean 'train'?"),
        ((PLAIN, "pi,wait,6,100,"), "{file}: device pi has no row of phase train"),
        ((PLAIN, "pi,train,6,0,9"), "{file}: line 2: seconds = 0: must be above 0"),
        ((PLAIN, "pi,train,6,9,0"), "{file}: line 2: samples = 0 while it trains: must be above 0"),
        ((PLAIN, "pi,train,0,9,9"), "{file}: line 2: watts = 0 while it trains: must be above 0"),
        ((PLAIN, "pi,train,6,9,"), "{file}: line 2: samples is empty"),
        ((PLAIN, "pi,train,-6,9,9"), "{file}: line 2: watts = -6: must not be negative"),
        ((PLAIN, ",train,6,9,9"), "{file}: line 2: device is empty"),
        ((PLAIN, "pi 4,train,6,9,9"), "{file}: device name 'pi 4': letters, digits, '_' and '-' only"),
        ((PLAIN, "pi,train,6,9,9", "pi,wait,7,9,"), "{file}: device pi: train_w = 6 W is below wait_w = 7 W"),
        (
            (PLAIN, "pi,train,6,9,9", "pi,wait,3,9,", "pi,upload,2,9,"),
            "device pi: transmit_w = 2 W is below wait_w = 3",
        ),
    ],
)
def test_a_bad_measurement_is_one_line(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    file = write(tmp_path, *lines)
    with pytest.raises(FloptError, match=re.escape(message.format(file=file))) as caught:
        calibrate(file)
    assert "\n" not in str(caught.value)


def test_options_that_make_no_sense_are_one_line(tmp_path: Path) -> None:
    file = write(tmp_path, HEADER, run())
    for samples in (0, -1, float("nan")):
        with pytest.raises(FloptError, match=re.escape(f"samples = {samples}: must be a number above 0")):
            calibrate(file, samples=samples)
    with pytest.raises(FloptError, match="device name 'my box': letters, digits"):
        calibrate(file, name="my box")
    plain = write(tmp_path, PLAIN, "pi,train,6,9,9", name="meter.csv")
    with pytest.raises(FloptError, match="samples = 9: this file has a column for it"):
        calibrate(plain, samples=9)
