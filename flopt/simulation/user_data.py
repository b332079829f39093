"""The user's own data: arrays in an `.npz` file, or a function in a Python file that gives a torch Dataset."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.plugin import function_of, import_file, split_reference, where
from flopt.simulation.dataset import Dataset

__all__ = ["from_function", "from_npz"]

CLIENT_KEYS = ("client", "clients", "client_ids")


def from_npz(name: str) -> Dataset:
    """The arrays `X` and `y` of a file, and whose each sample is from `client` (`clients`, `client_ids`)."""
    return _from_arrays(name, _read_npz(Path(name).expanduser()))


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise FloptError(f"no data file {path}")
    try:
        # A pickle could run code of whoever made the file.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise FloptError(
            f"data file {path}: not a readable .npz of plain arrays ({type(error).__name__}: {error})"
        ) from None


def _from_arrays(name: str, arrays: dict[str, NDArray[Any]]) -> Dataset:
    found = ", ".join(sorted(arrays)) or "nothing"
    for key in ("X", "y"):
        if key not in arrays:
            raise FloptError(f"data {name}: no array {key!r} (it holds {found}); needs X and y, and may have client")
    clients = [key for key in CLIENT_KEYS if key in arrays]
    if len(clients) > 1:
        raise FloptError(f"data {name}: client ids in both {clients[0]!r} and {clients[1]!r}; give one")
    return Dataset.of(name, arrays["X"], arrays["y"], arrays[clients[0]] if clients else None)


def from_function(reference: str) -> Dataset:
    """The torch Dataset that `file.py:function`, called without arguments, gives.

    Its items are (sample, label) or (sample, label, client). All of them are read once, in order, and kept as
    arrays; what a Dataset draws at random for each access is drawn that once. The file runs with the rights of the
    user who named it.
    """
    file, name = split_reference(reference)
    if not name:
        raise FloptError(f"data {reference!r}: write file.py:function")
    path = Path(file).expanduser()
    function = function_of(import_file(path), path, name)
    try:
        given = function()
        items = [tuple(given[index]) for index in range(len(given))]
        columns = [np.stack([np.asarray(value) for value in column]) for column in zip(*items, strict=True)]
    except Exception as error:  # the user's own code may raise anything
        raise FloptError(
            f"data {reference}: failed with {type(error).__name__}: {error}{where(error, path)}; "
            "must give a torch Dataset of (sample, label) or (sample, label, client), all samples of one shape"
        ) from error
    if len(columns) not in (2, 3):
        what = f"items of {len(columns)} parts" if columns else "no items"
        raise FloptError(f"data {reference}: gave {what}; must be (sample, label) or (sample, label, client)")
    return Dataset.of(reference, *columns)
