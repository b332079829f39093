"""What is wrong with a study file, in one line: the place, the value, and what is allowed there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from flopt.errors import FloptError, nearest

__all__ = ["COMMAND_LINE", "Origin", "first_of"]

T = TypeVar("T")

COMMAND_LINE = "command line"

# What pydantic's kinds of error allow, in the words of a study file.
_ALLOWED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "greater_than": "above {gt:g}",
    "greater_than_equal": "at least {ge}",
    "literal_error": "{expected}",
}

_SEVERAL = {
    "plan": (2, "a number or text"),
    "pricing.grid": (2, "the path of a table, or a finite number"),
    "oracle": (1, "text, or a list of texts"),
}
"""Values of one of several types, of which pydantic tells of the first that does not fit: how much of the place counts,
and what is allowed."""


@dataclass(frozen=True)
class Origin:
    """Where the keys of a study stand, for errors; all are equal, because it says nothing of the study itself."""

    place: str = field(default="study", compare=False)
    """A file, or what else the study was read from; empty where every key not set is flopt's own default."""
    changed: frozenset[str] = field(default=frozenset(), compare=False)
    """Keys, tables joined by dots, whose values the command line has set."""

    def resolve(self, key: str, make: Callable[[], T]) -> T:
        """What `make` gives; its error is told with the place of the key, or of the keys of a table, and its name."""
        try:
            return make()
        except FloptError as error:
            said = str(error) if str(error).startswith(key) else f"{key}: {error}"
            raise FloptError(f"{self._place_of(key)}: {said}") from error

    def _place_of(self, key: str) -> str:
        if not self.place or key in self.changed:
            return COMMAND_LINE
        below = any(each.startswith(f"{key}.") for each in self.changed)
        return f"{self.place} and {COMMAND_LINE}" if below else self.place


def first_of(error: ValidationError, model: type[BaseModel]) -> str:
    """The first thing wrong with the tables of a model, as place, value and what is allowed."""
    detail = error.errors(include_url=False)[0]
    path = [str(part) for part in detail["loc"]]
    if detail["type"] == "extra_forbidden":
        return f"no key {'.'.join(path)!r}; {nearest(path[-1], _keys(path[:-1], model))}"
    allowed = detail["msg"]
    if detail["type"] in _ALLOWED:
        allowed = _ALLOWED[detail["type"]].format(**detail.get("ctx", {})).replace("'", "")
    for place, (parts, said) in _SEVERAL.items():
        if ".".join(path).startswith(f"{place}.") and len(path) > 1:
            path, allowed = path[:parts], said
    return f"{'.'.join(path)} = {detail['input']!r}: must be {allowed}"


def _keys(path: Sequence[str], model: type[BaseModel]) -> list[str]:
    """The keys that a table of the model may have."""
    table = model
    for part in path:
        if part in table.model_fields:  # the others are names of one's own, of tables that are all alike
            annotation = table.model_fields[part].annotation
            table = next((each for each in (annotation, *get_args(annotation)) if _is_table(each)), table)
    return list(table.model_fields)


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
