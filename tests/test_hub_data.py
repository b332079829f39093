"""Data of the Hugging Face Hub, tried on local folders: the network is never asked."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flopt.errors import FloptError
from flopt.simulation.data import load
from flopt.simulation.hub_data import HubReference
from flopt.simulation.setup import prepare
from flopt.task import TaskSource

pytestmark = [
    pytest.mark.slow,  # importing the package `datasets` takes seconds
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # it leaves CSV files open
]


@pytest.fixture
def hub(needs_module: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and no network."""
    needs_module("flwr_datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path


def numbers(folder: Path, rows: int = 30) -> str:
    """A folder with one CSV file: two numbers, a word, a writer and a label in words."""
    own = folder / "numbers"
    own.mkdir()
    lines = [f"{r / 8},{r % 5},text {r},w{r % 3},{'yes' if r % 2 else 'no'}" for r in range(rows)]
    (own / "train.csv").write_text("\n".join(["a,b,note,writer,label", *lines]) + "\n", encoding="utf-8")
    return f"hf:{own}"


def images(folder: Path) -> str:
    """A folder with one parquet file: images of 3 x 4 pixels in one and in three channels, and two marked labels."""
    import datasets
    from PIL import Image

    def png(values: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(values).save(stream, format="PNG")
        return stream.getvalue()

    grey = [np.full((3, 4), 10 * r, dtype=np.uint8) for r in range(9)]
    kinds = datasets.Features(
        {"grey": datasets.Image(), "rgb": datasets.Image(), "digit": datasets.ClassLabel(names=["x", "y", "z"])}
    )
    rows = {
        "grey": [{"bytes": png(each), "path": None} for each in grey],
        "rgb": [{"bytes": png(np.stack([each] * 3, axis=2)), "path": None} for each in grey],
        "digit": [r % 3 for r in range(9)],
    }
    own = folder / "images"
    own.mkdir()
    datasets.Dataset.from_dict(rows, features=kinds).to_parquet(str(own / "train.parquet"))
    return f"hf:{own}"


def test_columns_of_numbers_and_a_column_of_clients(hub: Path) -> None:
    data = load(f"{numbers(hub)}?client=writer")
    assert (data.x.shape, data.classes) == ((30, 2), 2)
    np.testing.assert_array_equal(data.x[5], np.array([5 / 8, 0], dtype=np.float32))
    assert data.y.tolist() == [r % 2 for r in range(30)]
    assert data.client_ids is not None
    assert data.client_ids[:4].tolist() == ["w0", "w1", "w2", "w0"]


def test_it_is_cut_by_flopt_s_own_partitions(hub: Path) -> None:
    name = numbers(hub)
    assert prepare(TaskSource(f"{name}?client=writer")).clients == 3
    assert prepare(TaskSource(name, "dirichlet", clients=4, alpha=0.5)).clients == 4


def test_images_have_their_channels_first_and_end_at_one(hub: Path) -> None:
    name = images(hub)
    grey, rgb = load(f"{name}?x=grey"), load(f"{name}?x=rgb")
    assert (grey.x.shape, rgb.x.shape, grey.classes) == ((9, 1, 3, 4), (9, 3, 3, 4), 3)
    assert grey.x[7, 0, 2, 3] == rgb.x[7, 2, 2, 3] == np.float32(70 / 255)
    with pytest.raises(FloptError, match=r"2 columns could be the x; add \?x=NAME, one of grey, rgb, digit"):
        load(name)


def test_bad_references_are_one_line(hub: Path) -> None:
    name = numbers(hub)
    for query, message in {
        "?clients=writer": "no key 'clients'; did you mean 'client'",
        "?client=riter": "no column 'riter'; did you mean 'writer'",
        "?split=tset": r"cannot be loaded \(ValueError",
        "?x=": "write hf:NAME, such as",
    }.items():
        with pytest.raises(FloptError, match=message) as caught:
            load(name + query)
        assert "\n" not in str(caught.value)


def test_without_network_it_says_what_it_needs(hub: Path) -> None:  # noqa: ARG001
    with pytest.raises(FloptError, match=r"data hf:nobody/nothing: cannot be loaded .* it needs the network") as caught:
        load("hf:nobody/nothing")
    assert "\n" not in str(caught.value)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flwr_datasets", None)
    with pytest.raises(FloptError, match=r"pip install 'flopt-carbon\[huggingface\]'"):
        load("hf:ylecun/mnist")


def test_a_reference_is_read_like_an_address() -> None:
    reference = HubReference.of("hf:flwrlabs/femnist?client=writer_id&label=character")
    assert reference == HubReference("flwrlabs/femnist", label="character", client="writer_id")
    for bad in ("hf:", "hf:?x=a"):
        with pytest.raises(FloptError, match="write hf:NAME"):
            HubReference.of(bad)
