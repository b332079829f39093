"""How the winner of the search race compares: ratios of what is needed, beside what is wanted, and paired tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from _race_results import PREFIXES, Row
from _race_score import Scorer
from _race_tables import SPENT, budgets, needed, quartiles, reached
from scipy.stats import wilcoxon

__all__ = ["OURS", "WANTED", "Wanted", "ratio", "told_ratios", "told_reports", "told_tests"]

OURS = "trajectory"


@dataclass(frozen=True)
class Wanted:
    """A line of the project's aim: the factor by which ours should need less."""

    other: str
    """Name of a row."""
    factor: float
    place: str = "chance"
    """At which reference point."""


WANTED = (
    Wanted("tpe", 5),
    Wanted("nsga2", 8),
    Wanted("nsga2 of 12", 8),
    Wanted(f"random{PREFIXES}", 1.5),
    Wanted(f"tpe{PREFIXES}", 1),
    Wanted(f"tpe{PREFIXES}", 2, "region"),
)
"""Written down before the race."""
REPORTED = 0.03
"""How far the reported hypervolume may be from the honest one, as a share of it: written down before, too."""


def ratio(ours: float, other: float, budget: float) -> tuple[float, str]:
    """How many times as much the other needs, and the sign before it: `>` where the other's median is censored.

    Not a number where ours is censored: it did not get there, and by how much it is behind is not known.
    """
    if np.isinf(ours):
        return float("nan"), ""
    return (budget / ours, ">") if np.isinf(other) else (other / ours, "")


def told_ratios(rows: Sequence[Row], scorer: Scorer, target: float, name: str = OURS) -> Iterator[str]:
    """Lines: each ratio of medians beside what is wanted, in rounds and in kg, on the log and the linear scale."""
    by_name = {row.name: row for row in rows}
    if name not in by_name:
        return
    yield f"ratios of medians to {target:.0%}, {name} against others (above 1: {name} needs less)"
    for wanted in WANTED:
        if wanted.other not in by_name:
            yield f"  {wanted.other}: not raced"
            continue
        for number, metric in enumerate(scorer.metrics):
            if metric.name.startswith(wanted.place):
                pair = by_name[name], by_name[wanted.other]
                cells = [_cell(*pair, unit, number, target, wanted) for unit in ("rounds", "kg")]
                yield f"  {wanted.other:20} {metric.name:18} wanted {wanted.factor:g}x: {'; '.join(cells)}"


def _cell(ours: Row, other: Row, unit: str, metric: int, target: float, wanted: Wanted) -> str:
    """`rounds 6.1x met`: judged on the rounds and kg alike."""
    mine, theirs = (quartiles(needed(row, unit, metric, target))[1] for row in (ours, other))
    ended = [SPENT[unit](trail)[-1] for trail in other.trails.values()]
    found, sign = ratio(mine, theirs, float(np.median(ended)))
    if np.isnan(found):
        both = "neither median reached it" if np.isinf(theirs) else f"{ours.name}'s median did not reach it"
        return f"{unit} MISSED ({both})"
    verdict = "met" if found >= wanted.factor else "open (censored)" if sign else "MISSED"
    return f"{unit} {sign}{found:.1f}x {verdict}"


def told_reports(rows: Sequence[Row], scorer: Scorer) -> Iterator[str]:
    """Lines: how far the hypervolume that a front reports is from its honest one, at the end of each search."""
    yield "hypervolume as reported against the honest one, at the end: median over seeds (wanted within 3%)"
    for row in rows:
        cells = []
        for number, metric in enumerate(scorer.metrics):
            ends = [trail.seen[-1, number] / trail.honest[-1, number] - 1 for trail in row.trails.values()
                    if trail.honest[-1, number] > 0]  # fmt: skip
            off = float(np.median(ends)) if ends else float("nan")
            cells.append(f"{metric.name} {off:+.1%} {'met' if abs(off) <= REPORTED else 'MISSED'}")
        yield f"  {row.name:30} {'; '.join(cells)}"


def told_tests(rows: Sequence[Row], scorer: Scorer, metric: int, rounds: int, name: str = OURS) -> Iterator[str]:
    """Lines: in how many seeds ours has more honest hypervolume at fixed budgets of rounds, and Wilcoxon's p."""
    by_name = {row.name: row for row in rows}
    if name not in by_name:
        return
    looks = budgets("rounds", scorer, rounds)
    place = scorer.metrics[metric].name
    yield f"{name} against each at fixed rounds, {place}: seeds won (p of Wilcoxon's signed ranks, two-sided)"
    yield f"  {'method':26}" + "".join(f"{each:>18.0f}" for each in looks)
    for other in rows:
        if other.name != name:
            cells = [
                _won(reached(by_name[name], "rounds", each, metric), reached(other, "rounds", each, metric))
                for each in looks
            ]
            yield f"  {other.name:26}" + "".join(f"{cell:>18}" for cell in cells)


def _won(ours: Mapping[int, float], other: Mapping[int, float]) -> str:
    seeds = sorted(set(ours) & set(other))
    apart = np.array([ours[seed] - other[seed] for seed in seeds])
    if not len(apart):
        return "-"
    p = f"{wilcoxon(apart).pvalue:.3f}" if len(apart) > 4 and apart.any() else "-"
    return f"{int((apart > 0).sum())}/{len(apart)} ({p})"
