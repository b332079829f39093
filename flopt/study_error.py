"""What is wrong with a study file, in one line: the place, the value, and what is allowed there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from flopt.errors import nearest

__all__ = ["first_of"]

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
