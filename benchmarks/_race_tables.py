"""What the search race prints: how much each method reached with a budget, and what it needed for a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from _race_results import Row
from _race_score import Metric, Scorer, Trail
from numpy.typing import NDArray

__all__ = ["SPENT", "budgets", "needed", "quartiles", "reached", "told_needed", "told_reached"]

Array = NDArray[np.float64]
Spent = Callable[[Trail], Array]

_ROUNDS = (100, 200, 500, 1000, 2000, 3000, 5000)
SPENT: dict[str, Spent] = {"rounds": lambda trail: trail.rounds, "kg": lambda trail: trail.kg}
"""What a budget is in: rounds trained, or their deployment price in kg CO2e, the stand-in for what training emits."""


def budgets(unit: str, scorer: Scorer, rounds: int) -> list[float]:
    """Budgets to look at: of rounds, or of kg as multiples of the dearest plan."""
    if unit == "rounds":
        return [float(each) for each in _ROUNDS if each <= rounds]
    return [scorer.world.dearest_kg * each for each in (0.1, 0.3, 1, 3, 10)]


def reached(row: Row, unit: str, budget: float, metric: int, *, honest: bool = True) -> dict[int, float]:
    """Share of the best-known hypervolume at a budget, by seed; empty where any search ended before it."""
    if any(SPENT[unit](trail)[-1] < budget for trail in row.trails.values()):
        return {}
    found = {}
    for seed, trail in row.trails.items():
        at, volumes = trail.at(SPENT[unit](trail), budget), trail.honest if honest else trail.seen
        found[seed] = float(volumes[at, metric]) if at >= 0 else 0.0
    return found


def needed(row: Row, unit: str, metric: int, target: float) -> Array:
    """What each search had spent when it first reached the target, shape (seeds,); infinite where it never did."""
    return np.array([trail.first(SPENT[unit](trail), metric, target) for trail in row.trails.values()])


def quartiles(values: Array) -> tuple[float, float, float]:
    """First quartile, median, third quartile; censored values are infinite, and a quartile between them is too."""
    ordered = np.sort(values)
    found = []
    for share in (0.25, 0.5, 0.75):
        place = share * (len(ordered) - 1)
        low, high = ordered[int(np.floor(place))], ordered[int(np.ceil(place))]
        part = place - np.floor(place)
        found.append(float(low if part == 0 else np.inf if np.isinf(high) else low + part * (high - low)))
    return found[0], found[1], found[2]


def told_reached(rows: Sequence[Row], scorer: Scorer, metric: int, unit: str, rounds: int) -> Iterator[str]:
    """Lines: medians and quartiles of the honest hypervolume at fixed budgets, and the optimism at the last one."""
    looks = budgets(unit, scorer, rounds)
    yield f"honest hypervolume, {scorer.metrics[metric].name}, at budgets in {unit}: median [quartiles] over seeds"
    yield f"  {'method':32}" + "".join(f"{_short(unit, each):>17}" for each in looks) + f"{'seen - honest':>17}"
    for row in rows:
        cells = [_three(np.array([*reached(row, unit, each, metric).values()])) for each in looks]
        ends = np.array([trail.seen[-1, metric] - trail.honest[-1, metric] for trail in row.trails.values()])
        yield f"  {row.name:32}" + "".join(f"{cell:>17}" for cell in cells) + f"{np.median(ends):>+17.3f}"


def told_needed(rows: Sequence[Row], metric: Metric, number: int, target: float) -> Iterator[str]:
    """Lines: rounds and kg until the target was reached, and by how many searches."""
    yield f"to {target:.0%} of the best-known honest hypervolume, {metric.name}: median [quartiles] over seeds"
    yield f"  {'method':32}{'rounds':>24}{'kg':>34}  reached (> was not, and is no number)"
    for row in rows:
        rounds, kg = needed(row, "rounds", number, target), needed(row, "kg", number, target)
        count, ended = int(np.isfinite(rounds).sum()), min(trail.rounds[-1] for trail in row.trails.values())
        told = f"{_spread(rounds, '.0f'):>24}{_spread(kg, '.2e'):>34}"
        yield f"  {row.name:32}{told}  {count} of {len(rounds)} in {ended:.0f} rounds"


def _short(unit: str, budget: float) -> str:
    return f"{budget:.0f}" if unit == "rounds" else f"{budget:.1e} kg"


def _three(values: Array) -> str:
    if not len(values):
        return "-"
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.3f} [{low:.3f},{high:.3f}]".replace("0.", ".")


def _spread(values: Array, form: str) -> str:
    low, middle, high = (format(each, form) if np.isfinite(each) else ">" for each in quartiles(values))
    return f"{middle} [{low}, {high}]"
