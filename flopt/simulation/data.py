"""The data of a task: samples, labels and, where the data know them, whose samples they are."""

from __future__ import annotations

import importlib.util
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError, unknown

__all__ = ["DATASETS", "Dataset", "load"]

CLIENT_KEYS = ("client", "clients", "client_ids")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled samples: valid at birth."""

    name: str
    x: NDArray[np.float32]
    """Shape (n, ...features)."""
    y: NDArray[np.int64]
    """Shape (n,): labels 0 .. classes - 1."""
    client_ids: NDArray[Any] | None
    """Shape (n,): who each sample belongs to, as whole numbers or text; None where the data do not say."""
    classes: int

    def __post_init__(self) -> None:
        if self.x.ndim < 2 or not self.x.size:
            raise FloptError(f"data {self.name}: X of shape {self.x.shape}; must be (samples, ...features)")
        for key, values in (("y", self.y), ("client ids", self.client_ids)):
            if values is not None and values.shape != (len(self.x),):
                raise FloptError(
                    f"data {self.name}: {key} of shape {values.shape}; must be ({len(self.x)},), one for each row of X"
                )
        if not np.isfinite(self.x).all():
            raise FloptError(f"data {self.name}: X holds NaN or infinite values; all must be finite float32 numbers")
        if self.classes < 2:
            raise FloptError(f"data {self.name}: y holds one single class; at least 2")

    @classmethod
    def of(cls, name: str, x: NDArray[Any], y: NDArray[Any], client_ids: NDArray[Any] | None = None) -> Dataset:
        """A data set from raw arrays: samples become float32, labels of any integers become 0 .. classes - 1."""
        _check_kind(name, "X", x, "biuf", "numbers")
        _check_kind(name, "y", y, "biu", "integers, one class number per sample")
        if client_ids is not None:
            _check_kind(name, "client ids", client_ids, "iuSU", "integers or text")
        labels, codes = np.unique(y, return_inverse=True)
        with np.errstate(over="ignore"):  # what overflows float32 becomes infinite, and is refused as such
            samples = x.astype(np.float32)
        return cls(name, samples, codes.reshape(y.shape).astype(np.int64), client_ids, len(labels))

    @property
    def features(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.x.shape[1:]

    @property
    def majority_share(self) -> float:
        """Share of the largest class among all samples."""
        return float(np.bincount(self.y).max() / len(self.y))


def _check_kind(name: str, key: str, values: NDArray[Any], kinds: str, allowed: str) -> None:
    if values.dtype.kind not in kinds:
        raise FloptError(f"data {name}: {key} holds {values.dtype} values; must be {allowed}")


def load(name_or_path: str) -> Dataset:
    """A shipped data set, or the user's own `.npz` file with the arrays `X` and `y`.

    The file may say whose each sample is, in an array `client` (`clients` and `client_ids` are read too).
    """
    if name_or_path in DATASETS:
        return DATASETS[name_or_path]()
    if not name_or_path.endswith(".npz"):
        raise FloptError(f"{unknown('data set', name_or_path, DATASETS)} (or give a path ending in .npz)")
    return _from_arrays(name_or_path, _read_npz(Path(name_or_path).expanduser()))


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


def _digits() -> Dataset:
    """Optical digits of 14 writers, 8 x 8 pixels scaled to [0, 1], shape (1797, 1, 8, 8).

    Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI (1998), as scikit-learn ships its test set.
    """
    table = np.loadtxt(_digits_file(), delimiter=",")
    bounds = json.loads(Path(__file__).with_name("digits_writers.json").read_text(encoding="utf-8"))["boundaries"]
    writers = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    return Dataset.of("digits", table[:, :-1].reshape(-1, 1, 8, 8) / 16, table[:, -1].astype(np.int64), writers)


def _digits_file() -> Path:
    """The table inside scikit-learn, found without importing it: that takes seconds, in every worker."""
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise FloptError("data 'digits': scikit-learn, which carries it, is not installed")
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"


DATASETS: dict[str, Callable[[], Dataset]] = {"digits": _digits}
