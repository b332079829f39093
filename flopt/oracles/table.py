"""A table of recorded learning curves: plans x seeds x rounds, in one compressed `.npz` file."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.plan import Plan

__all__ = ["CURVES", "TABLES", "Table", "load_table", "save_table", "shipped_table"]

TABLES = Path(__file__).with_name("tables")
"""Where the shipped tables lie, each named after its data set."""
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


def shipped_table(data: str) -> Path:
    """The file of the shipped table of a data set; an error names those that there are."""
    tables = {file.stem: file for file in sorted(TABLES.glob("*.npz"))}
    if data not in tables:
        raise FloptError(
            f"oracle 'recorded': no table of task.data {data!r} is shipped; those of: {', '.join(tables) or '(none)'}; "
            "make one with flopt record, and give its path"
        )
    return tables[data]


def load_table(file: Path) -> Table:
    """Read what `save_table` wrote."""
    if not file.is_file():
        raise FloptError(f"no file {file}")
    try:
        with np.load(file, allow_pickle=False) as archive:
            head = json.loads(archive["head"].tobytes())
            curves = {name: archive[name].astype(np.float32) for name in CURVES}
        if head["format"] != FORMAT:
            raise FloptError(f"{file}: written as {head['format']!r}; this flopt reads {FORMAT!r}")
        return Table(head["task"], tuple(map(Plan.of, head["plans"])), tuple(head["seeds"]), curves)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FloptError(f"{file}: not a table of `flopt record` ({type(error).__name__}: {error})") from None
