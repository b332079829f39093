"""`flopt compare`: federated against centralised training of the same task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

from flopt.catalogue import TOLD
from flopt.cli.comparison_table import print_sides
from flopt.cli.front import limit_of, tell_repairs
from flopt.cli.printing import note, print_json
from flopt.emissions.device_file import shipped_devices
from flopt.emissions.fleet import Device
from flopt.emissions.grid import annual_grid
from flopt.emissions.pricing import Pricing
from flopt.emissions.uncertainty import Interval
from flopt.errors import FloptError, unknown
from flopt.plan import Plan, Setting
from flopt.reading.compare import Centre, Comparison, compare, federated_samples
from flopt.reading.recommend import recommend
from flopt.results import open_results, problem_of
from flopt.run import Run
from flopt.search.problem import Problem
from flopt.study import load_study

__all__ = ["CentreOptions", "PlanOptions", "print_comparison"]


@dataclass(frozen=True)
class CentreOptions:
    """What the command line says of the centralised side."""

    country: str | None = None
    """None: where the study's server stands."""
    pue: float | None = None
    device: str = "gpu_v100"
    upload_data: bool = False
    measured: bool = False


@dataclass(frozen=True, eq=False)
class _Federated:
    """The federated side: a run, and where it comes from."""

    problem: Problem
    run: Run
    origin: str
    seed: int


@dataclass(frozen=True)
class PlanOptions:
    """What the command line says of a plan and its price; what is None is the study's."""

    plan: Mapping[str, Setting | None]
    places: Mapping[str, str | None]
    study: Path | None
    settings: Sequence[str]

    @property
    def given(self) -> str:
        """The first thing that is given."""
        options = [name for name, value in {**self.plan, **self.places}.items() if value is not None]
        files = ["--study"] if self.study is not None else []
        return next(iter([*options, *files, *self.settings]), "")

    def federated(self) -> _Federated:
        """The predicted run of the plan."""
        moved = {key: value for key, value in self.places.items() if value is not None}
        problem = problem_of(load_study(self.study, self.settings, moved))
        settings = {name: value for name, value in self.plan.items() if value is not None}
        return _Federated(problem, problem.run(Plan.of(settings, problem.base)), "plan given", 0)


@dataclass(frozen=True)
class _Work:
    """What the centralised side trains on, and how that is known."""

    samples: float
    kind: str
    epochs: int | None = None
    accuracy: float | None = None
    reached: bool | None = None


def print_comparison(
    folder: Path | None,
    plan: PlanOptions,
    at_least: Sequence[str],
    at_most: Sequence[str],
    centre: CentreOptions,
    *,
    as_json: bool,
) -> int:
    """Print both sides; the federated one is the recommended point of a folder, or a plan given by its settings.

    Returns 1 where no point of the folder is within the limits.
    """
    _check(folder, plan, [*at_least, *at_most], centre)
    federated = plan.federated() if folder is None else _recommended(folder, at_least, at_most)
    if federated is None:
        return 1
    chosen, work = _centre(federated, centre)
    facts = _facts(federated, chosen, work, compare(federated.problem, federated.run, chosen))
    if as_json:
        print_json(facts)
    else:
        print_sides(facts)
    return 0


def _check(folder: Path | None, plan: PlanOptions, limits: Sequence[str], centre: CentreOptions) -> None:
    """Refuse options that would say nothing."""
    if folder is None and centre.measured:
        raise FloptError("--measured: it trains to the accuracy of a study's point, so it needs a study folder")
    if folder is None and limits:
        raise FloptError(f"compare: the limit {limits[0]!r} chooses a point of a study, so it needs a study folder")
    if folder is not None and plan.given:
        raise FloptError(f"compare: {folder} has a plan and a price of its own; {plan.given} is for a plan without it")


def _recommended(folder: Path, at_least: Sequence[str], at_most: Sequence[str]) -> _Federated | None:
    results = open_results(folder)
    tell_repairs(results)
    limits = [limit_of(text, results, "at_least") for text in at_least]
    limits += [limit_of(text, results, "at_most") for text in at_most]
    found = recommend(results.front(), limits)
    if found is None:
        note(f"{folder}: no point of the front has {' and '.join(map(str, limits)) or 'been found yet'}")
        return None
    point = found.point
    origin = f"run {point.number}, stopped after round {point.run.rounds}: {found.reason}"
    return _Federated(results.problem, point.run, origin, results.study.seed)


def _centre(federated: _Federated, options: CentreOptions) -> tuple[Centre, _Work]:
    problem, pricing = federated.problem, federated.problem.pricing
    country = options.country or problem.fleet.moved(pricing.country, pricing.server_country).server.country
    annual_grid().checked(country, "--central-country")
    Pricing(pue=options.pue)  # refuses what is no PUE
    device = _device(options.device, problem)
    work = _measured(federated) if options.measured else _Work(federated_samples(problem, federated.run), "predicted")
    features = _features(problem) if options.upload_data else None
    return Centre(device, work.samples, country, options.pue, features), work


def _device(name: str, problem: Problem) -> Device:
    """A shipped device, or one of the fleet's own."""
    devices = {**shipped_devices(), **{group.device.name: group.device for group in problem.fleet.groups}}
    if name not in devices:
        raise FloptError(f"--central-device: {unknown('device', name, devices)}")
    return devices[name]


def _features(problem: Problem) -> int:
    """Numbers in one sample of the task's data."""
    from flopt.simulation.data import load

    return prod(load(problem.source.data).features)


def _measured(federated: _Federated) -> _Work:
    """Really train on all data in one place until the federated point's validation accuracy."""
    from flopt.oracles.pooled import train_until

    problem, run = federated.problem, federated.run
    done = train_until(problem.source, run.plan, run.accuracy, seed=federated.seed)
    scale = (problem.population or problem.task.clients) / problem.task.clients
    samples = done.epochs * sum(problem.task.client_samples) * scale
    return _Work(samples, "measured", done.epochs, done.accuracy, done.reached)


def _facts(federated: _Federated, centre: Centre, work: _Work, found: Comparison) -> dict[str, Any]:
    """Everything that is printed, as plain values with the unit in each key."""
    problem, run = federated.problem, federated.run
    learned = run.whole_trace is not None
    kinds = {"analytic": "analytic curve, not measured", TOLD: "as told by the program that trained"}
    how = kinds.get(problem.oracle, f"measured ({problem.oracle})")
    pue = float(problem.pricer.rates.pue) if centre.pue is None else centre.pue
    return {
        "task": problem.task.name,
        "fleet": problem.fleet.name,
        "network": problem.pricing.network,
        "priced_for_clients": problem.population or problem.task.clients,
        "federated": {
            "kind": "predicted",
            "origin": federated.origin,
            "plan": run.plan.settings(),
            "accuracy": run.accuracy if learned else None,
            "accuracy_kind": how if learned else "unknown before training",
            "energy_kwh": run.energy_kwh,
            **_range("co2e_kg", found.federated_kg),
        },
        "centralised": {
            "kind": "predicted" if work.kind == "predicted" else "predicted from a measured run",
            "samples_from": "same FLOP" if work.kind == "predicted" else "measured epochs to the same accuracy",
            "samples": work.samples,
            "epochs": work.epochs,
            "accuracy": work.accuracy,
            "reached": work.reached,
            "device": centre.device.name,
            "device_scope": centre.device.scope,
            "country": centre.country,
            "pue": pue,
            "duration_s": found.centralised_s,
            "energy_kwh": found.centralised_kwh,
            **_range("co2e_kg", found.centralised_kg),
            "features": centre.features,
            **_range("upload_co2e_kg", found.upload_kg),
        },
        **_range("ratio", found.ratio),
        "break_even_clients_g_per_kwh": found.break_even_clients_g_per_kwh,
        "break_even_data_centre_g_per_kwh": found.break_even_centre_g_per_kwh,
        "by_country": [asdict(place) for place in found.places],
    }


def _range(name: str, found: Interval) -> dict[str, float]:
    return {name: found.central, f"{name}_low": found.low, f"{name}_high": found.high}
