"""Flower apps: tuned as they are, metered while they run, and told the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flopt.flower.meter import meter_mod
    from flopt.flower.strategy import CarbonStrategy

__all__ = ["CarbonStrategy", "meter_mod"]

_PLACES = {"meter_mod": "flopt.flower.meter", "CarbonStrategy": "flopt.flower.strategy"}


def __getattr__(name: str) -> Any:
    """Found when asked for, so that reading an app's files imports no Flower."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
