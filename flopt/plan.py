"""A plan: one setting of everything that can be searched."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from flopt.compression import NONE, SCHEMES, Compression
from flopt.errors import FloptError, unknown

__all__ = ["PLAN_FIELDS", "Plan", "Setting"]

Setting = bool | int | float | str


@dataclass(frozen=True)
class Plan:
    """How to train: valid at birth, and the same everywhere from the study file to the last row of the front."""

    rounds: int = 40
    """Communication rounds."""
    local_epochs: int = 2
    """Passes over its own data that a client makes in each round."""
    client_fraction: float = 0.35
    """Share of the task's clients that is drawn in each round, above 0 and at most 1."""
    batch_size: int = 10
    """Samples in one step of local SGD."""
    client_lr: float = 0.05
    """Learning rate of local SGD, constant over the rounds."""
    uplink: Compression = NONE
    """Compression of what a client sends."""
    downlink: Compression = NONE
    """Compression of what the server sends."""

    def __post_init__(self) -> None:
        for name in ("rounds", "local_epochs", "batch_size"):
            _check_whole(name, getattr(self, name))
        _check_real("client_fraction", self.client_fraction, 1)
        _check_real("client_lr", self.client_lr, math.inf)
        if not SCHEMES[self.downlink.kind].downlink:
            raise FloptError(
                f"plan: downlink {self.downlink}: a newly drawn client holds no earlier model, "
                f"so the downlink takes {', '.join(k for k, s in SCHEMES.items() if s.downlink)}"
            )

    @classmethod
    def of(cls, settings: Mapping[str, Setting], base: Plan | None = None) -> Plan:
        """A plan from settings as text and numbers (`uplink` = `"quantize:8"`), the rest taken from `base`."""
        values: dict[str, object] = {}
        for name, value in settings.items():
            if name not in PLAN_FIELDS:
                raise unknown("plan setting", name, PLAN_FIELDS)
            if name in ("uplink", "downlink"):
                if not isinstance(value, str):
                    raise FloptError(f"plan: {name} = {value!r}: write a compression such as 'quantize:8'")
                values[name] = Compression.parse(value)
            else:
                values[name] = value
        return replace(base or cls(), **values)  # type: ignore[arg-type]  # checked in __post_init__

    def settings(self) -> dict[str, Setting]:
        """The plan as text and numbers, in the order of its fields; `Plan.of` reads it back."""
        return {name: _plain(getattr(self, name)) for name in PLAN_FIELDS}


PLAN_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Plan))


def _plain(value: object) -> Setting:
    return value if isinstance(value, int | float) else str(value)


def _check_whole(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise FloptError(f"plan: {name} = {value!r}: must be a whole number, at least 1")


def _check_real(name: str, value: object, high: float) -> None:
    allowed = "above 0" if math.isinf(high) else f"above 0 and at most {high:g}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= high or math.isinf(value):
        raise FloptError(f"plan: {name} = {value!r}: must be a number {allowed}")
