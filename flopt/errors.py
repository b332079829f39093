"""The one error that users see, and the nearest spelling of a name they got wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["FloptError", "nearest", "unknown"]


class FloptError(Exception):
    """Bad input or a broken study: one line that says place, value and what is allowed."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Say which allowed name is close to `name`, or list what is allowed."""
    names = sorted(allowed)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if not close:  # difflib compares case-sensitively; "fra" should still find "FRA"
        folded = {n.casefold(): n for n in names}
        close = [folded[c] for c in difflib.get_close_matches(name.casefold(), folded, n=3)]
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"allowed: {shown or '(none)'}"


def unknown(what: str, name: str, allowed: Iterable[str]) -> FloptError:
    """An error for a name that is not in a list."""
    return FloptError(f"no {what} {name!r}; {nearest(name, allowed)}")
