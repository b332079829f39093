"""A user's Python file, imported by its path: objectives, models and oracles come in through here.

The file runs with the rights of the user who named it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from flopt.errors import FloptError, nearest

__all__ = ["function_of", "import_file", "split_reference", "where"]


def split_reference(reference: str) -> tuple[str, str]:
    """`file.py:name` as file and name; the name is empty where none is given."""
    file, colon, name = reference.rpartition(":")
    return (file, name) if colon and file.endswith(".py") else (reference, "")


def import_file(file: Path) -> ModuleType:
    """Import a Python file under a private name; what breaks in it is one line with the line number."""
    if not file.is_file():
        raise FloptError(f"no file {file}")
    # Two files of one name in two folders are two modules.
    name = f"flopt.plugin.{file.stem}_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise FloptError(f"{file} does not import: it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        # A file that calls sys.exit() is as broken as one that raises.
        kind = "" if isinstance(error, FloptError) else f"{type(error).__name__}: "
        reason = " ".join(str(error).split())
        raise FloptError(f"{file} does not import: {kind}{reason}{where(error, file)}") from error
    return module


def function_of(module: ModuleType, file: str | Path, name: str) -> Callable[..., Any]:
    """A function of an imported file, or the nearest spelling among those that the file defines."""
    found = getattr(module, name, None)
    if callable(found):
        return found  # type: ignore[no-any-return]
    own = [
        key
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
    ]
    raise FloptError(f"{file} has no function {name!r}; {nearest(name, own)}")


def where(error: BaseException, file: Path) -> str:
    """Where in the user's file it happened; Python's syntax errors say so themselves."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    return f" ({file}:{lines[-1]})" if lines else ""
