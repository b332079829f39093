"""Data sets of the Hugging Face Hub, read through Flower Datasets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError, unknown
from flopt.simulation.dataset import Dataset

__all__ = ["PREFIX", "HubReference", "from_hub"]

PREFIX = "hf:"
LABELS = ("label", "labels", "y", "target")
"""Where a label is looked for that no ClassLabel column marks."""


@dataclass(frozen=True)
class HubReference:
    """`hf:NAME?key=value&key=value`, read; the keys are the fields."""

    name: str
    """On the hub, or a folder of parquet, CSV or JSON files."""
    split: str = "train"
    subset: str | None = None
    x: str | None = None
    """Column of the samples; without it the one image column, or all columns of numbers."""
    label: str | None = None
    """Column of the classes; without it the one marked so, or one named `label`."""
    client: str | None = None
    """Column that says whose each sample is, for a natural partition."""

    @classmethod
    def of(cls, reference: str) -> HubReference:
        """Read a reference; raises FloptError where it has an unknown key or no name."""
        name, _, query = reference.removeprefix(PREFIX).partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))
        for key in given:
            if key not in cls.__dataclass_fields__ or key == "name":
                raise FloptError(f"data {reference}: {unknown('key', key, [*cls.__dataclass_fields__][1:])}")
        if not name or not all(given.values()):
            raise FloptError(f"data {reference}: write hf:NAME, such as hf:flwrlabs/femnist?client=writer_id&x=image")
        return cls(name, **given)


def from_hub(reference: str) -> Dataset:
    """One split of a data set; images become (channels, height, width) in [0, 1], numbers stay what they are.

    How it is cut into clients is flopt's own business: nothing of Flower Datasets' partitioners is used. Needs the
    network the first time; the files are then kept by the package `datasets`.
    """
    wanted = HubReference.of(reference)
    table = _split(reference, wanted)
    label = _column(reference, "label", wanted.label, _labels(table), table)
    client = None if wanted.client is None else _column(reference, "client", wanted.client, [], table)
    rest = [name for name in table.column_names if name not in (label, client)]
    images = [name for name in rest if type(table.features[name]).__name__ == "Image"]
    if wanted.x is not None or images:
        x = _samples(reference, table, _column(reference, "x", wanted.x, images, table))
    else:
        x = _numbers(reference, table, rest)
    ids = None if client is None else np.asarray(table[client][:])
    return Dataset.of(reference, x, _codes(np.asarray(table[label][:])), ids)


def _split(reference: str, wanted: HubReference) -> Any:
    os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")  # it would report each loading to Flower Labs
    try:
        from flwr_datasets import FederatedDataset
    except ImportError as error:
        raise FloptError(f"data {reference}: {error}; pip install 'flopt-carbon[huggingface]'") from None
    try:
        whole = FederatedDataset(dataset=wanted.name, subset=wanted.subset, partitioners={}, shuffle=False)
        return whole.load_split(wanted.split)
    except Exception as error:  # the hub, the network, the files and their scripts each have errors of their own
        reason = " ".join(str(error).split()) or "no reason given"
        raise FloptError(
            f"data {reference}: cannot be loaded ({type(error).__name__}: {reason[:200]}); the first time it needs the "
            "network and the name of a data set on the Hugging Face Hub"
        ) from None


def _labels(table: Any) -> list[str]:
    marked = [name for name in table.column_names if type(table.features[name]).__name__ == "ClassLabel"]
    return marked or [name for name in table.column_names if name in LABELS]


def _column(reference: str, key: str, given: str | None, found: list[str], table: Any) -> str:
    """The column of that name, or the only one found."""
    if given is not None and given in table.column_names:
        return given
    if given is not None:
        raise FloptError(f"data {reference}: {unknown('column', given, table.column_names)}")
    if len(found) != 1:
        several = f"{len(found)} columns could be the {key}" if found else f"no column is plainly the {key}"
        raise FloptError(f"data {reference}: {several}; add ?{key}=NAME, one of {', '.join(table.column_names)}")
    return found[0]


def _samples(reference: str, table: Any, column: str) -> NDArray[Any]:
    """One column of images or of equally long lists of numbers."""
    values = [np.asarray(value) for value in table[column][:]]
    shapes = sorted({value.shape for value in values})
    if len(shapes) != 1:
        raise FloptError(f"data {reference}: {column} has samples of shapes {shapes[0]} and {shapes[-1]}; must be one")
    x = np.stack(values)
    if type(table.features[column]).__name__ != "Image":
        return x.reshape(len(x), -1) if x.ndim == 1 else x
    x = x[:, np.newaxis] if x.ndim == 3 else x.transpose(0, 3, 1, 2)
    return (x / 255).astype(np.float32)


def _numbers(reference: str, table: Any, columns: list[str]) -> NDArray[Any]:
    """All columns of numbers side by side."""
    arrays = {name: np.asarray(table[name][:]) for name in columns}
    numbers = [values for values in arrays.values() if values.ndim == 1 and values.dtype.kind in "biuf"]
    if not numbers:
        raise FloptError(f"data {reference}: no image and no numbers in {', '.join(columns) or 'it'}; flopt reads both")
    return np.column_stack(numbers)


def _codes(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels that are words become numbers, in the order of the words."""
    return np.unique(labels, return_inverse=True)[1] if labels.dtype.kind in "US" else labels
