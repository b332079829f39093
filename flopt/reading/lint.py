"""Lint: claims in a table of results that cannot be, each rule from an error found in published results."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from flopt.pareto import losses, non_dominated
from flopt.reading.claims import Claim, Claims, finite

__all__ = ["RULES", "Facts", "Finding", "lint"]

CLOSE = 1e-9
THOUSANDS = (1e3, 1e-3, 1e6, 1e-6)
PLAUSIBLE_KG_PER_KWH = (0.002, 2.0)
"""Intensity of electricity: from hydropower by itself to the dirtiest coal."""
AT_CHANCE = 0.02
"""Relative distance within which an accuracy is that of guessing."""


@dataclass(frozen=True)
class Finding:
    """One claim that cannot be."""

    rule: str
    row: int
    reason: str


@dataclass(frozen=True)
class Facts:
    """What the table itself does not say."""

    chance: float | None = None
    """Accuracy of guessing; None: that of ten and of a hundred equal classes."""
    is_front: bool = True
    """Whether the rows claim to be a front: always, unless they have seeds or per-round rows."""


Rule = Callable[[Claims, Facts], Iterator[Finding]]


def lint(claims: Claims, facts: Facts | None = None) -> list[Finding]:
    """Everything that cannot be, by row."""
    given = facts or Facts()
    found = [finding for rule in RULES.values() for finding in rule(claims, given)]
    return sorted(found, key=lambda finding: (finding.row, finding.rule))


def _front(claims: Claims, facts: Facts) -> Iterator[Finding]:
    """Duplicate and dominated points; a table with seeds is one of runs and no front."""
    rows = [row for row in claims.rows if finite((row.get("accuracy"), row.get("co2e")))]
    if not facts.is_front or any("seed" in row.values for row in claims.rows) or len(rows) < 2:
        return
    seen: dict[tuple[float, float], int] = {}
    values = np.array([[row.get("accuracy"), row.get("co2e")] for row in rows])
    good = non_dominated(losses(values, ["maximize", "minimize"]))
    for row, (accuracy, kg), kept in zip(rows, values.tolist(), good, strict=True):
        if (accuracy, kg) in seen:
            yield Finding("duplicate", row.row, f"the same accuracy and CO2e as row {seen[accuracy, kg]}")
            continue
        seen[accuracy, kg] = row.row
        if not kept:
            better = next(r for r in rows if _dominates(r, row))
            yield Finding(
                "dominated",
                row.row,
                f"accuracy {accuracy:.6g} for {kg:.6g} kg: row {better.row} has {better.get('accuracy'):.6g} "
                f"for {better.get('co2e'):.6g} kg",
            )


def _dominates(one: Claim, other: Claim) -> bool:
    pairs = (one.get("accuracy"), -one.get("co2e")), (other.get("accuracy"), -other.get("co2e"))
    return pairs[0] != pairs[1] and all(a >= b for a, b in zip(*pairs, strict=True))


def _spread(claims: Claims, _: Facts) -> Iterator[Finding]:
    """Measured CO2 that is the same for every seed, while the accuracy is not; an expected value may be."""
    groups: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for row in claims.rows:
        if finite((row.get("seed"), row.get("co2e"))):
            groups[(*row.settings, row.values.get("rounds"))].append(row)
    for rows in [] if claims.expected else groups.values():
        if len({row.get("seed") for row in rows}) > 1 and len({row.get("co2e") for row in rows}) == 1:
            seeds = len({row.get("seed") for row in rows})
            yield Finding("zero spread", rows[0].row, f"CO2e is {rows[0].get('co2e'):.6g} kg for all of {seeds} seeds")


def _zero_energy(claims: Claims, _: Facts) -> Iterator[Finding]:
    for row in claims.rows:
        for name, unit in (("energy", "kWh"), ("co2e", "kg")):
            if row.get(name) <= 0 and (row.get("duration") > 0 or row.get("rounds") > 0):
                spent = f"{row.get('duration'):g} s" if row.get("duration") > 0 else f"{row.get('rounds'):g} rounds"
                yield Finding("zero energy", row.row, f"{name} is {row.get(name):g} {unit} after {spent}")


def _chance(claims: Claims, facts: Facts) -> Iterator[Finding]:
    levels = (0.1, 0.01) if facts.chance is None else (facts.chance,)
    for row in claims.rows:
        accuracy = row.get("accuracy")
        for level in levels:
            if abs(accuracy - level) <= AT_CHANCE * level or (facts.chance is not None and accuracy < level):
                known = "" if facts.chance is not None else f", if it has {1 / level:.0f} classes"
                yield Finding("chance", row.row, f"accuracy {accuracy:.4g}: guessing has {level:.4g}{known}")
                break


def _volume(claims: Claims, _: Facts) -> Iterator[Finding]:
    """A hypervolume of accuracy against kg lies in a box of at most 1 - reference by the reference's kg."""
    for row in claims.rows:
        volume = row.get("hypervolume")
        worst, kg = row.values.get("reference_accuracy", 0.0), row.values.get("reference_co2e", 1.0)
        box = (1 - worst) * kg
        if volume > box * (1 + CLOSE):
            what = f"reference {worst:g}, {kg:g} kg" if "reference_co2e" in row.values else "normalised"
            yield Finding("hypervolume", row.row, f"hypervolume {volume:.6g} above its box of {box:.6g} ({what})")


def _per_round(claims: Claims, _: Facts) -> Iterator[Finding]:
    """Totals that are means per round: equal to the mean beside them, or to a round's share of their parts."""
    for row in claims.rows:
        rounds = row.get("rounds")
        if not rounds > 1:
            continue
        for name, mean in row.per_round.items():
            if mean > 0 and math.isclose(row.get(name), mean, rel_tol=1e-6):
                yield Finding("per round", row.row, f"{name} is the mean of one round, yet there were {rounds:g}")
        for name, parts in row.parts.items():
            if math.isclose(row.get(name) * rounds, sum(parts.values()), rel_tol=1e-3):
                yield Finding("per round", row.row, f"{name} is its parts over {rounds:g} rounds: a mean, not a total")


def _thousand(claims: Claims, _: Facts) -> Iterator[Finding]:
    """Factors of 1000: a total against its parts, and kilograms against kilowatt-hours."""
    low, high = PLAUSIBLE_KG_PER_KWH
    for row in claims.rows:
        for name, parts in row.parts.items():
            total, whole = row.get(name), sum(parts.values())
            for factor in THOUSANDS:
                if whole > 0 and math.isclose(total / whole, factor, rel_tol=0.02):
                    yield Finding("factor 1000", row.row, f"{name} is {factor:g} times the sum of its parts")
            yield from _one_part(row, name, parts)
        kg, kwh = row.get("co2e"), row.get("energy")
        if kg > 0 and kwh > 0 and not low <= kg / kwh <= high:
            yield Finding("factor 1000", row.row, f"{kg / kwh:.3g} kg for a kWh; grids have {low:g} to {high:g}")


def _one_part(row: Claim, name: str, parts: Mapping[str, float]) -> Iterator[Finding]:
    """One part that is off: the total would be right with that part a thousandth or a thousand times."""
    total, whole = row.get(name), sum(parts.values())
    for part, value in parts.items():
        for factor in THOUSANDS:
            scaled = whole - value + value * factor
            if value > 0 and not math.isclose(whole, total, rel_tol=0.02) and math.isclose(scaled, total, rel_tol=1e-6):
                yield Finding("factor 1000", row.row, f"{name}: {part} is {1 / factor:g} times what the total says")


RULES: dict[str, Rule] = {
    "front": _front,
    "zero spread": _spread,
    "zero energy": _zero_energy,
    "chance": _chance,
    "hypervolume": _volume,
    "per round": _per_round,
    "factor 1000": _thousand,
}
