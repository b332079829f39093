"""How long does one proposal take, with 100, 1 000 and 10 000 runs stored, and how much memory?

A study of the analytic oracle on the shipped space is filled with random runs; then each sampler is asked as the driver
asks it: with the view, the model, the prices of all candidates and the stopping policy, on one thread. The first ask
also takes up the whole history, as after a restart, and is shown apart. The front is that of all rounds of all runs.

    python benchmarks/proposal.py --runs 100 1000 10000 --asks 5
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time

import numpy as np

from flopt.oracles.analytic import analytic
from flopt.pareto import hypervolume, losses, non_dominated
from flopt.results import problem_of
from flopt.search.executors.threads import one_thread
from flopt.search.problem import Problem
from flopt.search.proposer import Proposer
from flopt.search.samplers import propose
from flopt.search.seen import Seen
from flopt.study import study_of
from flopt.trace import record


def main() -> None:
    """Fill, ask and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--asks", type=int, default=5)
    parser.add_argument("--samplers", nargs="+", default=["trajectory", "tpe", "random"])
    given = parser.parse_args()
    problem = problem_of(study_of({"oracle": "analytic"}))
    told = filled(problem, max(given.runs))
    print("CPU seconds (measured, this process)")
    for runs in given.runs:
        for sampler in given.samplers:
            with one_thread():
                first, later = asked(problem, told[:runs], sampler, given.asks)
            print(f"{runs:6} runs  {sampler:10}  first ask {first:6.2f} s, then median {later:6.3f} s")
        print(f"{runs:6} runs  front of all rounds {front_s(told[:runs]):6.2f} s")
    print(f"front of 10^6 points of two objectives {million_s():6.2f} s")
    for objectives in (3, 4):
        print(f"hypervolume of 1000 points of {objectives} objectives {hypervolume_s(objectives):6.3f} s")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def filled(problem: Problem, runs: int) -> list[Seen]:
    """Random runs, told."""
    told = []
    for number in range(runs):
        trial = propose("random", problem.space, ["maximize", "minimize"], [], [False, True], number)
        plan = problem.space.plan(trial.params, problem.base)
        trace = record(analytic(problem.task)(plan, problem.participation(plan, 0), 0), seed=0, participation="")
        run = problem.run(plan, trace)
        values = np.column_stack([each.along(run) for each in problem.objectives])
        told.append(Seen(trial, values, np.empty((len(values), 0))))
    return told


def asked(problem: Problem, told: list[Seen], sampler: str, asks: int) -> tuple[float, float]:
    """Seconds of the first ask, and the median of the others, each with one run more."""
    proposer, seconds = Proposer(problem, sampler, "trajectory", 0), []
    for number in range(asks + 1):
        known = told[: len(told) - asks + number]
        began = time.process_time()
        proposer.next(len(known), known, [], None)
        seconds.append(time.process_time() - began)
    return seconds[0], statistics.median(seconds[1:])


def front_s(told: list[Seen]) -> float:
    """Seconds for the front of all rounds."""
    began = time.process_time()
    non_dominated(losses(np.concatenate([run.allowed() for run in told]), ["maximize", "minimize"]))
    return time.process_time() - began


def million_s() -> float:
    """Seconds for the front of a million random points."""
    points = np.random.default_rng(0).random((1_000_000, 2))
    began = time.process_time()
    non_dominated(points)
    return time.process_time() - began


def hypervolume_s(objectives: int) -> float:
    """Seconds for a hypervolume of a thousand points on a sphere."""
    points = np.abs(np.random.default_rng(0).normal(size=(1000, objectives)))
    points = 1 - points / np.linalg.norm(points, axis=1, keepdims=True)
    began = time.process_time()
    hypervolume(points, np.ones(objectives))
    return time.process_time() - began


if __name__ == "__main__":
    main()
