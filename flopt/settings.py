"""Settings of the command line, such as `budget.runs=20`: one value put into nested tables."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from flopt.errors import FloptError

__all__ = ["apply_setting", "put"]

_EXAMPLE = """--set 'objectives=["accuracy", "co2e"]'"""


def apply_setting(tables: dict[str, Any], setting: str) -> None:
    """Set `a.b=value` in nested tables; the value is TOML, and plain text where it is not."""
    key, equals, text = setting.partition("=")
    try:
        path = _path(key)
    except (ValueError, RecursionError):
        path = []
    if not equals or not path:
        raise FloptError(f"--set {setting!r}: write key=value, such as budget.runs=20")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError) as error:
        if text.lstrip()[:1] in ("[", "{", '"', "'"):  # the shell has eaten the quotes inside
            raise FloptError(f"--set {setting!r}: {error}; write {_EXAMPLE} with the quotes") from None
        value = text
    try:
        put(tables, path, value)
    except FloptError as error:
        raise FloptError(f"--set {setting!r}: {error}") from None


def _path(key: str) -> list[str]:
    """The parts of a dotted key; a part with a dot in it stands in quotes, as in TOML."""
    node: Any = tomllib.loads(f"{key} = 0")
    path = []
    while isinstance(node, dict):
        ((part, node),) = node.items()
        path.append(part)
    return path


def put(tables: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set the value at a path of nested tables."""
    *parents, last = path
    table = tables
    for part in parents:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise FloptError(f"{part} is not a table")
    table[last] = value
