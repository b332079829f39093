"""`flopt recommend`: which point of the front to take, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flopt.cli.flips import Chooser
from flopt.cli.front import limit_of, say_value, tell_nearest, tell_repairs, test_accuracy, why_empty
from flopt.cli.printing import note, print_json
from flopt.errors import FloptError
from flopt.fronts import Front
from flopt.plan import told
from flopt.reading.factor import factor
from flopt.reading.flips import find_flips
from flopt.reading.reasons import Neighbour, Reasons, reasons
from flopt.reading.recommend import CarbonPrice, Nearest, Recommendation, Rule, Weights, nearest, recommend
from flopt.reading.table import front_rows
from flopt.results import Results, open_results
from flopt.search.problem import Limit
from flopt.units import quantity

__all__ = ["RuleOptions", "print_recommendation"]

SCAN = 9
"""Values of a factor at which the choice is looked at first; `flopt flips` looks closer."""
SPAN = 10.0
"""A factor is moved from a tenth of today's value to ten times it."""


@dataclass(frozen=True)
class RuleOptions:
    """What the command line says of the rule."""

    eur_per_tonne: float | None = None
    eur_per_point: float | None = None
    trainings: float | None = None
    weights: Sequence[str] = ()

    def rule(self) -> Rule | None:
        """The rule, or None for the knee or the cheapest."""
        priced = [value is not None for value in (self.eur_per_tonne, self.eur_per_point)]
        if self.weights and any(priced):
            raise FloptError("recommend: --weight and --eur-per-tonne are two rules; give one")
        if any(priced) and not all(priced):
            raise FloptError("recommend: a price needs both --eur-per-tonne and --eur-per-point")
        if self.trainings is not None and not any(priced):
            raise FloptError("recommend: --trainings counts with a price; give --eur-per-tonne and --eur-per-point")
        if self.eur_per_tonne is not None and self.eur_per_point is not None:
            often = 1.0 if self.trainings is None else self.trainings
            return CarbonPrice(self.eur_per_tonne, self.eur_per_point, often)
        return Weights(dict(map(_weight, self.weights))) if self.weights else None


def _weight(text: str) -> tuple[str, float]:
    name, equals, value = text.rpartition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not equals or not math.isfinite(number):
        raise FloptError(f"--weight {text!r}: write NAME=NUMBER, such as accuracy=2")
    return name, number


def print_recommendation(
    folder: Path,
    at_least: Sequence[str],
    at_most: Sequence[str],
    options: RuleOptions | None = None,
    *,
    flips: bool = True,
    as_json: bool,
) -> int:
    """Print one point of the front and why it; returns 1 where none meets the limits, with the nearest there is."""
    results, rule = open_results(folder), (options or RuleOptions()).rule()
    tell_repairs(results)
    limits = [limit_of(text, results, "at_least") for text in at_least]
    limits += [limit_of(text, results, "at_most") for text in at_most]
    front = results.front()
    found = recommend(front, limits, rule)
    if found is None:
        return _none(folder, results, front, limits, as_json=as_json)
    why = reasons(found, front, results.candidates(), results.problem)
    moved = _flips(results, limits, rule) if flips else []
    row = next(r for p, r in zip(front.points, front_rows(front, results.problem), strict=True) if p is found.point)
    if as_json:
        print_json({"reason": found.reason, **row, "why": _json(why), "flips": moved})
    else:
        _print(found, front, why, moved)
    return 0


def _none(folder: Path, results: Results, front: Front, limits: Sequence[Limit], *, as_json: bool) -> int:
    """Say what was asked for, and what comes nearest."""
    near = nearest(front, limits)
    if near is None:
        note(f"{folder}: {why_empty(results)}")
    else:
        asked = " and ".join(map(str, limits))
        note(f"{folder}: no point of the front has {asked}; nearest is {tell_nearest(near, front)}")
    if as_json:
        print_json(_nearest_json(near))
    return 1


def _nearest_json(near: Nearest | None) -> dict[str, Any]:
    if near is None:
        return {"run": None, "nearest": None}
    missed = {limit.objective.name: by for limit, by in near.missed}
    place = {"run": near.point.number, "round": near.point.run.rounds, **near.point.values}
    return {"run": None, "nearest": {**place, "plan": near.point.run.plan.settings(), "missed_by": missed}}


def _flips(results: Results, limits: Sequence[Limit], rule: Rule | None) -> list[dict[str, Any]]:
    """How far network and grid may move, each by itself, before another point is recommended."""
    pricing = results.problem.pricing
    moved = results.problem.fleet.moved(pricing.country, pricing.server_country)
    network = {"router": "network.router_w", "per_gb": "network.kwh_per_gb"}.get(pricing.network)
    found = []
    for name in filter(None, (network, f"grid.{moved.server.country}")):
        moving = factor(results.problem, name)
        if moving.today is None or moving.today <= 0 or moving.decides_who_takes_part:
            continue
        chooser = Chooser(results, moving, limits, {}, rule)
        flips = find_flips(chooser, moving.today / SPAN, moving.today * SPAN, values=SCAN)
        held = flips.around(moving.today)
        ends = (None, None) if held is None else (held.low, held.high)
        low = ends[0] if ends[0] in flips.points else None
        high = ends[1] if ends[1] in flips.points else None
        found.append(
            {
                "factor": name,
                "unit": moving.unit,
                "today": moving.today,
                "looked_from": moving.today / SPAN,
                "looked_to": moving.today * SPAN,
                "flips_below": low,
                "flips_above": high,
                "below": None if low is None else _choice(chooser(low * (1 - 1e-3))),
                "above": None if high is None else _choice(chooser(high * (1 + 1e-3))),
            }
        )
    return found


def _choice(key: tuple[int, int] | None) -> str | None:
    return None if key is None else f"{key[0]}@{key[1]}"


def _json(why: Reasons) -> dict[str, Any]:
    return {
        "cheaper": _neighbour_json(why.cheaper),
        "dearer": _neighbour_json(why.dearer),
        "dominant_part": why.part,
        "dominant_share": why.part_share,
        "moves": [{**asdict(move), "cut": move.cut} for move in why.moves],
        "probability_under_coefficients": why.probability,
        "seeds": why.seeds,
        "ties": list(why.ties),
    }


def _neighbour_json(near: Neighbour | None) -> dict[str, Any] | None:
    if near is None:
        return None
    return {
        "run": near.point.number,
        "round": near.point.run.rounds,
        "accuracy_difference": near.accuracy,
        "co2e_kg_difference": near.co2e_kg,
        "co2e_kg_per_accuracy_point": near.kg_per_point,
    }


def _print(found: Recommendation, front: Front, why: Reasons, moved: Sequence[dict[str, Any]]) -> None:
    point = found.point
    values = ", ".join(f"{o.name} {say_value(o, point)}" for o in front.objectives)
    print(f"run {point.number}, stopped after round {point.run.rounds}: {values}")
    if not math.isnan(test_accuracy(point)):  # a Flower app may report none
        print(f"test accuracy {test_accuracy(point):.4f}")
    print(f"why: {found.reason}")
    for name, value in point.run.plan.spoken().items():
        print(f"  {name} = {told(value)!r}" if isinstance(value, str) else f"  {name} = {told(value)}")
    print("on the front:")
    for word, near in (("cheaper", why.cheaper), ("dearer", why.dearer)):
        print(f"  next {word}: {_said(near)}")
    if why.ties:
        print(f"  as good: {', '.join(why.ties)}")
    print(f"emits most by: {why.part} ({100 * why.part_share:.0f} % of its CO2e, predicted)")
    for move in why.moves:
        part = f"{quantity(move.part_before_kg, 'kg')} -> {quantity(move.part_after_kg, 'kg')}"
        change = f"{move.setting} {told(move.before)} -> {told(move.after)}"
        print(f"  {change}: {move.part} {part}, {100 * move.cut:.0f} % of all CO2e")
    if why.moves:
        print("  (priced again with that setting moved; what it does to the accuracy only training can say)")
    seeds = f"{why.seeds} seed" + ("s" if why.seeds != 1 else "")
    print(
        f"how sure: {100 * point.probability:.0f} % that no other point of the front is better, over seeds ({seeds});"
    )
    print(f"  non-dominated in {100 * why.probability:.0f} % of the draws of all coefficients")
    for each in moved:
        print(f"would flip: {_flip(each)}")


def _said(near: Neighbour | None) -> str:
    if near is None:
        return "none, this is the end of the front"
    sign = "+" if near.co2e_kg > 0 else "-"
    change = f"accuracy {near.accuracy:+.4f}, CO2e {sign}{quantity(abs(near.co2e_kg), 'kg')}"
    price = "" if near.kg_per_point is None else f"; {quantity(near.kg_per_point, 'kg')} for each point (0.01)"
    return f"{near.point.number}@{near.point.run.rounds}: {change}{price}"


def _flip(each: dict[str, Any]) -> str:
    unit = "" if each["unit"] == "1" else f" {each['unit']}"
    ends = [
        f"{word} {each[key]:.4g}{unit} to {each[to] or 'none within the limits'}"
        for word, key, to in (("below", "flips_below", "below"), ("above", "flips_above", "above"))
        if each[key] is not None
    ]
    looked = f"{each['looked_from']:.3g} to {each['looked_to']:.3g}"
    where = " and ".join(ends) if ends else f"nowhere from {looked}{unit}"
    return f"{each['factor']} (today {each['today']:.4g}{unit}): {where}"
