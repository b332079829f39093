"""CodeCarbon beside a search: what its processes drew here, kept in the study folder session by session."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import util
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flopt.errors import FloptError
from flopt.units import quantity

if TYPE_CHECKING:
    from codecarbon.output_methods.emissions_data import EmissionsData

__all__ = ["METERED", "Metered", "Session", "check_codecarbon", "metered", "read_metered"]

METERED = "codecarbon.json"
"""Where a study folder keeps it."""
FLUSH_S = 30.0
"""Seconds at least between two writes: what is measured in less is lost with a process that is killed."""
_RAPL = "measured by RAPL for the whole machine"
_LOAD = "estimated from the CPU time and memory of the search"


@dataclass(frozen=True)
class Session:
    """What CodeCarbon says of one session of a search."""

    seconds: float
    energy_kwh: float
    """Of processor, memory and, where it finds one, graphics card."""
    co2e_kg: float
    """With the annual grid of the study's `search.country`."""
    how: str
    """How the processor's share was found."""
    codecarbon: str
    """Its version."""


@dataclass(frozen=True)
class Metered:
    """All sessions of a search."""

    sessions: tuple[Session, ...]

    def __str__(self) -> str:
        """What they have drawn and emitted, as one half of a sentence."""
        how = " and ".join(dict.fromkeys(each.how for each in self.sessions))
        kg, kwh = sum(each.co2e_kg for each in self.sessions), sum(each.energy_kwh for each in self.sessions)
        return f"{quantity(kg, 'kg')} CO2e, {quantity(kwh, 'kWh')} by CodeCarbon ({how})"


def read_metered(folder: Path) -> Metered | None:
    """What is kept in a study folder; None where nothing was metered."""
    file = folder / METERED
    if not file.is_file():
        return None
    try:
        return Metered(tuple(Session(**each) for each in json.loads(file.read_text(encoding="utf-8"))))
    except (OSError, ValueError, TypeError) as error:
        raise FloptError(f"{file}: not what flopt keeps of CodeCarbon ({type(error).__name__}: {error})") from None


def check_codecarbon() -> None:
    """Raise a `FloptError` where CodeCarbon is not installed."""
    if util.find_spec("codecarbon") is None:
        raise FloptError('search.meter = "codecarbon": it is not installed; pip install "flopt-carbon[codecarbon]"')


class Meter:
    """CodeCarbon's tracker, whose figures are written down now and then."""

    def __init__(self, tracker: Any) -> None:
        self._tracker, self._due = tracker, time.monotonic() + FLUSH_S

    def offer(self) -> None:
        """Write down what was measured so far, if it is time."""
        if time.monotonic() >= self._due:
            self._tracker.flush()
            self._due = time.monotonic() + FLUSH_S


@contextmanager
def metered(folder: Path, country: str, g_per_kwh: float) -> Iterator[Meter]:
    """Meter this process and its children, without any network, until the block ends.

    The grid is the study's own, in g CO2e per kWh, so that the figure differs from flopt's estimate by its energy
    alone. Raises FloptError where CodeCarbon is not installed.
    """
    tracker = _tracker(folder, country, g_per_kwh)
    tracker.start()
    try:
        yield Meter(tracker)
    finally:
        tracker.stop()


def _tracker(folder: Path, country: str, g_per_kwh: float) -> Any:
    check_codecarbon()
    from codecarbon import OfflineEmissionsTracker
    from codecarbon.core.cpu import is_rapl_available
    from codecarbon.output_methods.base_output import BaseOutput

    logging.getLogger("codecarbon").setLevel(logging.ERROR)  # it speaks before it reads its log_level
    before = read_metered(folder)
    earlier = () if before is None else before.sessions
    how = _RAPL if is_rapl_available() else _LOAD

    class Kept(BaseOutput):
        """Keeps the latest figures of this session after those of the earlier ones."""

        def out(self, total: EmissionsData, delta: EmissionsData) -> None:  # noqa: ARG002  # CodeCarbon's signature
            """Write them; the old file stays until the new one is whole."""
            now = Session(total.duration, total.energy_consumed, total.emissions, how, version("codecarbon"))
            draft = folder / f".{METERED}.draft"
            draft.write_text(json.dumps([asdict(each) for each in (*earlier, now)], indent=1), encoding="utf-8")
            os.replace(draft, folder / METERED)

    return OfflineEmissionsTracker(
        country_iso_code=country,
        force_carbon_intensity_g_co2e_kwh=g_per_kwh,
        output_methods=[],
        output_handlers=[Kept()],
        tracking_mode="process",
        allow_multiple_runs=True,
        log_level="error",
    )
