"""What happened in a run, round by round: physics and accuracy, never kilograms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError

__all__ = ["COLUMNS", "Round", "Status", "Stops", "Trace", "record"]

Status = Literal["ok", "stopped", "failed"]
"""`stopped`: by the search, because what followed could not have helped; its rounds count like those of any run."""

Stops = Callable[["Sequence[Round]"], str]
"""Why a run should end after the rounds done so far; empty where it should go on."""


@dataclass(frozen=True)
class Round:
    """What one round of training did."""

    accuracy: float
    """The task's metric on validation data, smoothed as the task says, in [0, 1]: what the search may look at."""
    loss: float
    """Mean validation loss in nats."""
    clients: int
    """How many clients sent an update."""
    samples: int
    """Samples trained on, over all clients and local epochs."""
    download_bytes: int
    """Bytes sent to all clients of the round."""
    upload_bytes: int
    """Bytes received from them."""
    test_accuracy: float = math.nan
    """The same on test data: reported for the points of the front, never looked at before; NaN where there is none."""
    balanced_accuracy: float = math.nan
    """Mean share found of each class, on validation data of this round alone; NaN where the oracle does not say."""
    auc: float = math.nan
    """Area under the ROC curve, on validation data of this round alone; NaN where the oracle does not say."""
    worst_client_accuracy: float = math.nan
    """Lowest accuracy of any client, on validation data of this round alone; NaN where the oracle does not say."""

    def __post_init__(self) -> None:
        if not 0 <= self.accuracy <= 1:
            raise FloptError(f"round: accuracy = {self.accuracy}: must be between 0 and 1")
        for name in _OPTIONAL:
            value = getattr(self, name)
            if not (math.isnan(value) or 0 <= value <= 1):
                raise FloptError(f"round: {name} = {value}: must be between 0 and 1, or NaN")
        if not math.isfinite(self.loss):
            raise FloptError(f"round: loss is {'NaN' if math.isnan(self.loss) else self.loss} (the training diverged)")
        for name in ("clients", "samples", "download_bytes", "upload_bytes"):
            value = getattr(self, name)
            if value < 0:
                raise FloptError(f"round: {name} = {value}: must not be negative")
            if math.isnan(value) or math.isinf(value) or value != int(value):
                raise FloptError(f"round: {name} = {value}: must be a whole number")


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Round))
_OPTIONAL = ("test_accuracy", "balanced_accuracy", "auc", "worst_client_accuracy")
_COUNTS = ("clients", "samples", "download_bytes", "upload_bytes")

# What `Round` allows, as bounds of shape (columns, 1): a whole trace is checked at once.
_FINITE = float(np.finfo(np.float64).max)
_LOWEST = np.array([[-_FINITE if name == "loss" else 0.0] for name in COLUMNS])
_HIGHEST = np.array([[_FINITE if name in ("loss", *_COUNTS) else 1.0] for name in COLUMNS])
_NEEDED = slice(0, COLUMNS.index(_OPTIONAL[0]))
_WHOLE = slice(COLUMNS.index(_COUNTS[0]), COLUMNS.index(_COUNTS[-1]) + 1)


@dataclass(frozen=True, eq=False)
class Trace:
    """The rounds of one run as columns, each of shape (rounds,); entry r - 1 is the state after round r."""

    columns: Mapping[str, NDArray[np.float64]]
    seed: int
    participation: str
    """Fingerprint of who took part."""
    status: Status = "ok"
    reason: str = ""
    """Why a run failed, or was stopped."""

    def __post_init__(self) -> None:
        if set(self.columns) != set(COLUMNS):
            raise FloptError(f"trace: columns {sorted(self.columns)}; must be {sorted(COLUMNS)}")
        if len({len(column) for column in self.columns.values()}) != 1:
            raise FloptError("trace: columns of different lengths")
        if self.status not in get_args(Status):
            raise FloptError(f"trace: status {self.status!r}; must be ok, stopped or failed")
        _check_rounds(np.array([self.columns[name] for name in COLUMNS], dtype=np.float64))
        for column in self.columns.values():
            column.setflags(write=False)

    @classmethod
    def of(
        cls, rounds: Sequence[Round], *, seed: int, participation: str, status: Status = "ok", reason: str = ""
    ) -> Trace:
        """A trace from its rounds."""
        columns = {name: np.array([getattr(r, name) for r in rounds], dtype=np.float64) for name in COLUMNS}
        return cls(columns, seed, participation, status, reason)

    def __len__(self) -> int:
        return len(self.columns["accuracy"])

    def until(self, rounds: int) -> Trace:
        """The same run, stopped after round `rounds`."""
        if not 1 <= rounds <= len(self):
            raise FloptError(f"trace: round {rounds} is outside 1..{len(self)}")
        columns = {name: column[:rounds] for name, column in self.columns.items()}
        return Trace(columns, self.seed, self.participation, self.status, self.reason)

    def with_columns(self, columns: Mapping[str, NDArray[np.float64]]) -> Trace:
        """The same run with other values in some columns."""
        return Trace({**self.columns, **columns}, self.seed, self.participation, self.status, self.reason)

    def rounds(self) -> list[Round]:
        """What each round did."""
        columns = (self.columns[name].astype(int if name in _COUNTS else float).tolist() for name in COLUMNS)
        return [Round(*row) for row in zip(*columns, strict=True)]

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Validation accuracy after each round."""
        return self.columns["accuracy"]

    @property
    def loss(self) -> NDArray[np.float64]:
        """Validation loss in nats after each round."""
        return self.columns["loss"]

    def to_json(self) -> dict[str, Any]:
        """The trace as plain values; NaN becomes null."""
        columns = {name: [_plain(name, v) for v in column] for name, column in self.columns.items()}
        head = {"seed": self.seed, "participation": self.participation, "status": self.status, "reason": self.reason}
        return {**head, **columns}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Trace:
        """Read back what `to_json` wrote; what an older version did not write yet is NaN."""
        try:
            older = {name: [None] * len(values["accuracy"]) for name in _OPTIONAL if name not in values}
            read = {**values, **older}
            columns = {name: np.array(read[name], dtype=np.float64) for name in COLUMNS}  # None becomes NaN
            return cls(columns, values["seed"], values["participation"], values["status"], values["reason"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise FloptError(f"trace: not one of flopt's ({type(error).__name__}: {error})") from None


def record(rounds: Iterable[Round], *, seed: int, participation: str, stops: Stops | None = None) -> Trace:
    """Run an oracle's generator to its end, or until `stops` says why not; what it raises makes the trace a failed one.

    A generator that is left before its end is not closed here: who made it does.
    """
    done: list[Round] = []
    try:
        for item in rounds:
            if not isinstance(item, Round):
                raise FloptError(f"the oracle gave {item!r}; it must give flopt.Round values")
            done.append(item)
            if stops is not None and (why := stops(done)):
                return Trace.of(done, seed=seed, participation=participation, status="stopped", reason=why)
    except Exception as error:  # whatever a user's model or data raises is the run's own fault, never the study's
        what = str(error) if isinstance(error, FloptError) else f"{type(error).__name__}: {error}"
        reason = f"round {len(done) + 1}: {what}"
        return Trace.of(done, seed=seed, participation=participation, status="failed", reason=reason)
    if not done:
        return Trace.of([], seed=seed, participation=participation, status="failed", reason="the oracle gave no round")
    return Trace.of(done, seed=seed, participation=participation)


def _check_rounds(table: NDArray[np.float64]) -> None:
    """Raise what `Round` says of the first row that it would not take; shape (columns, rounds)."""
    outside, counts = (table < _LOWEST) | (table > _HIGHEST), table[_WHOLE]  # NaN is neither
    if outside.any() or np.isnan(table[_NEEDED]).any() or (counts != np.floor(counts)).any():
        for row in table.T.tolist():
            Round(*row)


def _plain(name: str, value: float) -> int | float | None:
    if math.isnan(value):
        return None
    return int(value) if name in _COUNTS else float(value)
