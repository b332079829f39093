"""How much faster are two workers than one?

Runs per minute of two searches, with one and with two local worker processes: runs of equal length that are drawn at
random with lag 16, so that nobody ever waits for a proposal, and beside it the default study, whose runs have very
different lengths. Real training on the shipped data, the seconds from the first to the last run that is told, so that
the start of the processes does not count. Two workers need two quiet cores: the share of the machine that others took
meanwhile is printed, and with it the figure means little.

Usage: workers.py [RUNS, default 32]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

import flopt
from flopt.search.books import Progress

EQUAL_SPACE = "[client_lr]\nlow = 0.01\nhigh = 0.1\nlog = true\n"
EQUAL: dict[str, Any] = {
    "sampler": "random",
    "stopping": "none",
    "lag": 16,
    "plan": {"rounds": 40, "local_epochs": 2, "client_fraction": 0.3},
}


def runs_per_minute(tables: dict[str, Any], workers: int, runs: int) -> tuple[float, float]:
    """Runs per minute from the first to the last, and the share of the cores that was not ours meanwhile."""
    told: list[float] = []
    busy: list[tuple[float, float]] = []

    def report(progress: Progress) -> None:
        told.append(time.perf_counter())
        busy.append((_busy_s(), progress.cpu_s))

    # One process for one worker too, as `run.minutes` makes it: else one worker would be spared what two pay.
    study = {**tables, "workers": workers, "run": {"minutes": 60.0}, "budget": {"runs": runs}}
    with tempfile.TemporaryDirectory() as folder:
        flopt.tune(study, out=folder, report=report)
    seconds = told[-1] - told[0]
    ours = busy[-1][1] - busy[0][1]
    others = (busy[-1][0] - busy[0][0] - ours) / (seconds * (os.cpu_count() or 1))
    return 60 * (len(told) - 1) / seconds, max(0.0, others)


def _busy_s() -> float:
    """Seconds that the cores of this machine were busy since it was started."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


def main() -> None:
    """Print both comparisons."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    print(f"{os.cpu_count()} cores, {runs} runs each")
    with tempfile.TemporaryDirectory() as folder:
        space = Path(folder) / "equal.toml"
        space.write_text(EQUAL_SPACE, encoding="utf-8")
        for name, tables in (("equal runs, random, lag 16", {**EQUAL, "space": str(space)}), ("default study", {})):
            (one, around_one), (two, around_two) = (runs_per_minute(tables, workers, runs) for workers in (1, 2))
            print(
                f"{name}: {one:.1f} runs per minute with one worker, {two:.1f} with two: {two / one:.2f}x "
                f"(others took {100 * around_one:.0f} % and {100 * around_two:.0f} % of the cores)"
            )


if __name__ == "__main__":
    main()
