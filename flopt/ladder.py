"""The ladder: oracles in rising order of cost, of which the cheap ones propose and the last one confirms."""

from __future__ import annotations

from collections.abc import Sequence

from flopt.catalogue import ORACLES, TOLD
from flopt.errors import FloptError, unknown

__all__ = ["check_ladder"]

_RISING = ("analytic", "recorded", "simulated", "flower")
"""Shipped oracles by what a run of theirs costs."""


def check_ladder(oracles: Sequence[str]) -> None:
    """Raise a `FloptError` for a list of oracles that is no ladder; one alone is checked where it is loaded."""
    if not oracles:
        raise FloptError("oracle = []: give at least one")
    if len(oracles) == 1:
        return
    shown = f"oracle = {list(oracles)}"
    for name in oracles:
        if ".py" not in name and not name.endswith(".npz") and name not in ORACLES:
            raise FloptError(f"{shown}: {unknown('oracle', name, ORACLES)} (or give file.py:function)")
        if name == TOLD:
            raise FloptError(f"{shown}: {TOLD!r} stands alone, because its runs are trained by another program")
    if {"simulated", "flower"} <= set(oracles):
        raise FloptError(f"{shown}: a Flower app brings a task of its own, which is not the simulated one")
    if len(set(oracles)) < len(oracles):
        raise FloptError(f"{shown}: one stands twice")
    places = [_RISING.index(kind) for kind in map(_kind, oracles) if kind in _RISING]
    if places != sorted(places):
        raise FloptError(f"{shown}: the cheap ones come first, in the order of {', '.join(_RISING)}")


def _kind(oracle: str) -> str:
    return "recorded" if oracle.endswith(".npz") else oracle
