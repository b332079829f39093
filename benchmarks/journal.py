"""What does the journal cost? A run's share of the driver, the wait for the disk, and opening a long study.

The runs are those of the analytic oracle, which trains for hardly any time; what the oracle itself takes and what the
disk takes to confirm are measured apart and taken off the driver's share. The long study has runs of 100 rounds and
the nine axes of the space `cross_device`; opening it is reading, replaying and unpacking all of its traces. Wall
seconds, the best of three; on a busy machine the CPU seconds beside them say more.

Usage: journal.py [RUNS of the long study, default 10000]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import numpy as np

from flopt.catalogue import load_space
from flopt.search.driver import Driver
from flopt.search.executors.execution import train
from flopt.search.samplers import propose
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.study import study_of
from flopt.trace import COLUMNS, Trace
from flopt.tuning import run_study

ROUNDS = 100
REPEATS = 3
_T = TypeVar("_T")


class Clock:
    """Adds up the wall and CPU seconds and the calls of a function that it stands in for."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.wall_s = 0.0
        self.cpu_s = 0.0
        self.calls = 0

    def __call__(self, *arguments: Any) -> Any:
        """Call it."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return self.function(*arguments)
        finally:
            self.wall_s += time.perf_counter() - wall
            self.cpu_s += time.process_time() - cpu
            self.calls += 1


def driver_row(sampler: str, runs: int) -> str:
    """Milliseconds per run of a whole search, the driver's own and the disk's; no sampler: the default study."""
    plain = {"sampler": sampler, "stopping": "none", "replicates": 0} if sampler else {}
    study = study_of({"oracle": "analytic", "workers": 1, "budget": {"runs": runs}, **plain})
    disk, training, search = Clock(os.fsync), Clock(train), Clock(Driver.run)
    with (
        mock.patch.object(os, "fsync", disk),
        mock.patch("flopt.search.executors.crew.train", training),
        mock.patch.object(Driver, "run", lambda driver: search(driver)),
        tempfile.TemporaryDirectory() as folder,
    ):
        run_study(study.anchored(Path()), Path(folder))
    wall = 1000 * (search.wall_s - disk.wall_s - training.wall_s) / runs
    cpu = 1000 * (search.cpu_s - disk.cpu_s - training.cpu_s) / runs
    waited = 1000 * disk.wall_s / runs
    return f"{sampler or 'default':8} {runs:5} {wall:8.2f} ms {cpu:7.2f} ms {waited:8.2f} ms {disk.calls / runs:11.2f}"


def fill(folder: Path, runs: int) -> None:
    """A journal of finished runs with curves that compress as those of 360 validation samples do."""
    random = np.random.default_rng(0)
    space = load_space("cross_device", None)
    proposal = propose("random", space, ["maximize", "minimize"], [], [False, False], 0)
    plan = {"rounds": ROUNDS, "local_epochs": 2, "client_fraction": 0.1, "client_lr": 0.05}
    attributes = {"plan": plan, "seed": 0, "policy": {"kind": "none"}, "told": 0}
    with Journal.create_or_open(folder, ["maximize", "minimize"], {"seed": 0}) as journal:
        for number in range(runs):
            columns = {name: np.full(ROUNDS, np.nan) for name in COLUMNS}
            for name in ("accuracy", "test_accuracy"):
                columns[name] = random.integers(0, 361, ROUNDS) / 360
            columns["loss"] = random.random(ROUNDS)
            for name in ("clients", "samples", "download_bytes", "upload_bytes"):
                columns[name] = random.integers(100, 200, ROUNDS).astype(np.float64)
            journal.add(proposal, attributes)
            journal.record(number, Trace(columns, 0, "0123456789abcdef"), 1.0)
            journal.tell(number, [0.5, 1.0])


def best(action: Callable[[], _T]) -> tuple[float, float]:
    """Wall and CPU seconds of the fastest of a few calls."""
    taken = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        action()
        taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(taken)


def open_all(folder: Path) -> None:
    """Read a journal, and unpack every trace."""
    with Journal.read(folder) as journal:
        journal.traces()


def main() -> None:
    """Print both tables."""
    long = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"{'per run':8} {'runs':>5} {'driver':>11} {'of it CPU':>10} {'disk':>11} {'disk waits':>11}")
    for sampler, runs in (("random", 100), ("random", 1000), ("tpe", 60), ("", 60)):
        print(driver_row(sampler, runs))
    with tempfile.TemporaryDirectory() as name:
        with mock.patch.object(os, "fsync", return_value=None):
            fill(Path(name), long)
        size = (Path(name) / JOURNAL).stat().st_size
        wall, cpu = best(lambda: open_all(Path(name)))
        print(f"{long} runs x {ROUNDS} rounds, {size / 1e6:.1f} MB: open in {wall:.2f} s ({cpu:.2f} s of CPU)")


if __name__ == "__main__":
    main()
