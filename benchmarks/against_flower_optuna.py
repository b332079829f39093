"""How long until I have this front by wiring Flower and Optuna together myself, and how long with flopt?

Same app, same space, same machine. What a trial costs is measured, alternating: Optuna's sampler and `flwr run` on a
SuperLink that is already up, then the same plan by flopt in a process that is already up. How many trials each needs
for a front of equal hypervolume comes from the search race (`--trials THEIRS OURS`, from docs/search_race.md). The
factor of a whole search is the product of the two; what was measured and what was multiplied is printed.

    python benchmarks/against_flower_optuna.py --pairs 6 --trials 60 20

Needs Flower's simulation with its own Ray: the environment that `make test-all` builds in .venv-flower.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import optuna

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.flower.app import FlowerApp, read_app
from flopt.flower.shim import read_reports
from flopt.flower.staging import stage
from flopt.flower.superlink import SuperLink, local_superlink
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.problem import Problem
from flopt.study import study_of
from flopt.trace import record

APP = Path(__file__).parent.parent / "tests" / "flower_app"
SPACE = {"rounds": (2, 40), "local_epochs": (1, 4), "client_fraction": (0.2, 1.0)}
"""The part of search_spaces/quick.toml that both sides can set; no compression, which `flwr run` has not."""


@dataclass(frozen=True)
class Pair:
    """One plan, by both sides."""

    plan: Plan
    flower_s: float
    flopt_s: float
    flopt_cpu_s: float
    same: bool
    """Whether both gave the same accuracies, bit for bit."""


def main() -> None:
    """Measure, and print the two factors and their product."""
    given = _arguments()
    if find_spec("flwr") is None or find_spec("ray") is None:
        print("not run: needs Flower's simulation with its own Ray (.venv-flower of `make test-all`)")
        return
    problem = problem_of(study_of({"space": "quick", "oracle": "flower", "task": {"flower_app": str(APP)}}))
    with tempfile.TemporaryDirectory(prefix="flopt-") as place, local_superlink(Path(place) / "home") as link:
        _by_flower(problem, link, _plan(problem, {name: low for name, (low, _) in SPACE.items()}), Path(place) / "warm")
        pairs = list(_pairs(problem, link, Path(place), given.pairs))
    _print(pairs, given.trials)
    if given.json:
        given.json.write_text(json.dumps([_plain(pair) for pair in pairs], indent=1) + "\n", encoding="utf-8")


def _pairs(problem: Problem, link: SuperLink, place: Path, count: int) -> Iterator[Pair]:
    """Plans as Optuna proposes them (NSGA-II and TPE in turn), each run by both, who goes first in turn too."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    samplers = (optuna.samplers.NSGAIISampler(seed=0), optuna.samplers.TPESampler(seed=0))
    studies = [optuna.create_study(directions=["maximize", "minimize"], sampler=sampler) for sampler in samplers]
    _by_flopt(problem, _plan(problem, {name: low for name, (low, _) in SPACE.items()}))  # warm, like the SuperLink
    for number in range(count):
        study = studies[number % 2]
        trial = study.ask()
        plan = _plan(problem, _proposed(trial))
        sides: list[Callable[[], Any]] = [
            lambda plan=plan, number=number: _by_flower(problem, link, plan, place / f"run{number}"),  # type: ignore[misc]
            lambda plan=plan: _by_flopt(problem, plan),  # type: ignore[misc]
        ]
        done: dict[int, Any] = {}
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            done[side] = sides[side]()
        (flower_s, theirs), (flopt_s, cpu_s, ours) = done[0], done[1]
        study.tell(trial, [theirs[-1], problem.run(plan).co2e_kg])
        pair = Pair(plan, flower_s, flopt_s, cpu_s, theirs == ours)
        print(
            f"pair {number + 1}/{count}: {plan.rounds} rounds; flwr run {flower_s:.1f} s, flopt {flopt_s:.2f} s, "
            f"{'equal' if pair.same else 'OTHER'} accuracies",
            flush=True,
        )
        yield pair


def _proposed(trial: optuna.Trial) -> dict[str, int | float]:
    found: dict[str, int | float] = {}
    for name, (low, high) in SPACE.items():
        if isinstance(low, int):
            found[name] = trial.suggest_int(name, low, int(high), log=name == "rounds")
        else:
            found[name] = trial.suggest_float(name, low, high)
    return found


def _plan(problem: Problem, values: dict[str, Any]) -> Plan:
    return Plan.of(values, problem.base)


def _by_flower(problem: Problem, link: SuperLink, plan: Plan, place: Path) -> tuple[float, list[float]]:
    """Seconds from the plan to the accuracies."""
    app: FlowerApp = read_app(APP)
    started = time.perf_counter()
    events = place / "events.jsonl"
    place.mkdir()
    stage(app, place / "app", app.run_config.values(plan, 0), events, plan.uplink, 0)
    link.run(place / "app", problem.task.clients, timeout_s=3600)
    accuracies = [report.told()["clients"]["accuracy"] for report in read_reports(events)]
    return time.perf_counter() - started, accuracies


def _by_flopt(problem: Problem, plan: Plan) -> tuple[float, float, list[float]]:
    """Seconds and CPU seconds of the same, in this process."""
    started, cpu = time.perf_counter(), time.process_time()
    oracle = load_oracle("flower", problem.source, problem.task)
    trace = record(oracle(plan, problem.participation(plan, 0), 0), seed=0, participation="")
    if trace.status == "failed":
        raise FloptError(trace.reason)
    return time.perf_counter() - started, time.process_time() - cpu, trace.accuracy.tolist()


def _print(pairs: list[Pair], trials: tuple[int, int] | None) -> None:
    factors = sorted(pair.flower_s / pair.flopt_s for pair in pairs)
    low, middle, high = factors[0], statistics.median(factors), factors[-1]
    flower_s, flopt_s = (statistics.mean(getattr(pair, name) for pair in pairs) for name in ("flower_s", "flopt_s"))
    equal = sum(pair.same for pair in pairs)
    print(f"measured: a trial by flwr run {flower_s:.1f} s, by flopt {flopt_s:.2f} s (means of {len(pairs)})")
    print(
        f"measured: factor of a trial {middle:.0f}x (median; {low:.0f}x to {high:.0f}x); at least 20x wanted: ", end=""
    )
    print("met" if middle >= 20 else "MISSED")
    print(f"measured: accuracies equal bit for bit in {equal} of {len(pairs)} pairs")
    if trials is None:
        print("no --trials: how many trials each side needs stands in docs/search_race.md")
        return
    theirs, ours = trials
    print(
        f"given: {theirs} trials of Optuna for the hypervolume of {ours} of flopt: factor {theirs / ours:.1f}x (race)"
    )
    print(
        f"multiplied: {theirs} x {flower_s:.1f} s = {theirs * flower_s / 60:.1f} min against "
        f"{ours} x {flopt_s:.2f} s = {ours * flopt_s / 60:.2f} min on one worker: "
        f"{middle * theirs / ours:.0f}x ({low * theirs / ours:.0f}x to {high * theirs / ours:.0f}x)"
    )


def _plain(pair: Pair) -> dict[str, Any]:
    numbers = {name: getattr(pair, name) for name in ("flower_s", "flopt_s", "flopt_cpu_s", "same")}
    return {"plan": pair.plan.settings(), **numbers}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=6, help="plans that both sides run")
    parser.add_argument("--trials", type=int, nargs=2, metavar=("THEIRS", "OURS"), help="for equal hypervolume")
    parser.add_argument("--json", type=Path, help="keep the measurements")
    return parser.parse_args()


if __name__ == "__main__":
    main()
