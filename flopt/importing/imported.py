"""A run that was made elsewhere, as every format gives it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flopt.errors import FloptError
from flopt.plan import Setting

__all__ = ["COUNTS", "MEASURED", "ImportedRound", "ImportedRun", "number_of"]

COUNTS = ("clients", "samples", "download_bytes", "upload_bytes")
"""What a round counts, over all its clients."""
MEASURED = ("seconds", "energy_kwh", "co2e_kg")
"""What somebody measured of a round or of a run; kept beside the run, never in the place of flopt's own price."""


@dataclass(frozen=True)
class ImportedRound:
    """One round; None stands for what the file does not say."""

    number: int
    """Counted from 1."""
    accuracy: float | None
    loss: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Those of COUNTS that the file says."""

    def __post_init__(self) -> None:
        if self.number < 1:
            raise FloptError(f"round = {self.number}: must be at least 1")
        if self.accuracy is not None and not 0 <= self.accuracy <= 1:
            raise FloptError(f"accuracy = {self.accuracy:g}: must be between 0 and 1")
        if self.loss is not None and not math.isfinite(self.loss):
            raise FloptError(f"loss = {self.loss}: must be a finite number")
        for name, value in self.counts.items():
            if value < 0:
                raise FloptError(f"{name} = {value}: must not be negative")


@dataclass(frozen=True)
class ImportedRun:
    """One run: its rounds in their order, and what its file says of its plan and its task."""

    name: str
    rounds: tuple[ImportedRound, ...]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """Settings of its plan, by their names in flopt; the rest comes from the study."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """Sums over the run of those of MEASURED that are known in all rounds."""
    flop_per_sample: float | None = None
    """Of the task, where the file says it: it must be the study's."""

    def flaw(self, rounds: object = None) -> str:
        """Why the run cannot be a point; empty where it can. `rounds` is what was planned, if its file does not say."""
        numbers = [each.number for each in self.rounds]
        if not numbers:
            return "it has no round"
        if numbers != list(range(1, len(numbers) + 1)):
            wanted = next(n for n, found in enumerate([*numbers, 0], start=1) if n != found)
            return f"round {wanted} is missing, or stands out of order"
        planned = self.settings.get("rounds", rounds)
        if isinstance(planned, int) and planned > len(numbers):
            return f"it was cut off after {len(numbers)} of {planned} rounds"
        if isinstance(planned, int) and planned < len(numbers):
            return f"it has {len(numbers)} rounds; its plan has {planned}"
        empty = [each.number for each in self.rounds if each.accuracy is None]
        return f"round {empty[0]} has no accuracy" if empty else ""


def number_of(text: str, name: str, *, whole: bool = False) -> float:
    """A finite number from text; raises FloptError with the column's name."""
    plain = text.strip()
    try:
        value = float(plain) if "_" not in plain else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (whole and value != int(value)):
        raise FloptError(f"{name} = {plain[:40]!r}: must be a {'whole' if whole else 'finite'} number")
    return value


def by_name(runs: Sequence[ImportedRun]) -> dict[str, ImportedRun]:
    """The runs by their names; raises FloptError where one stands twice."""
    found: dict[str, ImportedRun] = {}
    for run in runs:
        if run.name in found:
            raise FloptError(f"run {run.name!r} stands in two files; each needs a name of its own")
        found[run.name] = run
    return found
