"""`flopt calibrate`: a device file out of measurements."""

from __future__ import annotations

from pathlib import Path

from flopt.cli.printing import note
from flopt.emissions.calibrate import assumed_keys, calibrate
from flopt.emissions.device_file import device_toml
from flopt.emissions.fleet import Scope
from flopt.errors import FloptError

__all__ = ["write_devices"]


def write_devices(
    file: Path, name: str | None, out: Path | None, samples: float | None, scope: Scope | None, *, force: bool
) -> None:
    """Read measurements and write the devices: on stdout, or into a file that is not there yet unless `force`."""
    devices = calibrate(file, name=name, samples=samples, scope=scope)
    for device in devices:
        if assumed := assumed_keys(device):
            note(f"device {device.name}: {', '.join(assumed)} assumed, not measured: its source says how")
    if out is None:
        print(device_toml(devices), end="")
        return
    if out.suffix != ".toml":
        raise FloptError(f"{out}: the name of a device file must end in .toml")
    if out.exists() and not force:
        raise FloptError(f"{out} exists already; choose another name, or --force")
    try:
        out.write_text(device_toml(devices), encoding="utf-8")
    except OSError as error:
        raise FloptError(f"{out}: {error.strerror}") from None
    note(f'wrote {out}; a fleet file takes it with include = ["{out.name}"]')
