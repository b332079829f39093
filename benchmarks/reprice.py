"""How long does it take to price 1000 stored runs of 500 rounds for another country, and how much memory?

Prints the seconds and the peak memory of the new front for the shipped objectives, beside those of a plain user
function that works on numbers only (its second try, without the arrays that it fails on, is part of its price). The
plans are all different, their traces are some curves of the analytic oracle in turn. The study is read from a journal,
as `flopt reprice` does; reading has a line of its own.
"""

from __future__ import annotations

import math
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from flopt import Run, objective
from flopt.objectives import Objective
from flopt.oracles.analytic import analytic
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.reading.reprice import mismatch
from flopt.results import STUDY_FILE, Results, open_results, problem_of
from flopt.search.problem import Problem
from flopt.search.samplers import propose
from flopt.search.stores.storage import Journal
from flopt.study import Study, study_of
from flopt.trace import Trace, record

RUNS = 1000
ROUNDS = 500
CURVES = 40
REPEATS = 3
_T = TypeVar("_T")


@objective(direction="minimize", unit="bit")
def surprise(run: Run) -> float:
    """A plain user function: `math.log2` takes no arrays, so that it is called once for each round."""
    return math.log2(1 + run.co2e_kg)


def random_plan(random: np.random.Generator) -> Plan:
    """A plan of the size that the shipped space has, with many rounds."""
    return Plan(
        rounds=ROUNDS,
        local_epochs=int(random.integers(1, 11)),
        client_fraction=float(random.uniform(0.05, 1)),
        batch_size=int(random.integers(5, 40)),
        client_lr=float(10 ** random.uniform(-2, -0.3)),
    )


def analytic_trace(problem: Problem, plan: Plan, seed: int) -> Trace:
    """The analytic curve of a plan whose first K clients take part in all rounds."""
    drawn = problem.task.clients_per_round(plan.client_fraction)
    everyone = np.zeros(problem.task.clients, dtype=np.int64)
    participation = Participation.complete(np.tile(np.arange(drawn), (plan.rounds, 1)), everyone)
    curve = analytic(problem.task)(plan, participation, seed)
    return record(curve, seed=seed, participation=participation.fingerprint)


def write_study(folder: Path, study: Study) -> None:
    """A finished study of RUNS runs in a folder."""
    problem, random = problem_of(study), np.random.default_rng(0)
    directions = [objective.direction for objective in problem.objectives]
    (folder / STUDY_FILE).write_text(study.to_toml(), encoding="utf-8")
    with Journal.create_or_open(folder, directions, {}) as journal:
        proposal = propose("random", problem.space, directions, [], [], 0)
        plans = [random_plan(random) for _ in range(RUNS)]
        curves = [analytic_trace(problem, plan, seed) for seed, plan in enumerate(plans[:CURVES])]
        for number, plan in enumerate(plans):
            journal.add(proposal, {"plan": plan.settings(), "seed": number})
            journal.record(number, curves[number % CURVES], 0.0)


def timed(work: Callable[[], _T]) -> tuple[float, _T]:
    """CPU seconds of a call, and what it gives."""
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


def repriced(results: Results, objectives: tuple[Objective, ...], country: str) -> int:
    """Points of the front in another country; whether others would take part is asked as the command does."""
    pricing = replace(results.problem.pricing, country=country)
    problem = replace(results.problem, pricing=pricing, objectives=objectives)
    assert mismatch(results.problem, problem, results.plans, results.traces) is None
    return len(replace(results, problem=problem).front())


def peak_mb() -> float:
    """Most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        write_study(Path(name), study_of({"oracle": "analytic"}))
        size = (Path(name) / "journal.log").stat().st_size / 1e6
        seconds, results = timed(lambda: open_results(Path(name)))
    print(f"{RUNS} runs x {ROUNDS} rounds, {size:.0f} MB of journal")
    print(f"reading the folder:   {seconds:.2f} s of CPU, peak {peak_mb():.0f} MB")
    shipped = results.problem.objectives
    for label, objectives in (("shipped objectives:  ", shipped), ("plain user function: ", (shipped[0], surprise))):
        spent = [timed(lambda: repriced(results, objectives, "FRA"))[0] for _ in range(REPEATS)]  # noqa: B023
        points = repriced(results, objectives, "FRA")
        print(f"{label} {min(spent):.2f}-{max(spent):.2f} s of CPU, peak {peak_mb():.0f} MB, {points} points")


if __name__ == "__main__":
    main()
