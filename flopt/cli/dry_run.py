"""`flopt tune --dry-run`: what a study will cost here, and what its plans would emit there."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice

import numpy as np

from flopt.catalogue import load_oracle
from flopt.cli.printing import print_table
from flopt.errors import FloptError
from flopt.plan import Plan
from flopt.results import kg_per_cpu_s
from flopt.search.problem import Problem
from flopt.search.samplers import propose
from flopt.seeds import stream_seed
from flopt.study import Study
from flopt.trace import record
from flopt.tuning import checked_problem
from flopt.units import quantity

__all__ = ["print_dry_run", "sample_plans"]

PLANS = 64
"""Random plans of the space that the figures are taken over."""
TRIED = 3
TRIED_ROUNDS = 2


def sample_plans(problem: Problem, seed: int, count: int = PLANS) -> list[Plan]:
    """Random plans of the space, within the limits that are known before training."""
    directions = [objective.direction for objective in problem.objectives]
    plans = []
    for number in range(count):
        trial = propose("random", problem.space, directions, [], [], stream_seed(seed, "dry run", number))
        plan = problem.within_known_limits(problem.space.plan(trial.params, problem.base))
        if plan is not None:
            plans.append(plan)
    return plans


def print_dry_run(study: Study) -> None:
    """Print rounds and minutes here, and the range of what the plans would emit on the fleet."""
    problem = checked_problem(study)
    plans = sample_plans(problem, study.seed)
    print(f"task {problem.task.name}, {problem.task.clients} clients; fleet {problem.fleet.name}")
    if not plans:
        print(f"none of {PLANS} random plans keeps to the limits that are known before training")
        return
    _print_plans(problem, plans)
    _print_cost(study, problem, plans)


def _print_plans(problem: Problem, plans: list[Plan]) -> None:
    runs = [problem.run(plan) for plan in plans]
    figures = {
        "CO2e": ("kg", [run.co2e_kg for run in runs]),
        "energy": ("kWh", [run.energy_kwh for run in runs]),
        "duration": ("s", [run.duration_s for run in runs]),
        "traffic": ("byte", [run.upload_bytes + run.download_bytes for run in runs]),
    }
    rows = [
        [name, *(quantity(float(np.quantile(values, q)), unit) for q in (0, 0.5, 1))]
        for name, (unit, values) in figures.items()
    ]
    print_table([f"one run on the fleet (predicted, {len(plans)} random plans)", "least", "median", "most"], rows)


def _print_cost(study: Study, problem: Problem, plans: list[Plan]) -> None:
    """Time a few rounds of a few plans, and scale them to the budget."""
    cpu_s_per_step = _measure(study, problem, plans[:TRIED])
    steps = float(np.mean([_steps(problem, plan) * plan.rounds for plan in plans]))
    rounds = float(np.mean([plan.rounds for plan in plans]))
    runs = study.budget.runs or float("inf")
    if study.budget.rounds is not None:
        runs = min(runs, study.budget.rounds / rounds)
    print()
    if not np.isfinite(runs):
        print("here: until the budget in minutes or kg is spent")
        return
    seconds = runs * steps * cpu_s_per_step
    print(
        f"here: about {runs:.0f} runs, {runs * rounds:.0f} rounds, {quantity(seconds / study.workers, 's')} with "
        f"{study.workers} workers, {quantity(seconds * kg_per_cpu_s(study), 'kg')} CO2e "
        f"(estimated from {TRIED_ROUNDS} rounds each of {min(TRIED, len(plans))} plans; proposals not counted)"
    )
    if problem.cheaper:
        cheaper = " and ".join(problem.cheaper)
        print(f"before them {study.ladder.runs} runs each by {cheaper}, not counted: they predict")


def _measure(study: Study, problem: Problem, plans: list[Plan]) -> float:
    """CPU seconds for each training step here, measured on the first rounds of a few plans."""
    oracle = load_oracle(problem.oracle, problem.source, problem.task)
    steps = seconds = 0.0
    for plan in plans:
        short = replace(plan, rounds=TRIED_ROUNDS)
        participation = problem.participation(short, study.seed)
        started = time.process_time()
        rounds = islice(oracle(short, participation, study.seed), TRIED_ROUNDS)
        trace = record(rounds, seed=study.seed, participation=participation.fingerprint)
        seconds += time.process_time() - started
        if trace.status == "failed":
            raise FloptError(f"oracle {problem.oracle}: {trace.reason}")
        steps += len(trace) * _steps(problem, plan)
    return seconds / steps


def _steps(problem: Problem, plan: Plan) -> float:
    """Steps of local SGD in one round, expected."""
    steps = np.mean([plan.steps_per_round(own) for own in problem.task.client_samples])
    return float(problem.task.clients_per_round(plan.client_fraction) * steps)
