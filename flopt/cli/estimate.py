"""`flopt estimate`: what a plan will emit, before any training."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flopt.cli.printing import print_json, print_table
from flopt.emissions.footprint import PARTS
from flopt.emissions.shift import best_start
from flopt.errors import FloptError
from flopt.plan import Plan, Setting
from flopt.reading.certainty import run_intervals
from flopt.results import problem_of
from flopt.run import Run
from flopt.search.problem import Problem
from flopt.study import load_study
from flopt.units import quantity, quantity_range

__all__ = ["estimate_facts", "print_estimate"]


def print_estimate(
    plan: Mapping[str, Setting | None],
    places: Mapping[str, str | bool | None],
    study: Path | None,
    settings: Sequence[str],
    shift: str | None,
    *,
    as_json: bool,
) -> None:
    """Print the predicted footprint of a plan; what is None is the study's."""
    moved = {key: value for key, value in places.items() if value is not None}
    problem = problem_of(load_study(study, settings, moved))
    chosen = Plan.of({key: value for key, value in plan.items() if value is not None}, problem.base)
    facts = estimate_facts(problem, problem.run(chosen))
    if shift is not None:
        found = best_start(problem.pricer, problem.work(chosen), chosen.rounds, _hours(shift))
        facts["shift"] = {**asdict(found), "saving": found.saving, "note": "hindsight on past hours: an upper bound"}
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def estimate_facts(problem: Problem, run: Run) -> dict[str, Any]:
    """Everything that `flopt estimate` says, as plain values with the unit in each key."""
    moved = problem.fleet.moved(problem.pricing.country, problem.pricing.server_country)
    countries = sorted({group.country for group in moved.groups} | {moved.server.country})
    grid = [problem.pricer.grid[country] for country in countries]
    ranges = run_intervals(run, problem)
    return {
        "kind": "predicted",
        "plan": run.plan.settings(),
        "task": problem.task.name,
        "fleet": problem.fleet.name,
        "network": problem.pricing.network,
        "pue": float(problem.pricer.rates.pue),
        "start": problem.pricing.start,
        "flat": problem.pricing.flat,
        "clients_per_round": run.clients_per_round,
        "clients": problem.task.clients,
        "priced_for_clients": problem.population or problem.task.clients,
        "co2e_kg": _parts(run.co2e_kg_by_part, run.co2e_kg),
        "energy_kwh": _parts(run.energy_kwh_by_part, run.energy_kwh),
        "duration_s": run.duration_s,
        "range": {name: {part: [i.low, i.high] for part, i in each.items()} for name, each in ranges.items()},
        "download_bytes": run.download_bytes,
        "upload_bytes": run.upload_bytes,
        "grid": [
            {"country": g.country, "g_per_kwh": g.g_per_kwh, "year": g.year, "source": g.source, "kind": g.kind}
            for g in grid
        ],
    }


def _hours(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})\s*(h|d)", text.strip())
    if found is None:
        raise FloptError(f"--shift {text!r}: write hours or days, such as 48h or 2d")
    return int(found[1]) * (24 if found[2] == "d" else 1)


def _parts(parts: Any, total: float) -> dict[str, float]:
    return {**{part: float(getattr(parts, part)) for part in PARTS}, "total": total}


def _print(facts: Mapping[str, Any]) -> None:
    _print_head(facts)
    total = facts["co2e_kg"]["total"]
    rows = [
        [part, _with_range(facts, "energy_kwh", part), _with_range(facts, "co2e_kg", part), _share(kg, total)]
        for part, kg in facts["co2e_kg"].items()
        if kg > 1e-9 * total  # what is left of a sum that is zero is not a part
    ]
    print()
    print_table(["predicted", "energy (range)", "CO2e (range)", "share"], rows)
    low, high = facts["range"]["duration_s"]["total"]
    duration = quantity_range(facts["duration_s"], low, high, "s")
    traffic = quantity(facts["download_bytes"] + facts["upload_bytes"], "byte")
    print(f"\n{duration} on the fleet, {traffic} over the network in the rounds (predicted)")
    print("ranges: nine of ten draws of all coefficients within their low and high")
    if "shift" in facts:
        _print_shift(facts["shift"])


def _print_head(facts: Mapping[str, Any]) -> None:
    print(f"plan     {Plan.of(facts['plan'])}")
    print(f"task     {facts['task']}; {facts['clients_per_round']} of {facts['clients']} clients per round")
    if facts["priced_for_clients"] != facts["clients"]:
        print(f"priced   for {facts['priced_for_clients']:,.0f} clients; accuracy would be that of {facts['clients']}")
    print(f"fleet    {facts['fleet']}; network {facts['network']}; PUE {facts['pue']:g}")
    print("grid     " + ", ".join(_grid(entry) for entry in facts["grid"]))
    if facts["start"]:
        flat = "; countries without hours at their annual mean" if facts["flat"] else ""
        print(f"start    {facts['start']} (UTC), priced hour by hour{flat}")


def _grid(entry: Mapping[str, Any]) -> str:
    marginal = ", marginal" if entry["kind"] == "marginal" else ""
    return f"{entry['country']} {entry['g_per_kwh']:g} g/kWh ({entry['year'] or 'yours'}{marginal})"


def _with_range(facts: Mapping[str, Any], what: str, part: str) -> str:
    unit = {"co2e_kg": "kg", "energy_kwh": "kWh"}[what]
    low, high = facts["range"][what][part]
    return quantity_range(facts[what][part], low, high, unit)


def _share(kg: float, total: float) -> str:
    return f"{kg / total:.1%}" if total else "-"


def _print_shift(shift: Mapping[str, Any]) -> None:
    best, given = quantity(shift["best_co2e_kg"], "kg"), quantity(shift["co2e_kg"], "kg")
    print(f"shift    {shift['best_start']} instead of {shift['start']}: {best} instead of {given}, ", end="")
    print(f"{shift['saving']:.1%} less ({shift['note']})")
