"""The two components of an app, imported anew for each run."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from flopt.errors import FloptError
from flopt.flower.app import FlowerApp

__all__ = ["component", "load_components", "place_in"]

_loaded: list[Path] = []
"""Folders of the apps whose modules may be in `sys.modules`."""


def load_components(app: FlowerApp) -> tuple[Any, Any]:
    """The ServerApp and the ClientApp, from fresh modules.

    Fresh, because `flwr run` starts fresh processes too: nothing that a run leaves in a module reaches the next one,
    and another app with a package of the same name is another app.
    """
    folder = app.folder.resolve()
    _forget([*_loaded, folder], {reference.partition(":")[0].split(".")[0] for reference in (app.server, app.client)})
    _loaded[:] = [folder]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    return _component(app, app.server), _component(app, app.client)


def place_in(folder: Path, error: BaseException) -> str:
    """Where in the app an error came from: ` (client_app.py:31)`; empty where it was not in the app."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(folder.resolve())]
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


def component(reference: str) -> Any:
    """What stands at `module:name`, imported from wherever it is found."""
    module, _, name = reference.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _component(app: FlowerApp, reference: str) -> Any:
    try:
        return component(reference)
    except Exception as error:  # whatever the user's code raises
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise FloptError(f"{app.folder}: {reference} does not load: {what}{place_in(app.folder, error)}") from error


def _forget(folders: list[Path], packages: set[str]) -> None:
    """Drop the modules that were imported from these folders or are called like these packages."""
    for name, module in list(sys.modules.items()):
        spec = vars(module).get("__spec__")  # not the module's own attributes: some load more when asked
        places = [getattr(spec, "origin", None), *(getattr(spec, "submodule_search_locations", None) or ())]
        paths = [place for place in places if isinstance(place, str)]
        inside = any(path.startswith(f"{folder}{os.sep}") for path in paths for folder in folders)
        installed = any("site-packages" in path for path in paths)  # an environment may lie in the app's folder
        if name.split(".")[0] in packages or (inside and not installed):
            del sys.modules[name]
    for folder in map(str, folders):
        while folder in sys.path:
            sys.path.remove(folder)
