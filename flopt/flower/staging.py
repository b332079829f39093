"""A copy of an app that carries out one plan and tells flopt how it went."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from flopt.compression import Compression
from flopt.errors import FloptError
from flopt.flower.app import FlowerApp
from flopt.plan import Setting

__all__ = ["stage"]

_SERVER = '''"""Written by flopt: the app's own server, recorded."""

from flopt.flower.shim import served

app = served({reference!r}, {events!r}, {uplink!r}, {seed!r}, named={named!r})
'''
_CLIENT = '''"""Written by flopt: the app's own client, which also tells its partition."""

from flopt.flower.shim_client import NamedClient

app = NamedClient({reference!r}, {seed!r})
'''
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "*.fab", "venv", "build", "dist")


def stage(
    app: FlowerApp,
    folder: Path,
    values: Mapping[str, Setting],
    events: Path,
    uplink: Compression,
    seed: int,
    *,
    named: bool = True,
) -> None:
    """Copy an app into a new folder with its run-config set to `values` and its server recorded in `events`.

    `named` clients have flopt too: the server's nodes are then numbered by partition, and random numbers are those of
    the engine in one process, so that equal seeds give equal runs.
    """
    try:
        shutil.copytree(app.folder, folder, ignore=_LEFT_OUT)
        shim = folder / "flopt_shim"
        shim.mkdir()
        (shim / "__init__.py").write_text('"""Written by flopt."""\n', encoding="utf-8")
        server = _SERVER.format(reference=app.server, events=str(events), uplink=str(uplink), seed=seed, named=named)
        (shim / "server_app.py").write_text(server, encoding="utf-8")
        (shim / "client_app.py").write_text(_CLIENT.format(reference=app.client, seed=seed), encoding="utf-8")
        project = folder / "pyproject.toml"
        document: Any = tomlkit.parse(project.read_text(encoding="utf-8"))
        flower = document["tool"]["flwr"]["app"]
        flower["components"]["serverapp"] = "flopt_shim.server_app:app"
        if named:
            flower["components"]["clientapp"] = "flopt_shim.client_app:app"
        if "fab-include" in flower:
            flower["fab-include"].append("flopt_shim/**/*.py")
        for key, value in values.items():
            _put(flower["config"], key, value)
        project.write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError as error:
        raise FloptError(f"{error.filename}: {error.strerror}") from None


def _put(table: Any, key: str, value: Setting) -> None:
    """Set a dotted key; a key may also hold its dots itself."""
    head, dot, rest = key.partition(".")
    if key in table or not dot:
        table[key] = value
    else:
        _put(table[head], rest, value)
