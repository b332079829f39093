"""The facts of a task that flopt cannot look at, from a TOML file: all that its price follows from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flopt.errors import FloptError, unknown
from flopt.task import Task
from flopt.toml_file import read_toml

__all__ = ["load_task"]

_KEYS = (
    "name",
    "client_samples",
    "clients",
    "samples_per_client",
    "tensors",
    "parameters",
    "flop_per_sample",
    "majority_share",
)


def load_task(file: Path) -> Task:
    """The facts in a file: `flop_per_sample`, `majority_share`, and, one of each two, who and what is trained.

    Clients are `client_samples`, the training samples of each, or `clients` of `samples_per_client` each; the model
    is `tensors`, the shapes that are sent, or just `parameters`, their number, as one vector: fine but for PowerSGD.
    """
    table = read_toml(file)
    for key in table:
        if key not in _KEYS:
            raise FloptError(f"{file}: {unknown('key', key, _KEYS)}")
    try:
        return Task(
            name=str(table.get("name", file.stem)),
            client_samples=_client_samples(table),
            tensors=_tensors(table),
            flop_per_sample=_number(table, "flop_per_sample"),
            majority_share=_number(table, "majority_share"),
        )
    except FloptError as error:
        raise FloptError(f"{file}: {error}") from None


def _client_samples(table: Mapping[str, Any]) -> tuple[int, ...]:
    if "client_samples" in table:
        _alone(table, "client_samples", "clients", "samples_per_client")
        return _whole_numbers(table["client_samples"], "client_samples")
    return (_whole(table, "samples_per_client"),) * _whole(table, "clients")


def _tensors(table: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    if "tensors" not in table:
        return ((_whole(table, "parameters"),),)
    _alone(table, "tensors", "parameters")
    shapes = table["tensors"]
    if not isinstance(shapes, list):
        raise FloptError(f"tensors = {shapes!r}: must be a list of shapes, such as [[64, 10], [10]]")
    return tuple(_whole_numbers(shape, f"tensors.{place}") for place, shape in enumerate(shapes))


def _alone(table: Mapping[str, Any], key: str, *others: str) -> None:
    for other in others:
        if other in table:
            raise FloptError(f"{key} and {other} say the same: give one of them")


def _whole_numbers(values: object, place: str) -> tuple[int, ...]:
    if not isinstance(values, list) or any(isinstance(each, bool) or not isinstance(each, int) for each in values):
        raise FloptError(f"{place} = {values!r}: must be a list of whole numbers")
    return tuple(values)


def _whole(table: Mapping[str, Any], key: str) -> int:
    value = table.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise FloptError(f"{key} = {value!r}: must be a whole number, at least 1" if key in table else _missing(key))
    return value


def _number(table: Mapping[str, Any], key: str) -> float:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FloptError(f"{key} = {value!r}: must be a number" if key in table else _missing(key))
    return float(value)


def _missing(key: str) -> str:
    instead = {"clients": " (or client_samples)", "samples_per_client": "", "parameters": " (or tensors)"}
    return f"{key} is missing{instead.get(key, '')}"
