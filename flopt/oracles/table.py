"""A table of recorded learning curves: plans x seeds x rounds, in one compressed `.npz` file."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.task import TaskSource

__all__ = ["CURVES", "Table", "differing", "load_table", "read_head", "save_table"]

CURVES = ("accuracy", "loss", "test_accuracy")
FORMAT = "flopt curves 1"


@dataclass(frozen=True, eq=False)
class Table:
    """Recorded curves, valid at birth."""

    task: Mapping[str, Any]
    """The source of the task that was trained, as plain values."""
    plans: tuple[Plan, ...]
    """All of the same number of rounds."""
    seeds: tuple[int, ...]
    curves: Mapping[str, NDArray[np.float32]]
    """For each of CURVES an array of shape (plans, seeds, rounds); NaN from the round on in which a run failed."""

    def __post_init__(self) -> None:
        if not self.plans or not self.seeds:
            raise FloptError(f"table: {len(self.plans)} plans, {len(self.seeds)} seeds; at least one of each")
        if len({plan.rounds for plan in self.plans}) > 1 or any(plan.horizon_dependent for plan in self.plans):
            raise FloptError("table: all plans must have the same rounds, and none may depend on how many they are")
        shape = (len(self.plans), len(self.seeds), self.plans[0].rounds)
        for name in CURVES:
            if name not in self.curves or self.curves[name].shape != shape:
                raise FloptError(f"table: no curves {name!r} of shape {shape} (plans, seeds, rounds)")
            self.curves[name].setflags(write=False)

    @property
    def rounds(self) -> int:
        """Rounds of every recorded run."""
        return self.plans[0].rounds


def save_table(table: Table, file: Path) -> None:
    """Write a table; the old file stays until the new one is whole."""
    head = {
        "format": FORMAT,
        "task": dict(table.task),
        "plans": [plan.settings() for plan in table.plans],
        "seeds": list(table.seeds),
    }
    text = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    draft = file.with_name(f".{file.name}.draft.npz")
    try:
        np.savez_compressed(draft, allow_pickle=False, head=text, **{name: table.curves[name] for name in CURVES})
        draft.replace(file)
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None


def load_table(file: Path) -> Table:
    """Read what `save_table` wrote."""
    head = read_head(file)
    with _reading(file), np.load(file, allow_pickle=False) as archive:
        curves = {name: archive[name].astype(np.float32) for name in CURVES}
        return Table(head["task"], tuple(map(Plan.of, head["plans"])), tuple(head["seeds"]), curves)


def read_head(file: Path) -> dict[str, Any]:
    """What a table is of, without its curves: `task`, `plans` and `seeds` as plain values."""
    if not file.is_file():
        raise FloptError(f"no file {file}")
    with _reading(file), np.load(file, allow_pickle=False) as archive:
        head: dict[str, Any] = json.loads(archive["head"].tobytes())
        if head["format"] != FORMAT:
            raise FloptError(f"{file}: written as {head['format']!r}; this flopt reads {FORMAT!r}")
    return head


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FloptError(f"{file}: not a table of `flopt record` ({type(error).__name__}: {error})") from None


def differing(task: Mapping[str, Any], source: TaskSource) -> list[str]:
    """The keys by which a source is not the recorded task; empty where it is.

    Where it is trained is no part of it, nor is the seed of a partition whose clients have the same sizes for all.
    """
    here = {key: value for key, value in asdict(source).items() if key != "device" and (key != "seed" or source.seeded)}
    return [key for key, value in here.items() if task.get(key) != value]
