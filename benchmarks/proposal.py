"""How long do one proposal, and `flopt front` and `flopt ask`, take with 100, 1 000 and 10 000 runs stored?

A study of the analytic oracle on the shipped space is filled with random runs, none of them cut short; then each
sampler is asked as the driver asks it: with the view, the model, the prices of all candidates and the stopping policy,
on one thread. The first ask also takes up the whole history, as after a restart, and is shown apart. The front is that
of all rounds of all runs. Then the runs are stored in a folder, with the stopping policies that they had, and the two
commands read it from the beginning: each is shown as a whole, from the start of Python to its end, and without what it
takes to open the folder. Memory is that of this process.

    python benchmarks/proposal.py --runs 100 1000 10000 --asks 5
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

from flopt.asking.search import Search
from flopt.oracles.analytic import analytic
from flopt.pareto import hypervolume, losses, non_dominated
from flopt.results import open_results, problem_of
from flopt.search.executors.threads import one_thread
from flopt.search.problem import Problem
from flopt.search.proposer import Proposal, Proposer
from flopt.search.seen import Seen
from flopt.search.stores.storage import Journal
from flopt.study import Study, study_of
from flopt.trace import Trace, record
from flopt.tuning import identity, write_study


def main() -> None:
    """Fill, ask and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--asks", type=int, default=5)
    parser.add_argument("--samplers", nargs="+", default=["trajectory", "tpe", "random"])
    given = parser.parse_args()
    study = study_of({"oracle": "told", "workers": 1, "budget": {"runs": 100 * max(given.runs)}})
    problem = problem_of(study)
    runs = filled(problem, max(given.runs))
    told = [run.seen for run in runs]
    gc.freeze()  # Python's collector need not look through what belongs to this script
    print("CPU seconds (measured; commands: user and system time of a process of their own)")
    for count in given.runs:
        for sampler in given.samplers:
            with one_thread():
                first, later = asked(problem, told[:count], sampler, given.asks)
            print(f"{count:6} runs  {sampler:10}  first ask {first:6.2f} s, then median {later:6.3f} s")
        print(f"{count:6} runs  front of all rounds {front_s(told[:count]):6.2f} s")
        with tempfile.TemporaryDirectory() as folder:
            store(Path(folder), study, problem, runs[:count])
            for command, alone_s in (("front", opened_front_s), ("ask", opened_ask_s)):
                whole_s, open_s = command_s(command, folder), alone_s(Path(folder))
                print(f"{count:6} runs  flopt {command:5} {whole_s:6.2f} s, of which once it is open {open_s:6.2f} s")
    print(f"front of 10^6 points of two objectives {million_s():6.2f} s")
    for objectives in (3, 4):
        print(f"hypervolume of 1000 points of {objectives} objectives {hypervolume_s(objectives):6.3f} s")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


class Done(NamedTuple):
    """One run of the study."""

    proposal: Proposal
    trace: Trace
    seen: Seen


def filled(problem: Problem, runs: int) -> list[Done]:
    """Random runs to their ends, each with the policy that would have stopped it."""
    proposer = Proposer(problem, "random", "trajectory", 0)
    told: list[Seen] = []
    done: list[Done] = []
    for number in range(runs):
        proposal = proposer.next(number, told, [], None)
        assert proposal is not None
        participation = problem.participation(proposal.plan, proposal.seed)
        curve = analytic(problem.task)(proposal.plan, participation, proposal.seed)
        trace = record(curve, seed=proposal.seed, participation=participation.fingerprint)
        run = problem.run(proposal.plan, trace)
        values = np.column_stack([each.along(run) for each in problem.objectives])
        told.append(Seen(proposal.trial, values, np.empty((len(values), 0)), plan=proposal.plan, run=run))
        done.append(Done(proposal, trace, told[-1]))
    return done


def store(folder: Path, study: Study, problem: Problem, runs: Sequence[Done]) -> None:
    """The runs as a study folder, told; no disk is waited for."""
    directions = [objective.direction for objective in problem.objectives]
    with mock.patch("os.fsync"), Journal.create_or_open(folder, directions, identity(study, problem)) as journal:
        write_study(study, folder)
        for number, (proposal, trace, seen) in enumerate(runs):
            assert seen.values is not None
            journal.add(proposal.trial, {**proposal.attributes(), "told": number})
            journal.record(number, trace, 0.01)
            journal.tell(number, seen.values[-1].tolist())


def command_s(command: str, folder: str) -> float:
    """Seconds of a command on a folder, as a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "flopt", command, folder], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def opened_front_s(folder: Path) -> float:
    """Seconds of the front of a folder that is open."""
    results = open_results(folder)
    began = time.process_time()
    results.front()
    return time.process_time() - began


def opened_ask_s(folder: Path) -> float:
    """Seconds of the first ask of a search that has just been opened; it stays asked."""
    with Search(out=folder) as search:
        began = time.process_time()
        search.ask_another()
        return time.process_time() - began


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
