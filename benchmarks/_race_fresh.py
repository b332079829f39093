"""How well do the recorded plans do with seeds that no search of the race has seen? Trained here, to score with.

A table holds five seeds of each plan, and a search may have seen four of them: what is left is one run, whose luck the
largest of a few points takes for quality. These seeds are seen by no search, so they score all of them alike.

    python benchmarks/_race_fresh.py --table digits --table mnist5k_a03 --seeds 5 --workers 16 --minutes 9 --out races

Seed by seed through all tables, as many as the minutes allow; a file holds the seeds that are whole. The first recorded
run of each table is trained again, to show that this machine trains the same task.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.oracle import Oracle
from flopt.oracles.shipped import TABLES
from flopt.oracles.table import CURVES, Table, load_table, save_table
from flopt.results import problem_of
from flopt.search.problem import Problem
from flopt.study import study_of

FIRST = 1000
"""The first of the seeds that only score."""

Curves = dict[str, NDArray[np.float32]]


def main() -> None:
    """Train, and write a file for each table."""
    given = _arguments()
    until = time.monotonic() + 60 * given.minutes
    given.out.mkdir(parents=True, exist_ok=True)
    tables = {name: load_table(TABLES / f"{name}.npz") for name in given.table}
    with ProcessPoolExecutor(given.workers, get_context("forkserver")) as pool:
        for name, table in tables.items():
            apart = np.nanmax(np.abs(trained((name, 0, table.seeds[0]))["accuracy"] - table.curves["accuracy"][0, 0]))
            print(
                f"{name}: the first recorded run, trained again, differs by at most {apart:.2g} in accuracy", flush=True
            )
        done: dict[str, list[Curves]] = {name: [] for name in tables}
        longest = 0.0
        for seed in range(FIRST, FIRST + given.seeds):
            start = time.monotonic()
            if start + longest > until:
                break
            for name, table in tables.items():
                runs = pool.map(trained, [(name, row, seed) for row in range(len(table.plans))], chunksize=1)
                done[name].append(_stacked(runs))
                _write(table, done[name], given.out / f"{name}_fresh.npz")
            longest = max(longest, time.monotonic() - start)
            print(f"seed {seed}: {time.monotonic() - start:.0f} s for all tables", flush=True)


def trained(key: tuple[str, int, int]) -> Curves:
    """The curves of one run, each of shape (rounds,); NaN from the round on in which it failed."""
    name, row, seed = key
    table, problem, oracle = _world(name)
    plan = table.plans[row]
    curves = {each: np.full(plan.rounds, np.nan, dtype=np.float32) for each in CURVES}
    with suppress(FloptError):  # it diverged: that is all there is
        for number, found in enumerate(oracle(plan, problem.participation(plan, seed), seed)):
            for each in CURVES:
                curves[each][number] = getattr(found, each)
    return curves


@lru_cache(maxsize=8)
def _world(name: str) -> tuple[Table, Problem, Oracle]:
    table = load_table(TABLES / f"{name}.npz")
    task = {key: value for key, value in table.task.items() if value is not None and key != "device"}
    problem = problem_of(study_of({"oracle": "simulated", "task": task}))
    return table, problem, load_oracle("simulated", problem.source, problem.task)


def _stacked(runs: Iterable[Curves]) -> Curves:
    found = list(runs)
    return {name: np.stack([each[name] for each in found]) for name in CURVES}


def _write(table: Table, seeds: list[Curves], file: Path) -> None:
    curves = {name: np.stack([each[name] for each in seeds], axis=1) for name in CURVES}
    save_table(Table(table.task, table.plans, tuple(range(FIRST, FIRST + len(seeds))), curves), file)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="append", required=True, help="name of a shipped table")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=600.0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "races")
    return parser.parse_args()


if __name__ == "__main__":
    main()
