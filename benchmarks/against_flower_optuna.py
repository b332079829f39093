"""How long until I have this front by wiring Flower and Optuna together myself, and how long with flopt?

Same app, same space, same machine, alternating: trials of Optuna (NSGA-II and TPE in turn) that are `flwr run`s of the
app on a SuperLink that is already up, and whole searches by `flopt tune`, each from the command to the front. Both are
measured; neither side does the other's plans, and each stops its runs where it does by itself. How many runs each
needs for a front of equal hypervolume is the search race's result (`--race FILE`, as benchmarks/search_race.py --out
writes it). The factor of the whole question is the product; what was measured and what was multiplied is printed.

    cp benchmarks/races/digits.json race.json
    python benchmarks/search_race.py --methods trajectory tpe nsga2 --rounds 600 --expected --out race.json
    python benchmarks/against_flower_optuna.py --trials 6 --searches 3 --race race.json --json kept.json
    python benchmarks/against_flower_optuna.py --kept kept.json --race race.json  # prints the same measurements again

Needs Flower's simulation with its own Ray: the environment .venv-flower of `make test-flower`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from _factor import Factor, Needed, needed_by, of_means, of_medians, runs_needed
from _flower_sides import Optuna, searched, written_study

from flopt.errors import FloptError
from flopt.flower.superlink import local_superlink

__all__ = ["main"]

RUNS = 24
WITHIN_S, AT_LEAST = 90.0, 20.0
"""What flopt promises: a search of so many runs within so many seconds on two quiet cores, so many times faster."""
QUIET = 1.0
"""Load average below which a machine is called quiet: less than one core had work in the last minute."""
SAMPLERS = ("nsga2", "tpe")


@dataclass
class Measured:
    """Seconds, one for each that was done."""

    load: float = field(default_factory=lambda: os.getloadavg()[0])
    """Load average before the first."""
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    trials: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in SAMPLERS})
    searches: list[float] = field(default_factory=list)
    runs: int = 0
    """Of the last search, those that a front's plans are repeated in included."""

    @property
    def trial_s(self) -> list[float]:
        """All trials, whoever proposed them."""
        return [each for name in SAMPLERS for each in self.trials[name]]

    @property
    def run_s(self) -> list[float]:
        """Seconds of a search for each of its runs."""
        return [each / self.runs for each in self.searches]


def main() -> None:
    """Measure, and print the factors and their product."""
    given = _arguments()
    if given.kept is None and (find_spec("flwr") is None or find_spec("ray") is None):
        print("not run: needs Flower's simulation with its own Ray (.venv-flower of `make test-flower`)")
        return
    try:
        needed = runs_needed(given.race) if given.race else None
        measured = _read(given.kept) if given.kept else _measured(given.trials, given.searches)
        print("\n".join(_told(measured)))
        print("\n".join(_with_race(measured, needed, given.ours)))
    except FloptError as error:
        raise SystemExit(str(error)) from None
    if given.json:
        given.json.write_text(json.dumps(vars(measured), indent=1) + "\n", encoding="utf-8")


def _read(kept: Path) -> Measured:
    """What `--json` kept."""
    try:
        return Measured(**json.loads(kept.read_text(encoding="utf-8")))
    except OSError as error:
        raise FloptError(f"--kept {kept}: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise FloptError(f"--kept {kept}: no measurements, as --json keeps them ({error})") from None


def _measured(trials: int, searches: int) -> Measured:
    """The trials in as many parts as there are searches, one after the other; who begins takes turns."""
    found = Measured()
    with tempfile.TemporaryDirectory(prefix="flopt-") as folder, local_superlink(Path(folder) / "home") as link:
        place = Path(folder)
        study = written_study(place, RUNS)
        theirs = {name: Optuna.of(name, place, link) for name in SAMPLERS}
        theirs["nsga2"].trial()  # a first one reads from the disk what later ones find in memory

        def some_trials(part: int) -> None:
            for number in range(part * trials // searches, (part + 1) * trials // searches):
                name = SAMPLERS[number % len(SAMPLERS)]
                took, rounds = theirs[name].trial()
                found.trials[name].append(took)
                print(f"{name}, flwr run: {took:.1f} s for {rounds} rounds", flush=True)

        def a_search(part: int) -> None:
            took, found.runs = searched(study, place / f"search{part}")
            found.searches.append(took)
            print(f"flopt tune: {took:.1f} s for {found.runs} runs", flush=True)

        for part in range(searches):
            for side in (some_trials, a_search) if part % 2 == 0 else (a_search, some_trials):
                side(part)
    return found


def _told(measured: Measured) -> list[str]:
    """What was measured, and the promise."""
    trials, factor = measured.runs * statistics.mean(measured.trial_s), _of_runs(measured)
    quiet = "quiet" if measured.load < QUIET else "NOT quiet"
    within = "met" if max(measured.searches) < WITHIN_S else "MISSED"
    faster = "met" if factor.value >= AT_LEAST else "MISSED"
    return [
        f"machine: {measured.cores} cores, {quiet} (load average {measured.load:.2f} before)",
        f"measured: a trial by Optuna and flwr run {_span(measured.trial_s)}",
        f"measured: a search of {measured.runs} runs by flopt tune {_span(measured.searches)}",
        f"multiplied: {measured.runs} such trials are {trials:.0f} s: flopt is {factor} faster",
        f"wanted: a search of {RUNS} runs under {WITHIN_S:.0f} s on two quiet cores: {within}",
        f"wanted: at least {AT_LEAST:.0f}x faster than the same number of trials by flwr run: {faster}",
    ]


def _span(seconds: list[float]) -> str:
    return f"{statistics.mean(seconds):.1f} s (mean of {len(seconds)}, {min(seconds):.1f} to {max(seconds):.1f} s)"


def _with_race(measured: Measured, needed: dict[str, list[Needed]] | None, ours: str) -> list[str]:
    """What the race says, and the product."""
    if needed is None:
        return ["missing: the runs that each needs for equal hypervolume (--race FILE), and so the product"]
    lines = []
    for name in SAMPLERS:
        race = of_medians(needed_by(name, needed), needed_by(ours, needed))
        lines += [
            f"given by the race: {name} needs {race} the runs of {ours} for equal hypervolume",
            f"multiplied: until that front, flopt is {race * _of_runs(measured)} faster than {name} by flwr run",
        ]
    lines.append("in brackets: nine of ten draws of the measurements with replacement")
    return [*lines, "> or <: a bound, as a search that ended before the target needs more than the runs that it made"]


def _of_runs(measured: Measured) -> Factor:
    return of_means(measured.trial_s, measured.run_s)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=6, help="by Optuna and flwr run")
    parser.add_argument("--searches", type=int, default=3, help="by flopt tune")
    parser.add_argument("--race", type=Path, help="what the search race wrote: runs that each method needs")
    parser.add_argument("--ours", default="trajectory", help="flopt's method in it")
    parser.add_argument("--json", type=Path, help="keep the measurements")
    parser.add_argument("--kept", type=Path, help="measure nothing, print what --json kept")
    given = parser.parse_args()
    if not 1 <= given.searches <= given.trials:
        parser.error(f"--searches {given.searches} --trials {given.trials}: at least 1, and no more searches")
    return given


if __name__ == "__main__":
    main()
