"""Flower is an optional extra: one place that says so."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from flopt.errors import FloptError

__all__ = ["QUIET", "flower_version", "require_flower"]

QUIET = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Environment in which Flower reaches for no network by itself; it is read where Flower is imported."""


def require_flower() -> None:
    """Make Flower ready to be imported; without it, say how to get it."""
    if find_spec("flwr") is None:
        raise FloptError("Flower is not installed: pip install 'flopt-carbon[flower]'")
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def flower_version() -> str:
    """The installed version; empty where there is none."""
    try:
        return version("flwr")
    except PackageNotFoundError:
        return ""
