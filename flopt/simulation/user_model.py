"""The user's own model: a function in a Python file, written `file.py:function`."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from flopt.errors import FloptError, nearest

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
    function = _function(_import(model_file(model)), file, name)
    needed = _required_arguments(model, function)

    def builder(features: tuple[int, ...], classes: int) -> nn.Module:
        return _built(model, function, (features, classes)[:needed])

    return builder


def _import(path: Path) -> ModuleType:
    if not path.is_file():
        raise FloptError(f"no model file {path}")
    # A private name of its own, so that two files of one name do not meet.
    name = f"flopt.plugin.model_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FloptError(f"{path} does not import: it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's own code may raise anything
        del sys.modules[name]
        raise FloptError(f"{path} does not import: {type(error).__name__}: {error}{_place(error, path)}") from error
    return module


def _place(error: BaseException, path: Path) -> str:
    """Where in the user's file it happened; Python's syntax errors say so themselves."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == path.resolve()]
    return f" ({path}:{lines[-1]})" if lines else ""


def _function(module: ModuleType, file: str, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if callable(found):
        return found  # type: ignore[no-any-return]
    own = [
        key
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
    ]
    raise FloptError(f"{file} has no function {name!r}; {nearest(name, own)}")


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
        place = _place(error, model_file(model))
        raise FloptError(f"model {model}: failed with {type(error).__name__}: {error}{place}") from error
    if not isinstance(module, nn.Module):
        raise FloptError(f"model {model}: returned {type(module).__name__}; must be a torch.nn.Module")
    return module
