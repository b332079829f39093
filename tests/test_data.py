"""Data: the shipped digits, the user's own file, and what is said about a bad one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.simulation.data import Dataset, load

X = np.arange(12, dtype=np.float64).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])


def saved(folder: Path, arrays: dict[str, NDArray[Any]]) -> str:
    path = folder / "own.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the keyword allow_pickle for an array
    return str(path)


def test_digits_have_fourteen_writers_and_lie_between_0_and_1() -> None:
    digits = load("digits")
    assert digits.x.shape == (1797, 1, 8, 8)
    assert digits.x.dtype == np.float32
    assert (digits.x.min(), digits.x.max(), digits.classes) == (0, 1, 10)
    assert digits.client_ids is not None
    sizes = np.bincount(digits.client_ids)
    assert (len(sizes), sizes.min(), sizes.max(), sizes.sum()) == (14, 114, 139, 1797)


def test_the_majority_share_is_that_of_all_labels() -> None:
    assert load("digits").majority_share == 183 / 1797
    assert Dataset.of("d", X, np.array([0, 1, 1, 1, 1, 0])).majority_share == 4 / 6


@pytest.mark.parametrize("key", ["client", "clients", "client_ids"])
def test_client_ids_are_read_under_three_names(tmp_path: Path, key: str) -> None:
    data = load(saved(tmp_path, {"X": X, "y": Y, key: np.array(list("aabbcc"))}))
    assert data.client_ids is not None
    assert data.client_ids.tolist() == list("aabbcc")


def test_labels_of_any_integers_become_0_to_classes(tmp_path: Path) -> None:
    data = load(saved(tmp_path, {"X": X, "y": np.array([7, -3, 7, 40, 40, -3])}))
    assert data.y.tolist() == [1, 0, 1, 2, 2, 0]
    assert (data.classes, data.features, data.client_ids) == (3, (2,), None)


def test_bytes_and_booleans_are_numbers_too() -> None:
    data = Dataset.of("d", np.eye(4, dtype=np.uint8), np.array([True, False, True, False]))
    assert data.x.dtype == np.float32
    assert data.y.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y": Y[:5]}, r"y of shape \(5,\); must be \(6,\), one for each row of X"),
        ({"y": Y[:, None]}, r"y of shape \(6, 1\); must be \(6,\)"),
        ({"client": np.arange(7)}, r"client ids of shape \(7,\); must be \(6,\)"),
        ({"X": np.where(X == 3, np.nan, X)}, "X holds NaN or infinite values; all must be finite"),
        ({"X": X * 1e300}, "X holds NaN or infinite values; all must be finite float32 numbers"),
        ({"X": X[:, 0]}, r"X of shape \(6,\); must be \(samples, ...features\)"),
        ({"X": X[:0], "y": Y[:0]}, r"X of shape \(0, 2\); must be"),
        ({"X": np.float64(1)}, r"X of shape \(\); must be"),
        ({"y": np.zeros(6, dtype=int)}, "y holds one single class; at least 2"),
        ({"X": X.astype(str)}, "X holds <U32 values; must be numbers"),
        ({"y": Y / 2}, "y holds float64 values; must be integers, one class number per sample"),
        ({"client": Y / 2}, "client ids holds float64 values; must be integers or text"),
        ({"client": Y, "clients": Y}, "client ids in both 'client' and 'clients'; give one"),
    ],
)
def test_bad_arrays_are_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(FloptError, match=rf"^data .*own\.npz: {message}"):
        load(saved(tmp_path, {"X": X, "y": Y, **changed}))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X, "label": Y}, r"no array 'y' \(it holds X, label\); needs X and y"),
        ({"x": X, "y": Y}, r"no array 'X' \(it holds x, y\)"),
    ],
)
def test_missing_arrays_name_those_found(tmp_path: Path, arrays: dict[str, NDArray[Any]], message: str) -> None:
    with pytest.raises(FloptError, match=message):
        load(saved(tmp_path, arrays))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=r"no data file .*absent\.npz"):
        load(str(tmp_path / "absent.npz"))


@pytest.mark.parametrize("content", [b"", b"hello, world", b"PK\x03\x04 not a zip after all"])
def test_a_file_that_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(FloptError, match=r"data file .*bad\.npz: not a readable \.npz of plain arrays"):
        load(str(path))


def test_a_single_array_is_no_npz(tmp_path: Path) -> None:
    path = tmp_path / "array.npz"
    with path.open("wb") as stream:
        np.save(stream, X)
    with pytest.raises(FloptError, match="not a readable"):
        load(str(path))


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    with pytest.raises(FloptError, match=r"not a readable \.npz of plain arrays \(ValueError: Object arrays"):
        load(saved(tmp_path, {"X": X, "y": np.array([None] * 6)}))


def test_an_unknown_name_gets_the_nearest_spelling() -> None:
    with pytest.raises(FloptError, match=r"no data set 'digit'; did you mean 'digits'\? \(or give a path ending in"):
        load("digit")


def test_digits_are_scikit_learns_own() -> None:
    from sklearn.datasets import load_digits

    bunch, digits = load_digits(), load("digits")
    np.testing.assert_array_equal(digits.x[:, 0] * 16, bunch.images)
    np.testing.assert_array_equal(digits.y, bunch.target)
