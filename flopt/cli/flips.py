"""`flopt flips`: where the recommended plan changes as one factor moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flopt.cli.front import limit_of, tell_repairs
from flopt.cli.printing import note, print_json, print_table
from flopt.errors import FloptError
from flopt.fronts import Point
from flopt.plan import told
from flopt.reading.factor import Factor, factor
from flopt.reading.flips import Flips, find_flips
from flopt.reading.recommend import Rule, recommend
from flopt.reading.reprice import OLD_PARTICIPATION
from flopt.results import Results, open_results, runnable
from flopt.search.problem import Limit

__all__ = ["Chooser", "print_flips"]

Key = tuple[int, int] | None
"""A recommended point: run and round; None where no point is within the limits."""


def print_flips(folder: Path, vary: str, at_least: Sequence[str], at_most: Sequence[str], *, as_json: bool) -> int:
    """Print the recommended plan on each stretch of the range; returns 1 where there is none on any."""
    results = open_results(folder)
    name, low, high = _range(vary)
    limits = [limit_of(text, results, "at_least") for text in at_least]
    limits += [limit_of(text, results, "at_most") for text in at_most]
    moving = factor(results.problem, name)
    moving.at(low), moving.at(high)  # a value that the pricing refuses is said before any front is made
    tell_repairs(results)
    chooser = Chooser(results, moving, limits, {})
    facts = _facts(chooser, find_flips(chooser, low, high), low, high)
    if moving.decides_who_takes_part:
        note(f"{OLD_PARTICIPATION}: with another {name} other clients would take part")
    if as_json:
        print_json(facts)
    else:
        _print(facts)
    if all(stretch["run"] is None for stretch in facts["stretches"]):
        note(f"{folder}: no point of any front has {' and '.join(map(str, limits)) or 'been found yet'}")
        return 1
    return 0


@dataclass(frozen=True, eq=False)
class Chooser:
    """The recommended point under a value of the factor, by the rule of `flopt recommend`."""

    results: Results
    factor: Factor
    limits: Sequence[Limit]
    points: dict[tuple[int, int], tuple[Point, str]]
    """Every point that was chosen once, with the reason."""
    rule: Rule | None = None

    def __call__(self, value: float) -> Key:
        """Run and round of the recommended point."""
        moved = replace(self.results, problem=self.factor.at(value))
        if self.factor.decides_who_takes_part:  # at some values a plan cannot be run at all
            moved, _ = runnable(moved)
        found = recommend(moved.front(), self.limits, self.rule)
        if found is None:
            return None
        key = found.point.number, found.point.run.rounds
        self.points.setdefault(key, (found.point, found.reason))
        return key


def _range(text: str) -> tuple[str, float, float]:
    name, equals, ends = text.rpartition("=")
    low, colon, high = ends.partition(":")
    try:
        bounds = float(low), float(high)
    except ValueError:
        bounds = math.nan, math.nan
    if not (equals and colon and 0 < bounds[0] < bounds[1] < math.inf):
        raise FloptError(
            f"--vary {text!r}: write NAME=LOW:HIGH, two numbers above 0, such as network.kwh_per_gb=0.001:0.1"
        )
    return name, *bounds


def _facts(chooser: Chooser, flips: Flips[Key], low: float, high: float) -> dict[str, Any]:
    moving, today = chooser.factor, chooser.factor.today
    nearest = flips.nearest(today) if today else None
    reasons = {reason for _, reason in chooser.points.values()}
    return {
        "factor": moving.name,
        "unit": moving.unit,
        "today": today,
        "low": low,
        "high": high,
        "network": chooser.results.problem.pricing.network,
        "effect": moving.has_effect(low, high),
        "rule": reasons.pop() if len(reasons) == 1 else "; ".join(sorted(reasons)),
        "label": OLD_PARTICIPATION if moving.decides_who_takes_part else "",
        "stretches": [{"low": each.low, "high": each.high, **_plan(chooser, each.choice)} for each in flips.stretches],
        "flips": flips.points,
        "today_choice": _plan(chooser, chooser(today)) if today else None,
        "nearest_flip": nearest,
        "nearest_flip_ratio": None if nearest is None or not today else nearest / today,
    }


def _plan(chooser: Chooser, key: Key) -> dict[str, Any]:
    if key is None:
        return {"run": None, "round": None, "accuracy": None, "plan": None}
    run = chooser.points[key][0].run
    return {"run": key[0], "round": key[1], "accuracy": run.accuracy, "plan": run.plan.settings()}


def _print(facts: dict[str, Any]) -> None:
    unit = "" if facts["unit"] == "1" else f" {facts['unit']}"
    today = "today's values differ" if facts["today"] is None else f"today {facts['today']:g}{unit}"
    print(f"{facts['factor']} from {facts['low']:g} to {facts['high']:g}{unit}; {today}")
    print(f"rule: {facts['rule'] or 'no point within the limits'}\n")
    rows = [[f"{s['low']:.5g}", f"{s['high']:.5g}", *_cells(s)] for s in facts["stretches"]]
    print_table(["from", f"to{unit}", "run@round", "accuracy", "epochs", "fraction", "batch", "lr", "uplink"], rows)
    print(f"\n{_robust(facts, unit)}")
    if facts["label"]:
        print(facts["label"])


def _cells(stretch: dict[str, Any]) -> list[str]:
    if stretch["run"] is None:
        return ["none within the limits", *[""] * 6]
    plan = stretch["plan"]
    return [
        f"{stretch['run']}@{stretch['round']}",
        f"{stretch['accuracy']:.4f}",
        str(plan["local_epochs"]),
        f"{plan['client_fraction']:.3g}",
        str(plan["batch_size"]),
        f"{plan['client_lr']:.3g}",
        told(plan["uplink"]),
    ]


def _robust(facts: dict[str, Any], unit: str) -> str:
    """How far today's value is from the nearest flip."""
    today, nearest = facts["today"], facts["nearest_flip"]
    count = len(facts["flips"])
    if not facts["effect"]:
        return f"no flip: {facts['factor']} has no effect on this price (network model {facts['network']})"
    if not count:
        return f"no flip from {facts['low']:g} to {facts['high']:g}{unit}: the choice is robust over the whole range"
    flips = f"{count} flip{'s' if count > 1 else ''}"
    if nearest is None:
        return f"{flips}; today's values differ, so that none is nearest"
    ratio = nearest / today
    apart = f"{ratio:.3g} times" if ratio >= 1 else f"1/{1 / ratio:.3g} of"
    outside = "" if facts["low"] <= today <= facts["high"] else " (today's value lies outside the range)"
    return f"{flips}; the nearest is at {nearest:.5g}{unit}, {apart} today's {today:g}{outside}"
