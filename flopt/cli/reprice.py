"""`flopt reprice`: a new front from stored runs, for another fleet, country or factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flopt.cli.front import print_points, tell_repairs
from flopt.cli.printing import note, print_json
from flopt.emissions.coefficient import is_number
from flopt.emissions.fleet_file import load_fleet
from flopt.errors import FloptError
from flopt.fronts import Front
from flopt.reading.reprice import OLD_PARTICIPATION, Change, changes, mismatch, same_draw, without_effect
from flopt.reading.table import front_rows
from flopt.results import Results, open_results, runnable
from flopt.search.problem import Problem

__all__ = ["print_repriced", "repriced_problem"]


def print_repriced(
    folder: Path,
    fleet: str | None,
    pricing: Mapping[str, Any],
    population: float | None,
    plot: Path | None,
    *,
    keep_participation: bool,
    as_json: bool,
) -> int:
    """Print the new front and what was changed; returns 1 where there is no point."""
    given = {name: value for name, value in pricing.items() if value is not None}
    if "grid" in given:
        given["grid"] = _grid(given["grid"])
    if fleet is None and population is None and not given:
        raise FloptError("reprice: nothing to change; give --country, --fleet, --network or another option")
    old = open_results(folder)
    problem = repriced_problem(old.problem, fleet, given, population)
    kept = _kept(old, problem, keep=keep_participation)
    results = _runnable(old, problem)
    tell_repairs(results)
    found, front = changes(old.problem, problem), results.front()
    for line in without_effect(found, problem):
        note(line)
    if plot is not None:
        _draw(results, plot, kept=kept)
    if as_json:
        print_json(_json(front, problem, found, kept=kept))
    elif front.points:
        print_points(front, results)
        print(f"repriced: {'; '.join(map(str, found)) or 'everything is as it was'}")
        if kept:
            print(OLD_PARTICIPATION)
    if not front.points:
        note(f"{folder}: no run has a point within the limits")
        return 1
    return 0


def repriced_problem(
    problem: Problem, fleet: str | None, pricing: Mapping[str, Any], population: float | None
) -> Problem:
    """The problem with another price; a bad one is said before anything is priced."""
    changed = replace(
        problem,
        fleet=problem.fleet if fleet is None else load_fleet(fleet),
        pricing=replace(problem.pricing, **pricing),
        population=problem.population if population is None else population,
    )
    if not is_number(changed.population or 1.0):
        raise FloptError(f"reprice: population = {population}: must be a finite number")
    changed.works([problem.base])
    _ = changed.pricer.rates
    return changed


def _grid(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _kept(old: Results, problem: Problem, *, keep: bool) -> bool:
    """Whether other clients would take part, and their old accuracies are kept all the same."""
    found = mismatch(old.problem, problem, old.plans, old.traces)
    if found is None:
        return False
    if not keep:
        raise FloptError(f"reprice: {found}; --keep-participation prices it with the {OLD_PARTICIPATION}")
    note(f"{OLD_PARTICIPATION}: {found}")
    return True


def _runnable(old: Results, problem: Problem) -> Results:
    """The results under the new price, without the runs whose plans the fleet cannot run at all."""
    if same_draw(old.problem, problem) and old.problem.population == problem.population:
        return replace(old, problem=problem)
    results, out = runnable(replace(old, problem=problem))
    if out:
        count = f"{len(out)} run" + ("s" if len(out) > 1 else "")
        note(f"fleet {problem.fleet.name} cannot run the plans of {count}, left out: {_some(out)}")
    return results


def _some(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:12])) + (", ..." if len(numbers) > 12 else "")


def _draw(results: Results, plot: Path, *, kept: bool) -> None:
    from flopt.drawing.front import save_front

    label = f"repriced; {OLD_PARTICIPATION}" if kept else "repriced"
    save_front(results, plot, label=label)
    note(f"wrote {plot}")


def _json(front: Front, problem: Problem, found: list[Change], *, kept: bool) -> dict[str, Any]:
    """The new front; where other clients would have taken part, nobody knows what these would have emitted."""
    rows = front_rows(front, problem, realised=not kept)
    return {
        "kind": "repriced",
        "label": OLD_PARTICIPATION if kept else "",
        "changed": {change.name: {"from": change.before, "to": change.after} for change in found},
        "points": rows,
    }
