"""What limits a large search: workers, stored runs, or the population?

Three tables. Workers: runs per second of 1 to 64 simulated workers, which are threads that sleep for as long as a run
is said to take and then give an analytic curve, and how busy they were; the driver, its samplers and its journal are
the real ones, the lag is twice the workers, and five runs for each worker are made, so that the ends are included.
Stored runs: what a proposal, opening and the journal's size cost after 10^2 to 10^5 runs of 20 rounds. Population:
what it costs to price one plan for 10^2 to 10^9 clients.

Usage: scale.py [SECONDS of a simulated run, default 1]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest import mock

from journal import Clock, best, open_all

from flopt.oracles.analytic import analytic
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.books import Books
from flopt.search.driver import Driver
from flopt.search.executors.execution import Job, Outcome, train
from flopt.search.problem import Problem
from flopt.search.proposer import Proposal
from flopt.search.samplers import propose
from flopt.search.stopping import NEVER
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.study import Study, study_of
from flopt.trace import Trace, record
from flopt.tuning import checked_problem, identity, run_study, strategy_of

WORKERS = (1, 2, 4, 8, 16, 32, 64)
STORED = (10**2, 10**3, 10**4, 10**5)
SAMPLERS = ("random", "tpe")
POPULATIONS = tuple(10**power for power in range(2, 10))
ROUNDS = 20
KINDS = 50
"""Different runs of a long study, which repeats them: it is their number that costs."""
ENOUGH_S = 2.0
"""A sampler whose proposal took longer than this is not tried with ten times as many runs."""

SLEEPS = """
import time
from flopt.oracles.analytic import analytic
from flopt.results import problem_of
from flopt.study import study_of

learn = analytic(problem_of(study_of({{}})).task)

def rounds(plan, participation, seed):
    time.sleep({seconds})
    yield from learn(plan, participation, seed)
"""


def throughput(oracle: Path, sampler: str, workers: int) -> tuple[float, float, float]:
    """Runs per second with so many sleeping workers; milliseconds per run of CPU and of waiting for the disk.

    The CPU is the driver's: what the workers' threads took to load their oracle and to make their curves is not in it.
    """
    runs = 5 * workers
    study = study_of(
        {
            "oracle": str(oracle),
            "sampler": sampler,
            "stopping": "none",
            "plan": {"rounds": ROUNDS},
            "space": "quick",
            "lag": max(8, 2 * workers),
            "workers": workers,
            "budget": {"runs": runs},
        }
    ).anchored(Path())
    search, disk = Clock(Driver.run), Clock(os.fsync)
    trained_s: list[float] = []

    def trained(job: Job) -> Outcome:
        began = time.thread_time()
        try:
            return train(job)
        finally:
            trained_s.append(time.thread_time() - began)

    with (
        mock.patch.object(os, "fsync", disk),
        mock.patch("flopt.search.executors.crew.train", trained),
        # Threads instead of processes: sixty-four sleepers need no cores, so the driver is what is measured.
        mock.patch("flopt.search.executors.crew.pool_of", return_value=ThreadPoolExecutor(workers)),
        mock.patch.object(Driver, "run", lambda driver: search(driver)),
        tempfile.TemporaryDirectory() as folder,
    ):
        run_study(study, Path(folder))
    return runs / search.wall_s, 1000 * (search.cpu_s - sum(trained_s)) / runs, 1000 * disk.wall_s / runs


def fill(folder: Path, study: Study, runs: int) -> None:
    """A journal of so many finished runs of random plans, as a search would have written it."""
    problem = checked_problem(study)
    directions = [objective.direction for objective in problem.objectives]
    kinds = [_made(problem, seed) for seed in range(KINDS)]
    with (
        mock.patch("os.fsync"),
        Journal.create_or_open(folder, directions, identity(study, problem)) as journal,
    ):
        for number in range(runs):
            proposal, trace = kinds[number % KINDS]
            journal.add(proposal.trial, {**proposal.attributes(), "told": number})
            journal.record(number, trace, 1.0, {"where": "host:12345"})
            run = problem.run(proposal.plan, trace)
            journal.tell(number, [float(objective(run)) for objective in problem.objectives])


def _made(problem: Problem, seed: int) -> tuple[Proposal, Trace]:
    """A plan drawn at random, and its analytic curve."""
    directions = [objective.direction for objective in problem.objectives]
    trial = propose("random", problem.space, directions, [], [False, False], seed)
    plan = replace(problem.space.plan(trial.params, problem.base), rounds=ROUNDS)
    participation = problem.participation(plan, seed)
    rounds = analytic(problem.task)(plan, participation, seed)
    return Proposal(trial, plan, seed, NEVER), record(rounds, seed=seed, participation=participation.fingerprint)


def stored_row(runs: int, samplers: Sequence[str]) -> tuple[str, list[str]]:
    """What a search costs that already has so many runs; and the samplers that are quick enough to try with more."""
    tables = {"oracle": "analytic", "space": "quick", "stopping": "none", "lag": 1, "workers": 1}
    study = study_of(tables).anchored(Path())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, study, runs)
        size = (folder / JOURNAL).stat().st_size
        opened = best(lambda: open_all(folder))[0]
        asked = []
        for sampler in samplers:
            with Journal.reopen(folder) as journal:
                strategy = replace(strategy_of(study), sampler=sampler)
                books = Books(checked_problem(study), strategy, journal)
                while books.tell_next():
                    pass
                asking = Clock(books.propose)
                asking()
                asked.append(asking.wall_s)
    told = dict(zip(samplers, asked, strict=True))
    proposals = "".join(f"{1000 * told[name]:10.0f} ms" if name in told else f"{'-':>13}" for name in SAMPLERS)
    row = f"{runs:8} {opened:9.2f} s{proposals} {size / 1e6:9.2f} MB {size / runs:8.0f} B"
    return row, [name for name, seconds in told.items() if seconds < ENOUGH_S]


def population_row(population: int) -> str:
    """What it costs to price a plan for so many clients: the same, because clients are counted by groups."""
    problem = replace(problem_of(study_of({})), population=float(population))
    plan = Plan(rounds=1000)
    # Not by `problem.run`, which remembers a plan's price.
    seconds = best(lambda: problem.pricer.along(problem.work(plan), plan.rounds).co2e_kg.total)[0]
    return f"{population:12,} {1000 * seconds:8.2f} ms {problem.run(plan).co2e_kg:12.3e} kg"


def main() -> None:
    """Print the three tables."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    print(f"runs of {seconds:g} s\nworkers " + "".join(f"{name + ': runs, busy, CPU + disk':>36}" for name in SAMPLERS))
    with tempfile.TemporaryDirectory() as folder:
        oracle = Path(folder) / "sleeps.py"
        oracle.write_text(SLEEPS.format(seconds=seconds), encoding="utf-8")
        for workers in WORKERS:
            cells = []
            for sampler in SAMPLERS:
                rate, cpu_ms, disk_ms = throughput(oracle, sampler, workers)
                busy = f"{100 * rate * seconds / workers:.0f} %"
                cells.append(f"{rate:8.2f}/s {busy:>6} {cpu_ms:6.0f} + {disk_ms:.0f} ms")
            print(f"{workers:7} " + "".join(f"{cell:>36}" for cell in cells), flush=True)
    print("\nstored runs   open      random        tpe      journal   per run")
    samplers: Sequence[str] = SAMPLERS
    for runs in STORED:
        row, samplers = stored_row(runs, samplers)
        print(row, flush=True)
    print("\n  population  one plan  expected, 1000 rounds")
    for population in POPULATIONS:
        print(population_row(population))


if __name__ == "__main__":
    main()
