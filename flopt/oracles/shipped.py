"""The shipped tables: tasks that can be searched on recorded curves, without data and without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flopt.errors import FloptError, unknown
from flopt.oracles.table import differing, read_head
from flopt.plan import Plan
from flopt.task import TaskSource

__all__ = ["TABLES", "ShippedTable", "shipped_table", "shipped_tables", "with_named_task"]

TABLES = Path(__file__).with_name("tables")
"""Where they lie, one file each."""


@dataclass(frozen=True)
class ShippedTable:
    """What a table is of; its curves stay in the file."""

    name: str
    """Of the file; also a name of its task: `--set task=NAME`."""
    file: Path
    task: Mapping[str, Any]
    """The recorded task, as plain values."""
    plans: int
    seeds: int
    rounds: int

    @property
    def settings(self) -> tuple[str, ...]:
        """What to give to `--set`, so that a search is on this table."""
        named = (f"task={self.name}",) if differing(self.task, TaskSource()) else ()
        return ("oracle=recorded", *named)


def shipped_tables() -> tuple[ShippedTable, ...]:
    """All of them, by name."""
    return tuple(map(_shipped, sorted(TABLES.glob("*.npz"))))


def _shipped(file: Path) -> ShippedTable:
    head = read_head(file)
    plans = head["plans"]
    return ShippedTable(file.stem, file, head["task"], len(plans), len(head["seeds"]), Plan.of(plans[0]).rounds)


def shipped_table(source: TaskSource) -> Path:
    """The file of the table of a task; an error names those that there are, and by what the nearest one differs."""
    tables = shipped_tables()
    apart = [differing(table.task, source) for table in tables]
    # Another partition of the same data is nearer than other data.
    ranks = [("data" in keys, len(keys), number) for number, keys in enumerate(apart)]
    if not ranks:
        raise FloptError("oracle 'recorded': no tables are shipped here; make one with flopt record, and give its path")
    *_, best = min(ranks)
    if not apart[best]:
        return tables[best].file
    raise FloptError(
        f"oracle 'recorded': no shipped table is of this task; the nearest, {tables[best].name}, has "
        f"{_told(tables[best].task, source, apart[best])}: take it by --set task={tables[best].name}, "
        f"or record your own with flopt record (shipped: {', '.join(table.name for table in tables)})"
    )


def _told(task: Mapping[str, Any], source: TaskSource, keys: Sequence[str]) -> str:
    """`task.clients = 40 (here 20), task.alpha = 0.3 (here 1.0)`."""
    return ", ".join(f"task.{key} = {task.get(key)!r} (here {getattr(source, key)!r})" for key in keys)


def with_named_task(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """A study's tables with `task = "mnist5k_a03"` spelled out: the task of the shipped table of that name."""
    name = tables.get("task")
    if not isinstance(name, str):
        return tables
    named = {table.name: table.task for table in shipped_tables()}
    if name not in named:
        raise FloptError(f"{unknown('task', name, named)} (see flopt list tables; or write a table [task])")
    given = {key: value for key, value in named[name].items() if value is not None and key != "device"}
    return {**tables, "task": given}
