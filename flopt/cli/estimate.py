"""`flopt estimate`: what a plan will emit, before any training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flopt.cli.printing import print_json, print_table
from flopt.emissions.footprint import PARTS
from flopt.emissions.grid import annual_grid
from flopt.plan import Plan, Setting
from flopt.results import problem_of
from flopt.run import Run
from flopt.search.problem import Problem
from flopt.study import load_study
from flopt.units import quantity

__all__ = ["estimate_facts", "print_estimate"]


def print_estimate(
    plan: Mapping[str, Setting | None],
    places: Mapping[str, str | None],
    study: Path | None,
    settings: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Print the predicted footprint of a plan; what is None is the study's."""
    moved = {key: value for key, value in places.items() if value is not None}
    problem = problem_of(load_study(study, settings, moved))
    chosen = Plan.of({key: value for key, value in plan.items() if value is not None}, problem.base)
    facts = estimate_facts(problem, problem.run(chosen))
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def estimate_facts(problem: Problem, run: Run) -> dict[str, Any]:
    """Everything that `flopt estimate` says, as plain values with the unit in each key."""
    moved = problem.fleet.moved(problem.pricing.country, problem.pricing.server_country)
    countries = sorted({group.country for group in moved.groups} | {moved.server.country})
    grid = annual_grid()
    return {
        "kind": "predicted",
        "plan": run.plan.settings(),
        "task": problem.task.name,
        "fleet": problem.fleet.name,
        "network": problem.pricing.network,
        "pue": float(problem.pricer.rates.pue),
        "clients_per_round": run.clients_per_round,
        "clients": problem.task.clients,
        "priced_for_clients": problem.population or problem.task.clients,
        "co2e_kg": _parts(run.co2e_kg_by_part, run.co2e_kg),
        "energy_kwh": _parts(run.energy_kwh_by_part, run.energy_kwh),
        "duration_s": run.duration_s,
        "download_bytes": run.download_bytes,
        "upload_bytes": run.upload_bytes,
        "grid": [
            {"country": c, "g_per_kwh": grid[c].g_per_kwh, "year": grid[c].year, "source": grid[c].source}
            for c in countries
        ],
    }


def _parts(parts: Any, total: float) -> dict[str, float]:
    return {**{part: float(getattr(parts, part)) for part in PARTS}, "total": total}


def _print(facts: Mapping[str, Any]) -> None:
    plan = ", ".join(f"{name} {value}" for name, value in facts["plan"].items())
    print(f"plan     {plan}")
    print(f"task     {facts['task']}; {facts['clients_per_round']} of {facts['clients']} clients per round")
    if facts["priced_for_clients"] != facts["clients"]:
        print(f"priced   for {facts['priced_for_clients']:,.0f} clients; accuracy would be that of {facts['clients']}")
    print(f"fleet    {facts['fleet']}; network {facts['network']}; PUE {facts['pue']:g}")
    print("grid     " + ", ".join(f"{g['country']} {g['g_per_kwh']:g} g/kWh ({g['year']})" for g in facts["grid"]))
    print()
    total = facts["co2e_kg"]["total"]
    rows = [
        [
            part,
            quantity(facts["energy_kwh"][part], "kWh"),
            quantity(kg, "kg"),
            f"{kg / total:.1%}" if total else "-",
        ]
        for part, kg in facts["co2e_kg"].items()
    ]
    print_table(["predicted", "energy", "CO2e", "share"], rows)
    moved = facts["download_bytes"] + facts["upload_bytes"]
    print(
        f"\n{quantity(facts['duration_s'], 's')} on the fleet, {quantity(moved, 'byte')} over the network (predicted)"
    )
