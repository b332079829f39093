"""How plug-ins are found: objectives, spaces and oracles by name (shipped) or by path (yours), through one loader."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from flopt.errors import FloptError, unknown
from flopt.objectives import Objective
from flopt.oracle import Oracle
from flopt.space import Space
from flopt.task import Task, TaskSource

__all__ = ["ORACLES", "load_objective", "load_oracle", "load_space", "shipped"]

_PACKAGE = Path(__file__).parent
_SHIPPED = _PACKAGE / "shipped"
ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent
"""An installed wheel carries the catalogues under `flopt/shipped`; a checkout has them at its top."""

ORACLES = {
    "simulated": "federated training in torch, on real data",
    "analytic": "a closed-form learning curve, for tests and demonstrations: not a measurement",
}


def load_objective(reference: str) -> Objective:
    """An objective: `co2e`, `my_objectives.py` or `my_objectives.py:water_litres`."""
    place, name = _place_and_name(reference)
    file = _file(place, "objectives", ".py")
    found = {o.name: o for o in vars(_module(file)).values() if isinstance(o, Objective)}
    if not name and len(found) == 1:
        return next(iter(found.values()))
    name = name or file.stem
    if name not in found:
        hint = unknown("objective", name, found) if found else "no function in it is decorated with @flopt.objective"
        raise FloptError(f"{file}: {hint}")
    return found[name]


def load_space(reference: str) -> Space:
    """A search space: `cross_device` or `my_space.toml`."""
    file = _file(reference, "search_spaces", ".toml")
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FloptError(f"{file}: {error}") from None
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None
    return Space.of(file.stem, tables, str(file) if reference.endswith(".toml") else file.name)


def load_oracle(reference: str, source: TaskSource, task: Task) -> Oracle:
    """An oracle: `simulated`, `analytic`, or the user's own generator function as `my.py:rounds`."""
    place, name = _place_and_name(reference)
    if place.endswith(".py"):
        function: Oracle = _function(_file(place, "oracles", ".py"), name or "rounds")
        return function
    if reference not in ORACLES:
        raise FloptError(f"{unknown('oracle', reference, ORACLES)} (or give file.py:function)")
    if reference == "analytic":
        from flopt.oracles.analytic import analytic

        return analytic(task)
    from flopt.oracles.simulated import simulated

    return simulated(source)


def shipped(kind: str, suffix: str) -> list[str]:
    """The shipped names of one kind: `shipped("objectives", ".py")`."""
    return sorted(file.stem for file in (ROOT / kind).glob(f"[!_]*{suffix}"))


def _place_and_name(reference: str) -> tuple[str, str]:
    place, colon, name = reference.rpartition(":")
    return (place, name) if colon and place.endswith(".py") else (reference, "")


def _file(place: str, kind: str, suffix: str) -> Path:
    if place.endswith(suffix):
        file = Path(place)
        if not file.is_file():
            raise FloptError(f"no file {place}")
        return file
    names = shipped(kind, suffix)
    if place not in names:
        what = kind[:-1].replace("_", " ")
        raise FloptError(f"{unknown(what, place, names)} (or give a path ending in {suffix})")
    return ROOT / kind / f"{place}{suffix}"


def _function(file: Path, name: str) -> Any:
    module = _module(file)
    found = {key for key, value in vars(module).items() if callable(value) and not key.startswith("_")}
    if name not in found:
        raise FloptError(f"{file}: {unknown('function', name, found)}")
    return getattr(module, name)


def _module(file: Path) -> ModuleType:
    path = file.resolve()
    name = "flopt.plugin." + path.as_posix().strip("/").replace("/", "_").replace(".", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FloptError(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (KeyboardInterrupt, FloptError):
        raise
    except BaseException as error:  # a file that calls sys.exit() is as broken as one that raises
        del sys.modules[name]
        frames = traceback.extract_tb(error.__traceback__)
        line = getattr(error, "lineno", None) or next(
            (f.lineno for f in reversed(frames) if f.filename == str(path)), 1
        )
        raise FloptError(f"{file}:{line} does not import: {type(error).__name__}: {error}") from error
    return module
