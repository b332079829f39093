"""A Flower app on disk: its folder, its two components and its run-config, read without Flower."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flopt.errors import FloptError
from flopt.run_config import RunConfig
from flopt.toml_file import read_toml

__all__ = ["FlowerApp", "digest", "read_app"]

DEFAULT_CLIENTS = 10
_PASSED_OVER = {"__pycache__", "node_modules", "venv", "build", "dist"}
"""Folders that are no part of an app, besides the hidden ones."""


@dataclass(frozen=True)
class FlowerApp:
    """What `pyproject.toml` says of an app."""

    folder: Path
    name: str
    server: str
    """Where its ServerApp is: `package.module:name`."""
    client: str
    """Where its ClientApp is."""
    run_config: RunConfig
    clients: int
    """SuperNodes of its own simulation, or ten."""


def read_app(folder: Path) -> FlowerApp:
    """Read an app's `pyproject.toml`; what is missing in it is said in one line."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        raise FloptError(f"task.flower_app: no file {file}; give the folder that `flwr run` takes")
    tables = read_toml(file)
    flower = _table(tables, "tool", "flwr")
    components = _table(flower, "app", "components")
    for part in ("serverapp", "clientapp"):
        if not isinstance(components.get(part), str) or ":" not in components[part]:
            raise FloptError(f"{file}: [tool.flwr.app.components] {part} = {components.get(part)!r}: give module:name")
    defaults = dict(_flat("", _table(flower, "app", "config")))
    name = str(_table(tables, "project").get("name", folder.name))
    server, client = components["serverapp"], components["clientapp"]
    return FlowerApp(folder, name, server, client, RunConfig(defaults, str(file)), _clients(flower))


def digest(folder: Path) -> str:
    """Twelve hex digits of the contents of an app's files; hidden files, caches and environments left out."""
    sum_ = hashlib.sha256()
    for file in sorted(_files(folder)):
        sum_.update(file.relative_to(folder).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            sum_.update(hashlib.file_digest(stream, "sha256").digest())
    return sum_.hexdigest()[:12]


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in _PASSED_OVER or path.suffix in (".pyc", ".fab"):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _table(tables: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """A nested table; an empty one where there is none."""
    for part in path:
        tables = tables.get(part, {}) if isinstance(tables, Mapping) else {}
    return tables if isinstance(tables, Mapping) else {}


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value


def _clients(flower: Mapping[str, Any]) -> int:
    federations = _table(flower, "federations")
    options = _table(federations, str(federations.get("default", "local-simulation")), "options")
    number = options.get("num-supernodes", DEFAULT_CLIENTS)
    return number if isinstance(number, int) and number > 0 else DEFAULT_CLIENTS
