"""Calibration: a device out of measurements, of CodeCarbon or of a watt meter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flopt.emissions.coefficient import Coefficient, is_number
from flopt.emissions.device_file import DATA
from flopt.emissions.fleet import Device, Scope
from flopt.emissions.table import Row, Table, read_table
from flopt.errors import FloptError, unknown
from flopt.toml_file import read_toml
from flopt.units import J_PER_KWH

__all__ = ["assumed_keys", "calibrate"]

_PLAIN = ("device", "phase", "watts", "seconds", "samples")
_CODECARBON = ("duration", "energy_consumed", "cpu_power", "gpu_power", "ram_power")
_PHASES = {"train": "train_w", "wait": "wait_w", "download": "receive_w", "upload": "transmit_w"}


@dataclass(frozen=True)
class _Measurement:
    """Some seconds in one phase."""

    joules: float
    seconds: float
    samples: float = 0.0


def calibrate(
    file: Path, *, name: str | None = None, samples: float | None = None, scope: Scope | None = None
) -> tuple[Device, ...]:
    """The devices that a CSV file measured: CodeCarbon's emissions.csv, or columns device,phase,watts,seconds,samples.

    Several rows of a phase give its range: lowest, energy over time of all, highest. What was not measured is assumed,
    with a wide range, and says so. `samples`: how many samples each run of CodeCarbon trained on.
    """
    table = read_table(file)
    if samples is not None and not (is_number(samples) and samples > 0):
        raise FloptError(f"samples = {samples}: must be a number above 0")
    if set(_PLAIN) <= set(table.columns):
        return _plain(table, name, samples, scope or "wall")
    if "energy_consumed" in table.columns or "duration" in table.columns:
        return (_codecarbon(table, name, samples, scope or "chip"),)
    missing = ", ".join(column for column in _PLAIN if column not in table.columns)
    hint = f"must have {','.join(_PLAIN)} (missing: {missing}), or be CodeCarbon's emissions.csv"
    raise FloptError(f"{file}: columns {','.join(table.columns)}; {hint}")


def assumed_keys(device: Device) -> list[str]:
    """The coefficients of a calibrated device that nobody measured."""
    return [key for key, value in vars(device).items() if isinstance(value, Coefficient) and value.status != "user"]


def _codecarbon(table: Table, name: str | None, samples: float | None, scope: Scope) -> Device:
    for column in _CODECARBON:
        if column not in table.columns:
            raise FloptError(f"{table.file}: column {column} is missing; CodeCarbon's emissions.csv has it")
    rows = _last_of_each_run(table.rows)
    on_gpu = any(row.cells["gpu_power"] and row.number("gpu_power") > 0 for row in rows)
    training = [replace(_codecarbon_run(row), samples=samples or 0.0) for row in rows]
    source = f"measured with CodeCarbon, {table.file.name}, {len(rows)} run{'s' if len(rows) > 1 else ''}"
    device = _Calibration(_name(name or table.file.stem, table), source, _year(rows), scope, on_gpu=on_gpu)
    return device.of({"train": training}, table)


def _last_of_each_run(rows: Sequence[Row]) -> list[Row]:
    """CodeCarbon can write a run several times, each time from its start on: the longest row stands for it."""
    longest: dict[str, Row] = {}
    for number, row in enumerate(rows):
        run = row.cells.get("run_id") or f"row {number}"
        if run not in longest or row.number("duration") > longest[run].number("duration"):
            longest[run] = row
    return list(longest.values())


def _codecarbon_run(row: Row) -> _Measurement:
    """Energy and time of a run, without the PUE that CodeCarbon multiplies energy by: it is no draw of a device."""
    seconds, kwh = row.number("duration"), row.number("energy_consumed")
    if seconds == 0:
        raise FloptError(f"{row.place}: duration = 0: must be above 0")
    if kwh == 0:
        raise FloptError(f"{row.place}: energy_consumed = 0 in {seconds:g} s: nothing was measured")
    pue = row.number("pue") if row.cells.get("pue") else 1.0
    if pue < 1:
        raise FloptError(f"{row.place}: pue = {pue:g}: must be at least 1")
    return _Measurement(kwh * J_PER_KWH / pue, seconds)


def _year(rows: Sequence[Row]) -> int | None:
    """Year of the last time stamp, where there is one."""
    found = re.match(r"(\d{4})-", rows[-1].cells.get("timestamp", ""))
    return int(found[1]) if found else None


def _plain(table: Table, name: str | None, samples: float | None, scope: Scope) -> tuple[Device, ...]:
    if samples is not None:
        raise FloptError(f"{table.file}: samples = {samples:g}: this file has a column for it")
    phases: dict[str, dict[str, list[_Measurement]]] = {}
    for row in table.rows:
        phase = row.text("phase")
        if phase not in _PHASES:
            raise FloptError(f"{row.place}: {unknown('phase', phase, _PHASES)}")
        phases.setdefault(row.text("device"), {}).setdefault(phase, []).append(_plain_phase(row))
    if name is not None and len(phases) > 1:
        raise FloptError(f"{table.file}: it has the devices {', '.join(phases)}: one name cannot stand for them all")
    return tuple(
        _Calibration(_name(name or device, table), f"measured, {table.file.name}", None, scope).of(measured, table)
        for device, measured in phases.items()
    )


def _plain_phase(row: Row) -> _Measurement:
    watts, seconds = row.number("watts"), row.number("seconds")
    if seconds == 0:
        raise FloptError(f"{row.place}: seconds = 0: must be above 0")
    if row.cells["phase"] != "train":
        return _Measurement(watts * seconds, seconds)
    samples = row.number("samples")
    for column, value in (("watts", watts), ("samples", samples)):
        if value == 0:
            raise FloptError(f"{row.place}: {column} = 0 while it trains: must be above 0")
    return _Measurement(watts * seconds, seconds, samples)


@dataclass(frozen=True)
class _Calibration:
    """How the measurements of one device were made."""

    name: str
    source: str
    year: int | None
    scope: Scope
    on_gpu: bool = False

    def of(self, measured: Mapping[str, list[_Measurement]], table: Table) -> Device:
        """The device; phases that were not measured are filled in."""
        if "train" not in measured:
            raise FloptError(f"{table.file}: device {self.name} has no row of phase train")
        watts = {_PHASES[phase]: self._watts(rows) for phase, rows in measured.items()}
        train_w = watts["train_w"]
        wait_w = watts.get("wait_w") or self._assumed("share_of_training", "wait_w", train_w, "W")
        transfer_w = replace(
            wait_w, low=wait_w.low, high=max(train_w.high, wait_w.high), status="assumed", source="assumed: as waiting"
        )
        speed = self._speed(measured["train"], train_w)
        try:
            return Device(
                self.name,
                train_w,
                wait_w,
                watts.get("receive_w", transfer_w),
                watts.get("transmit_w", transfer_w),
                flop_per_s=speed if speed.unit == "FLOP/s" else None,
                samples_per_s=speed if speed.unit == "samples/s" else None,
                scope=self.scope,
                description=self.source,
            )
        except FloptError as error:
            raise FloptError(f"{table.file}: {error}") from None

    def _watts(self, rows: Sequence[_Measurement]) -> Coefficient:
        mean = sum(row.joules for row in rows) / sum(row.seconds for row in rows)
        return self._measured([row.joules / row.seconds for row in rows], mean, "W", self.source)

    def _speed(self, rows: Sequence[_Measurement], train_w: Coefficient) -> Coefficient:
        if not all(row.samples for row in rows):
            return self._assumed("flop_per_joule", "gpu" if self.on_gpu else "cpu", train_w, "FLOP/s")
        mean = sum(row.samples for row in rows) / sum(row.seconds for row in rows)
        source = f"{self.source}; say here with which model and batch"
        return self._measured([row.samples / row.seconds for row in rows], mean, "samples/s", source)

    def _measured(self, values: Sequence[float], mean: float, unit: str, source: str) -> Coefficient:
        low, value, high = (_six_digits(each) for each in (min(*values, mean), mean, max(*values, mean)))
        return Coefficient(value, low, high, unit, source, self.year, "user")

    def _assumed(self, table: str, key: str, train_w: Coefficient, unit: str) -> Coefficient:
        """A coefficient that follows from the draw while training."""
        entry = read_toml(DATA / "calibrate.toml")[table][key]
        factor = Coefficient.of(entry, entry["unit"], f"calibrate.{key}")
        low, value, high = (
            _six_digits(each)
            for each in (factor.low * train_w.low, factor.value * train_w.value, factor.high * train_w.value)
        )
        return Coefficient(value, low, high, unit, factor.source, factor.year, factor.status)


def _name(name: str, table: Table) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise FloptError(f"{table.file}: device name {name!r}: letters, digits, '_' and '-' only; give it with --name")
    return name


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")
