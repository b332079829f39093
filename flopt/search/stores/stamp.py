"""What a study says of itself: the format that it is written in, and all that decides its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna

from flopt.errors import FloptError
from flopt.objectives import Direction
from flopt.version import __version__

__all__ = ["FORMAT", "check_format", "check_identity", "format_of", "stamp"]

FORMAT = 2
"""1, which studies without a stamp are in, has traces in full; 2 has them packed (`flopt.search.stores.packed`).

Both are read. A study that goes on is stamped with the newer one, because its next traces are packed.
"""


def format_of(study: optuna.Study) -> int:
    """The format of a stored study."""
    stored = study.user_attrs.get("format", {"format": 1})
    try:
        return int(stored["format"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return -1


def check_format(study: optuna.Study, folder: Path) -> None:
    """Refuse what a newer flopt wrote."""
    found = format_of(study)
    if not 1 <= found <= FORMAT:
        writer = study.user_attrs["format"].get("flopt", "?") if isinstance(study.user_attrs["format"], dict) else "?"
        raise FloptError(
            f"{folder}: written by flopt {writer} in format {found}; this flopt {__version__} reads formats 1 to "
            f"{FORMAT}: install that version or a newer one"
        )


def stamp(study: optuna.Study, identity: Mapping[str, Any]) -> None:
    """Write into a new study what it is, and into an older one that it goes on in today's format."""
    if format_of(study) != FORMAT:
        study.set_user_attr("format", {"format": FORMAT, "flopt": __version__})
    if "identity" not in study.user_attrs:
        study.set_user_attr("identity", dict(identity))


def check_identity(
    study: optuna.Study, place: Path, directions: Sequence[Direction], identity: Mapping[str, Any]
) -> None:
    """Refuse to go on with another study, naming the first key that differs."""
    stored = study.user_attrs.get("identity")
    if stored is None:
        if [direction.name.lower() for direction in study.directions] != list(directions):  # killed at its birth
            raise FloptError(f"{place}: its header is cut off; remove its journal to begin again")
        return
    for key in sorted({*stored, *identity}):
        if stored.get(key) != identity.get(key):
            raise FloptError(
                f"{place} holds another study: {key} is {stored.get(key)!r} there and {identity.get(key)!r} here; "
                "choose another --out, or go back to the old value"
            )
