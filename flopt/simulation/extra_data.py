"""Data files that lie in another Python package."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from flopt.errors import FloptError

__all__ = ["package_file"]


def package_file(data: str, package: str, path: str) -> Path:
    """A file of an installed package, which is not imported; without the package an error that names the extra."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / path).is_file():
            return Path(folder) / path
    missing = f"this version of {package} has no {path}" if spec else f"the package {package} is not installed"
    raise FloptError(f"data {data}: {missing}; pip install 'flopt-carbon[data]'")
