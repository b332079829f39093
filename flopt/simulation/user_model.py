"""The user's own model: a function in a Python file, written `file.py:function`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from flopt.errors import FloptError
from flopt.plugin import function_of, import_file, where

__all__ = ["load_builder", "model_file"]


def model_file(model: str) -> Path:
    """The file of `file.py:function`."""
    return Path(model.rpartition(":")[0] or model).expanduser()


def load_builder(model: str) -> Callable[[tuple[int, ...], int], nn.Module]:
    """The function behind `file.py:function`, to be called with (features, classes).

    A function without required arguments is called with none; one with two gets the shape of a sample and the
    number of classes. The file runs with the rights of the user who named it.
    """
    file, colon, name = model.rpartition(":")
    if not colon or not name or not file.endswith(".py"):
        raise FloptError(f"model {model!r}: write file.py:function")
    path = model_file(model)
    function = function_of(import_file(path), path, name)
    needed = _required_arguments(model, function)

    def builder(features: tuple[int, ...], classes: int) -> nn.Module:
        return _built(model, function, (features, classes)[:needed])

    return builder


def _required_arguments(model: str, function: Callable[..., Any]) -> int:
    required = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    positional = [p for p in required if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    named = [p for p in required if p.kind is p.KEYWORD_ONLY]
    if len(positional) not in (0, 2) or named:
        raise FloptError(f"model {model}: takes {len(positional + named)} arguments; must be () or (features, classes)")
    return len(positional)


def _built(model: str, function: Callable[..., Any], arguments: tuple[object, ...]) -> nn.Module:
    try:
        module = function(*arguments)
    except Exception as error:  # the user's own code may raise anything
        place = where(error, model_file(model))
        raise FloptError(f"model {model}: failed with {type(error).__name__}: {error}{place}") from error
    if not isinstance(module, nn.Module):
        raise FloptError(f"model {model}: returned {type(module).__name__}; must be a torch.nn.Module")
    return module
