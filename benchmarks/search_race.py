"""Which sampler finds a good front with the fewest rounds? The race that decides flopt's default.

On a table of recorded learning curves (`flopt record`; the shipped ones, or a file). Every method's proposal is
snapped by one rule to the nearest recorded plan and billed in full; nothing is interpolated; a plan that is trained
again gets a fresh recorded seed. Honest hypervolume: the front is chosen from what the search saw (validation
accuracy, smoothed as the study declares), and scored with the mean curve of the seeds that the search did not see:
of the shipped tables six more than a search can see, so that no score hangs on one run (`_race_fresh.py`).
It is given as a share of the best-known one: that of all recorded plans' mean curves, every round of them. Reference
points are frozen before the race: always guessing the largest class, and the user's region (accuracy 0.8); kg up to
the dearest recorded plan. The kg that a search spends are the deployment price of the rounds that it trained. All
methods are asked one run at a time; flopt's know what a proposal costs before it is trained, as in life (here: what
the recorded plan costs), and the others are told it afterwards. What was added after a first look says so where it
is defined, and nothing is tuned on these tables by this script.

    python benchmarks/search_race.py --table digits --methods all --rounds 3000 --out race.json

A search that `--out` holds is not run again, so that a race can be continued, and its tables printed anew.

With `--live digits` there is no table: every proposal is trained as it is, so that a search always sees new plans.
The same score then comes from training again, with five seeds that no search uses, whatever was on a front after any
run; best-known is the front of all that, of all searches in the file. Kg count up to the dearest corner of the space.

Peers beside Optuna (benchmarks/requirements.txt) are raced where they are installed, and named as missing elsewhere.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from _race_comparison import OURS, told_ratios, told_reports, told_tests
from _race_live import LiveWorld, judge, told_best, told_lengths
from _race_methods import METHODS
from _race_picture import PICTURED, draw
from _race_results import EXPECTED, Ground, Results, Row, rows
from _race_score import Scorer
from _race_stops import told_stops
from _race_tables import needed, told_needed, told_reached
from _race_tried import told_tried
from _race_world import World

from flopt.errors import unknown
from flopt.oracles.shipped import TABLES

__all__ = ["main"]


def main() -> None:
    """Race, and print."""
    given = _arguments()
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    world: Ground = LiveWorld.of(given.live) if given.live else World.of(_file(given.table), given.smoothing)
    results = Results(world, given.rounds, given.out)
    for file in given.also:
        results.join(file)
    names = list(METHODS) if given.methods == ["all"] else given.methods
    results.fill(names, given.seeds, given.workers)
    expected = (given.ours, *given.expected)
    if given.live:
        judge(results, names, expected)
    scorer = Scorer(world)
    scored = rows(results, scorer, names, expected)
    _print(scored, scorer, results, given)
    if given.picture:
        shown = [row for row in scored if row.name in (given.ours, *PICTURED)]
        draw(shown or scored, scorer, 0, given.picture)
    target = given.target[0]
    results.write({"target": target, "methods": {row.name: _plain(row, target) for row in scored}})


def _print(scored: list[Row], scorer: Scorer, results: Results, given: argparse.Namespace) -> None:
    world = results.world
    print(f"{world}; {given.rounds} rounds for each search")
    if isinstance(world, LiveWorld):
        print("\n".join(told_best(world, scorer)))
    for name, why in results.missing.items():
        print(f"MISSING: {name} ({why})")
    for number, metric in enumerate(scorer.metrics):
        for target in given.target:
            print()
            print("\n".join(told_needed(scored, metric, number, target)))
        for unit in ("rounds", "kg"):
            print()
            print("\n".join(told_reached(scored, scorer, number, unit, given.rounds)))
        print()
        print("\n".join(told_tests(scored, scorer, number, given.rounds, given.ours)))
    for target in given.target:
        for name in (given.ours, given.ours + EXPECTED):
            print()
            print("\n".join(told_ratios(scored, scorer, target, name)))
    print()
    print("\n".join(told_reports(scored, scorer)))
    print()
    searches = {row.name: results.searches[row.name] for row in scored if row.name in results.searches}
    live = isinstance(world, LiveWorld)  # what a stopped run would have come to was not trained
    if live:
        print("\n".join(told_lengths(searches)))
        return
    print("\n".join(told_stops(searches, scorer)))
    print()
    print("\n".join(told_tried(searches, scorer)))


def _plain(row: Row, target: float) -> dict[str, list[Any]]:
    """Runs, rounds and kg to the target at chance on the log scale, by seed, and the runs made; null: not reached."""
    found: dict[str, list[Any]] = {"seeds": list(row.trails), "runs": [], "made": []}
    for trail in row.trails.values():
        reached = np.flatnonzero(trail.honest[:, 0] >= target)
        found["runs"].append(int(trail.runs[reached[0]]) if len(reached) else None)
        found["made"].append(int(trail.runs[-1]))
    for unit in ("rounds", "kg"):
        found[unit] = [float(each) if np.isfinite(each) else None for each in needed(row, unit, 0, target)]
    return found


def _file(table: str) -> Path:
    """A file, or the name of a shipped table."""
    return Path(table) if table.endswith(".npz") else TABLES / f"{table}.npz"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--table", default="digits", help="a shipped table, or a file of `flopt record`")
    parser.add_argument("--seeds", type=int, default=10, help="searches of each method")
    parser.add_argument("--rounds", type=int, default=1000, help="rounds that each search may train")
    parser.add_argument(
        "--methods", nargs="+", default=[OURS, "random", "tpe", "nsga2"], metavar="METHOD",
        help=f"all, or some of: {', '.join(METHODS)}",
    )  # fmt: skip
    parser.add_argument("--ours", default=OURS, help="the method that the others are compared with")
    parser.add_argument(
        "--target", type=float, nargs="+", default=[0.9], help="shares of the best-known honest hypervolume"
    )
    parser.add_argument("--smoothing", help="of the accuracy: last, mean5, ...; the table's own if not given")
    parser.add_argument("--workers", type=int, default=1, choices=(1, 2), help="searches at the same time")
    parser.add_argument("--out", type=Path, help="JSON that keeps the searches; one that exists is continued")
    parser.add_argument("--picture", type=Path, help="draw growth and attainment bands into this file")
    parser.add_argument("--live", metavar="DATA", help="no table: really train on this data set (digits, mnist5k)")
    parser.add_argument(
        "--expected", nargs="*", default=["tpe", "random"], metavar="METHOD",
        help="methods that are also scored by the front that flopt reports, beside ours",
    )  # fmt: skip
    parser.add_argument("--also", type=Path, nargs="+", default=(), help="more such files, of the same table")
    given = parser.parse_args()
    if given.live and (given.also or given.workers > 1 or given.smoothing):
        parser.error("--live: one worker, one file, and the study's own smoothing")
    for name in given.methods:
        if name not in METHODS and given.methods != ["all"]:
            parser.error(str(unknown("method", name, METHODS)))
    return given


if __name__ == "__main__":
    main()
