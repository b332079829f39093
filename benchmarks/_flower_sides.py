"""The two ways to a front of a Flower app: Optuna and `flwr run`, wired together by hand, and `flopt tune`."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import optuna

from flopt.flower.app import read_app
from flopt.flower.superlink import SuperLink
from flopt.results import open_results, problem_of
from flopt.search.problem import Problem
from flopt.search.samplers import distributions
from flopt.study import study_of

__all__ = ["APP", "Optuna", "searched", "written_study"]

APP = Path(__file__).parent.parent / "tests" / "flower_app"
SPACE = """
rounds = { low = 2, high = 40, log = true }
local_epochs = { low = 1, high = 4 }
client_fraction = { low = 0.2, high = 1.0 }
"""
"""What both sides can set; no compression, which `flwr run` has not."""
WORKERS = 2
_TASK = {"flower_app": str(APP.resolve())}
_ACCURACY = re.compile(r"Aggregated MetricRecord: .*'accuracy': ([\d.e-]+)")


def written_study(folder: Path, runs: int) -> Path:
    """A study file of so many runs, everything but the app, the space and the workers as shipped."""
    (folder / "space.toml").write_text(SPACE, encoding="utf-8")
    file = folder / "study.toml"
    file.write_text(
        f'oracle = "flower"\nspace = "space.toml"\nworkers = {WORKERS}\nbudget = {{ runs = {runs} }}\n'
        f'[task]\nflower_app = "{APP.resolve()}"\n',
        encoding="utf-8",
    )
    return file


class Optuna:
    """A sampler with its defaults, whose trials are `flwr run`s of the app as it is, one after the other.

    The runs have a SuperLink that is up already, on two cores two clients at a time, and are streamed, so that
    nothing is asked twice; accuracies are read from the log.
    """

    def __init__(self, sampler: optuna.samplers.BaseSampler, problem: Problem, link: SuperLink) -> None:
        self._study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
        self._problem, self._link = problem, link

    @classmethod
    def of(cls, name: str, folder: Path, link: SuperLink) -> Optuna:
        """By the name that the search race has for the sampler."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        samplers = {"nsga2": optuna.samplers.NSGAIISampler, "tpe": optuna.samplers.TPESampler}
        problem = problem_of(study_of({"oracle": "flower", "space": str(folder / "space.toml"), "task": _TASK}))
        return cls(samplers[name](seed=0), problem, link)

    def trial(self) -> tuple[float, int]:
        """Seconds from asking to telling, and the rounds of the plan."""
        started = time.perf_counter()
        trial = self._study.ask(distributions(self._problem.space))
        plan = self._problem.space.plan(trial.params, self._problem.base)
        accuracies = self._run(read_app(APP).run_config.values(plan, 0), plan.rounds)
        self._study.tell(trial, [accuracies[-1], math.log10(self._problem.run(plan).co2e_kg)])
        return time.perf_counter() - started, plan.rounds

    def _run(self, values: Mapping[str, object], rounds: int) -> list[float]:
        options = ["--federation-config", f"num-supernodes={self._problem.task.clients} client-resources-num-cpus=1"]
        options += ["--run-config", " ".join(f"{key}={json.dumps(value)}" for key, value in values.items()), "--stream"]
        environment = dict(self._link.environment)
        done = subprocess.run(["flwr", "run", str(APP), *options], env=environment, capture_output=True, text=True)
        accuracies = [float(value) for value in _ACCURACY.findall(done.stdout)]
        if len(accuracies) != rounds:
            raise SystemExit(f"flwr run: {len(accuracies)} of {rounds} rounds:\n{done.stdout}\n{done.stderr}")
        return accuracies


def searched(study: Path, out: Path) -> tuple[float, int]:
    """Seconds of a whole `flopt tune` that knows nothing yet, from the command to the front, and its runs."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(out.with_suffix(".cache"))}
    started = time.perf_counter()
    command = [sys.executable, "-m", "flopt", "tune", str(study), "--out", str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    took = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    return took, len(open_results(out).plans)
