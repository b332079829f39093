"""Labelled samples and, where the data know it, whose samples they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError

__all__ = ["Dataset"]


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
