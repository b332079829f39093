"""The one writer: imported runs become a study folder, like one that `flopt tune` made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from flopt.errors import FloptError
from flopt.importing.imported import COUNTS, ImportedRun
from flopt.plan import Plan
from flopt.results import STUDY_FILE, problem_of
from flopt.search.problem import Problem
from flopt.search.samplers import distributions
from flopt.search.stores.storage import JOURNAL, Journal
from flopt.simulation.smoothing import Smoothing
from flopt.study import Study
from flopt.trace import Round, Trace
from flopt.tuning import identity

__all__ = ["Prepared", "prepare", "write_study"]

FAR = 1.25
"""How many times off what was counted may be from what the plan says, before it is pointed out."""
_NAMED = {"local_epochs": ("local_epochs", "local_steps"), "client_fraction": ("client_fraction",)}
"""What a price hangs on, and what may say it: never taken from a default."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A run that can be written."""

    run: ImportedRun
    plan: Plan
    trace: Trace
    notes: tuple[str, ...]


def prepare(
    runs: Sequence[ImportedRun], study: Study, problem: Problem, *, predict_counts: bool
) -> tuple[list[Prepared], dict[str, str]]:
    """The runs that can be points, and the names of the others with their flaws.

    Who took part no file says: the participation is that which the study's fleet and seed draw. Raises FloptError
    where a plan or a count is missing, or where a file contradicts the study's task.
    """
    ready, flawed = [], {}
    for run in runs:
        flaw = run.flaw(study.plan.get("rounds"))
        if flaw:
            flawed[run.name] = flaw
            continue
        try:
            ready.append(_prepared(run, study, problem, predict_counts=predict_counts))
        except FloptError as error:
            raise FloptError(f"run {run.name!r}: {error}") from None
    return ready, flawed


def write_study(folder: Path, ready: Sequence[Prepared], study: Study) -> None:
    """Write the folder's journal and its study.toml; refuses one that holds a study."""
    if (folder / JOURNAL).exists() or (folder / STUDY_FILE).exists():
        raise FloptError(f"{folder} holds a study already; import into a new folder")
    problem = problem_of(study)
    directions = [objective.direction for objective in problem.objectives]
    with Journal.create_or_open(folder, directions, identity(study, problem)) as journal:
        try:
            (folder / STUDY_FILE).write_text(study.to_toml(), encoding="utf-8")
        except OSError as error:
            raise FloptError(f"{folder / STUDY_FILE}: {error.strerror}") from None
        for number, each in enumerate(ready):
            imported = {"name": each.run.name, "measured": dict(each.run.measured)}
            attributes = {"plan": each.plan.settings(), "seed": study.seed, "imported": imported}
            journal.add(_proposal(each.plan, problem), attributes)
            journal.record(number, each.trace, 0.0)
            run = problem.run(each.plan, each.trace)
            journal.tell(number, [float(objective(run)) for objective in problem.objectives])


def _prepared(run: ImportedRun, study: Study, problem: Problem, *, predict_counts: bool) -> Prepared:
    plan = _plan(run, study, problem)
    _check_task(run, problem)
    lacking = [name for name in COUNTS if any(name not in each.counts for each in run.rounds)]
    if lacking and not predict_counts:
        raise FloptError(f"missing columns: {', '.join(lacking)}; --predict-counts takes them from plan and task")
    participation = problem.participation(plan, study.seed)
    predicted = _predicted(plan, problem)
    smoothing = Smoothing(study.task.smoothing)
    rounds = [
        Round(
            accuracy=smoothing.add(each.accuracy),
            loss=1 - each.accuracy if each.loss is None else each.loss,
            **{name: each.counts.get(name, predicted[name]) for name in COUNTS},
        )
        for each in run.rounds
        if each.accuracy is not None
    ]
    trace = Trace.of(rounds, seed=study.seed, participation=participation.fingerprint)
    notes = [f"run {run.name!r}: {', '.join(lacking)} predicted from plan and task"] if lacking else []
    return Prepared(run, plan, trace, (*notes, *_far_off(run, predicted)))


def _plan(run: ImportedRun, study: Study, problem: Problem) -> Plan:
    """The run's plan: what its file says, then what the study says."""
    said = {*run.settings, *study.plan}
    for name, ways in _NAMED.items():
        if problem.source.app is None and not said & set(ways):
            raise FloptError(f"nothing says {name}: give a column {' or '.join(ways)}, or [plan] {name} in the study")
    known = dict(problem.base.app)
    for name in run.settings:
        if name.startswith("app.") and name.removeprefix("app.") not in known:
            raise FloptError(f"{name}: the study's task has no such run-config key")
    return Plan.of({"rounds": len(run.rounds), **run.settings}, problem.base)


def _check_task(run: ImportedRun, problem: Problem) -> None:
    own, told = problem.task.flop_per_sample, run.flop_per_sample
    if told is not None and abs(told - own) > 0.01 * own:
        raise FloptError(f"flop_per_sample = {told:g}: the study's task {problem.task.name} has {own:g}")


def _predicted(plan: Plan, problem: Problem) -> dict[str, int]:
    """What a round counts by the plan and the task."""
    task = problem.task
    clients = task.clients_per_round(plan.client_fraction)
    return {
        "clients": clients,
        "samples": round(clients * plan.local_samples(task.mean_samples)),
        "download_bytes": clients * plan.download_bytes(task.tensors),
        "upload_bytes": clients * plan.upload_bytes(task.tensors),
    }


def _far_off(run: ImportedRun, predicted: dict[str, int]) -> list[str]:
    """Where the file's counts and the study's task tell different stories: the price follows the study's."""
    notes = []
    for name in COUNTS:
        counted = [each.counts[name] for each in run.rounds if name in each.counts]
        mean = sum(counted) / len(counted) if counted else predicted[name]
        if not predicted[name] / FAR <= mean <= predicted[name] * FAR:
            notes.append(
                f"run {run.name!r}: {name} {mean:.4g} a round measured, {predicted[name]} predicted from plan and "
                "task; the price takes the latter: is it this study's task?"
            )
    return notes


def _proposal(plan: Plan, problem: Problem) -> FrozenTrial:
    """The plan as a proposal of the study's space; without parameters where it lies outside."""
    settings = plan.settings()
    axes = distributions(problem.space)
    inside = all(name in settings and _holds(axis, settings[name]) for name, axis in axes.items())
    params = {name: settings[name] for name in axes} if inside else {}
    return create_trial(state=TrialState.RUNNING, params=params, distributions=axes if inside else {})


def _holds(axis: object, value: object) -> bool:
    if isinstance(axis, CategoricalDistribution):
        return value in axis.choices
    low, high = getattr(axis, "low", None), getattr(axis, "high", None)
    return isinstance(value, int | float) and low is not None and high is not None and low <= value <= high
