"""A study folder, opened for reading: its study, its runs, and the front that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flopt.catalogue import TOLD, load_objective, load_space
from flopt.emissions.fleet_file import load_fleet
from flopt.emissions.grid import annual_grid
from flopt.emissions.pricing import Pricing
from flopt.errors import FloptError
from flopt.flower.app import read_app
from flopt.flower.probe import app_facts
from flopt.fronts import Candidate, Front, find_front
from flopt.objectives import Objective
from flopt.oracles.shipped import shipped_table
from flopt.plan import Plan
from flopt.search.ensembles import Expected, ensembles, expected_runs
from flopt.search.problem import Limit, Problem
from flopt.simulation.facts import facts
from flopt.study import Study, TaskTable, load_study
from flopt.task import AppSource, Task
from flopt.task_file import load_task
from flopt.trace import Trace
from flopt.units import G_PER_KG, J_PER_KWH

if TYPE_CHECKING:
    from flopt.search.executors.memory import Memory
    from flopt.search.stores.postgres import Postgres
    from flopt.search.stores.storage import Journal

__all__ = [
    "STUDY_FILE",
    "Results",
    "kg_per_cpu_s",
    "open_results",
    "problem_of",
    "read_store",
    "rescored",
    "results_of",
    "runnable",
]

STUDY_FILE = "study.toml"
_OF_DATA = ("data", "partition", "clients", "alpha", "model", "split", "flower_app")


@dataclass(frozen=True, eq=False)
class Results:
    """What a study has found so far."""

    study: Study
    problem: Problem
    plans: tuple[Plan, ...]
    traces: tuple[Trace | None, ...]
    """One for each plan; None for a run that is not done, and for one that a cheaper oracle of a ladder predicted."""
    search_kg: float
    """Estimated emissions of the search itself on this machine, in kg CO2e."""
    repaired_bytes: int = 0
    cpu_s: tuple[float, ...] = ()
    """CPU seconds that each run took here; empty where nobody counted."""
    parameters: tuple[Mapping[str, Any], ...] = ()
    """Each run's place in the space, by axis, as it was proposed; empty where the runs were not proposed."""
    repeats: tuple[int | None, ...] = ()
    """The run that each repeats with another seed; None for a new plan, empty where nothing was repeated."""
    predicted: Mapping[int, Trace] = field(default_factory=dict)
    """What the cheaper oracles of a ladder said, by the numbers of the runs: no candidates."""
    out: frozenset[int] = frozenset()
    """Runs whose plans the fleet cannot run: no candidates, though what they learned still tells of the others."""
    _worked_out: list[Any] = field(default_factory=list, repr=False)
    """Plans and traces, and what is expected of them; `replace` hands it on to the same runs under another price."""

    @property
    def failed(self) -> dict[int, str]:
        """Number and reason of every failed run."""
        return {n: t.reason for n, t in enumerate(self.traces) if t is not None and t.status == "failed"}

    @property
    def unconfirmed(self) -> str:
        """Why there is no front yet although a ladder has begun, in one line; else empty."""
        if not self.predicted or any(trace is not None for trace in self.traces):
            return ""
        count = f"{len(self.predicted)} run" + ("s" if len(self.predicted) > 1 else "")
        cheaper = " and ".join(self.problem.cheaper)
        return f"nothing is confirmed yet: {count} predicted by {cheaper}, none by {self.problem.oracle}"

    def candidates(self) -> list[Candidate]:
        """Every plan that was run, as expected over seeds, with the rounds that meet the study's limits.

        What is expected depends on no price and on no objective; failed runs tell nothing.
        """
        return list(self._candidates)

    @cached_property
    def _candidates(self) -> list[Candidate]:
        found = self.expected()
        runs = self.problem.runs([each.ensemble.plan for each in found], [each.trace for each in found])
        return [
            Candidate(each.ensemble.number, run, self.problem.allowed(run), each.ensemble.lengths, each.spreads)
            for each, run in zip(found, runs, strict=True)
        ]

    def seen(self) -> list[Candidate]:
        """Every finished run by itself, just as it went."""
        done = [
            (number, plan, trace)
            for number, (plan, trace) in enumerate(zip(self.plans, self.traces, strict=True))
            if trace is not None and trace.status != "failed" and number not in self.out
        ]
        runs = self.problem.runs([plan for _, plan, _ in done], [trace for _, _, trace in done])
        return [
            Candidate(number, run, self.problem.allowed(run)) for (number, _, _), run in zip(done, runs, strict=True)
        ]

    def expected(self) -> list[Expected]:
        """What is expected of every plan that was run; worked out once, whatever is priced or scored anew after it."""
        known = self._worked_out
        if not known or known[0] is not self.plans or known[1] is not self.traces:
            found = ensembles(self.plans, self.traces)
            known[:] = [self.plans, self.traces, expected_runs(found, self.problem.task)]
        return [each for each in known[2] if each.ensemble.number not in self.out]

    def front(self, objectives: Sequence[Objective] | None = None) -> Front:
        """The front of the study's objectives, or of others: old runs are scored again, nothing is trained."""
        return find_front(self.candidates(), objectives or self.problem.objectives)


def problem_of(study: Study) -> Problem:
    """Resolve every name of a study: objectives, space, fleet, task. Raises FloptError for the first bad one."""
    at = study.resolve
    at("task", lambda: _check_facts(study))
    app = at("oracle", lambda: _app(study))
    run_config = None if app is None else at("task", lambda: read_app(Path(app.folder)).run_config)
    problem = Problem(
        space=at("space", lambda: load_space(study.space, run_config)),
        base=at("plan", lambda: study.base_plan() if run_config is None else run_config.plan(study.plan)),
        source=study.source(),
        task=at("task", lambda: _facts(study) if app is None else app_facts(study.source(), app)),
        oracle=study.oracles[-1],
        cheaper=study.oracles[:-1],
        fleet=at("fleet.use", lambda: load_fleet(study.fleet.use)),
        pricing=at("pricing", lambda: Pricing(**study.pricing.model_dump())),
        population=study.fleet.population,
        objectives=at("objectives", lambda: _objectives(study.objectives)),
        limits=at("limits", lambda: _limits(study)),
    )
    at("pricing", lambda: problem.pricer.rates)  # an unknown country of a fleet is said now, not after the first run
    at("fleet", problem.spread_runs)  # and so is a fleet that can run no plan
    at("objectives", problem.known)  # and so is an objective that breaks
    return problem


def _app(study: Study) -> AppSource | None:
    app = study.source().app
    if (app is None) == ("flower" in study.oracles):
        raise FloptError('oracle = "flower" and task.flower_app, the folder of an app, belong together: give both')
    return app


def _objectives(references: Sequence[str]) -> tuple[Objective, ...]:
    objectives = tuple(load_objective(reference) for reference in references)
    names = [objective.name for objective in objectives]
    for name in names:
        if names.count(name) > 1:
            raise FloptError(f"objective {name!r} stands twice")
    return objectives


def _limits(study: Study) -> tuple[Limit, ...]:
    return tuple(Limit(load_objective(name), each.at_least, each.at_most) for name, each in study.limits.items())


def _check_facts(study: Study) -> None:
    """A task of which flopt has the facts alone can be priced and told, but not trained."""
    if study.task.facts is None:
        return
    for oracle in study.oracles:
        if oracle not in (TOLD, "analytic") and ".py" not in oracle:
            raise FloptError(f'task.facts: oracle = "{oracle}" needs the data itself; give {TOLD}, analytic or my.py')
    for key in _OF_DATA:
        value = getattr(study.task, key)
        if value != getattr(TaskTable(), key):
            raise FloptError(f"task.{key} = {value!r}: the facts (task.facts) bring their own")


def _facts(study: Study) -> Task:
    if study.task.facts is not None:
        return load_task(Path(study.task.facts))
    try:
        return facts(study.source())
    except FloptError:
        if "recorded" in study.oracles:  # the task is none that can be looked up: that is what to say
            shipped_table(study.source())
        raise


def open_results(folder: Path) -> Results:
    """Read a study folder; a torn last line of its journal is cut off first."""
    with read_store(folder) as journal:
        study = load_study(folder / STUDY_FILE)
        for trial in journal.trials():
            if "plan" not in trial.user_attrs:
                raise FloptError(f"{folder}: run {trial.number} has no plan: not written by this version of flopt")
        return replace(results_of(study, problem_of(study), journal), repaired_bytes=journal.repaired_bytes)


def results_of(study: Study, problem: Problem, store: Journal | Postgres | Memory) -> Results:
    """What a store holds."""
    trials = store.trials()
    traces = store.traces()[: len(trials)]  # a search that goes on may have added runs in between
    cheap = [trial.user_attrs.get("oracle", problem.oracle) != problem.oracle for trial in trials]
    cpu_s = tuple(float(trial.user_attrs.get("cpu_s", 0.0)) for trial in trials)
    return Results(
        study,
        problem,
        tuple(Plan.of(trial.user_attrs["plan"]) for trial in trials),
        tuple(None if is_cheap else trace for trace, is_cheap in zip(traces, cheap, strict=True)),
        sum(cpu_s) * kg_per_cpu_s(study),
        cpu_s=cpu_s,
        parameters=tuple(trial.params for trial in trials),
        repeats=tuple(trial.user_attrs.get("repeats") for trial in trials),
        predicted={n: trace for n, trace in enumerate(traces) if cheap[n] and trace is not None},
    )


def read_store(folder: Path) -> Journal | Postgres:
    """The runs of a study folder, opened for reading: its journal, or the database that its study names."""
    file = folder / STUDY_FILE
    storage = load_study(file).storage if file.is_file() else None
    if storage is None:
        from flopt.search.stores.storage import Journal  # optuna, which `flopt estimate` does not need

        return Journal.read(folder)
    from flopt.search.stores.postgres import Postgres

    return Postgres.read(storage, folder)


def kg_per_cpu_s(study: Study) -> float:
    """Estimated kg CO2e of one CPU second here: the study's watts times its country's grid."""
    g_per_kwh = annual_grid()[study.search.country].g_per_kwh
    return study.search.cpu_watts / J_PER_KWH * g_per_kwh / G_PER_KG


def rescored(results: Results, references: Sequence[str]) -> Results:
    """The same runs under other objectives."""
    return replace(results, problem=replace(results.problem, objectives=_objectives(references)))


def runnable(results: Results) -> tuple[Results, list[int]]:
    """The results without the runs whose plans their fleet cannot run, and the numbers of those runs."""
    done = [number for number, trace in enumerate(results.traces) if trace is not None]
    out = [number for number in done if not results.problem.can_run(results.plans[number])]
    return replace(results, out=frozenset(out)), out
