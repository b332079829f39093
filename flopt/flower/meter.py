"""The meter in a client: what answering one message took, sent back beside the answer."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError
from flopt.flower.exchange import content_bytes, examples
from flopt.flower.requirement import require_flower
from flopt.units import J_PER_KWH

__all__ = ["METER", "Meter", "meter_mod"]

METER = "flopt.meter"
"""Name of the ConfigRecord that the numbers ride in: strategies insist on a single MetricRecord, and average it."""

_warm: set[int] = set()
"""Processes that have answered a message; a forked one has a number of its own."""

Next = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Meter:
    """A mod: called around whatever a ClientApp does with a message."""

    active_watts: float
    idle_watts: float
    g_per_kwh: float
    site: str

    def __post_init__(self) -> None:
        for name in ("active_watts", "idle_watts", "g_per_kwh"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise FloptError(f"meter_mod: {name} = {value!r}: must be a number, at least 0")

    def __call__(self, message: Any, context: Any, call_next: Next) -> Any:
        """Have the message answered, and write down what it took; an answer that is an error is left as it is."""
        from flwr.app import ConfigRecord

        download_bytes, warm_up = content_bytes(message), os.getpid() not in _warm
        wall, cpu = time.perf_counter(), time.process_time()
        reply = call_next(message, context)
        wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
        _warm.add(os.getpid())
        if reply.has_error():
            return reply
        energy_j = self.energy_j(wall_s, cpu_s)
        reply.content[METER] = ConfigRecord(
            {
                "wall_s": wall_s,
                "cpu_s": cpu_s,
                "download_bytes": download_bytes,
                "upload_bytes": content_bytes(reply),
                "samples": examples(reply),
                "energy_j": energy_j,
                "co2e_g": energy_j / J_PER_KWH * self.g_per_kwh,
                "warm_up": warm_up,
                **({"site": self.site} if self.site else {}),  # Flower counts no bytes of an empty text: it raises
            }
        )
        return reply

    def energy_j(self, wall_s: float, cpu_s: float) -> float:
        """Estimated joules: the watts of one busy core for the CPU seconds, idle watts for the rest of the wall."""
        return cpu_s * self.active_watts + max(0.0, wall_s - cpu_s) * self.idle_watts


def meter_mod(
    *,
    active_watts: float,
    idle_watts: float = 0.0,
    country: str | None = None,
    g_per_kwh: float | None = None,
    site: str = "",
) -> Meter:
    """A mod for `ClientApp(mods=[meter_mod(active_watts=12, country="DEU")])`, read by `CarbonStrategy`.

    Measured are wall seconds, CPU seconds of this process, samples, and bytes of the records both ways (the meter's
    own excluded). Estimated are joules, `active_watts` (W of one busy core) x CPU seconds + `idle_watts` (W) x the
    rest of the wall seconds, and g CO2e, at `g_per_kwh` or the annual mean of `country` (ISO 3166 alpha-3). The first
    message in a process, which also pays for imports and data, is marked as warm-up. Raises FloptError where watts or
    intensity are missing or bad, and where Flower is not installed.
    """
    require_flower()
    if (country is None) == (g_per_kwh is None):
        raise FloptError("meter_mod: give country (such as 'DEU') or g_per_kwh, one of the two")
    if country is not None:
        annual_grid().checked(country, "meter_mod: country")
        return Meter(active_watts, idle_watts, annual_grid()[country].g_per_kwh, site or country)
    return Meter(active_watts, idle_watts, g_per_kwh if g_per_kwh is not None else math.nan, site)
