"""Certainty: how far the coefficients' ranges move each point of a front, and whether it stays on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.footprint import Footprint, Parts
from flopt.emissions.uncertainty import DRAWS, Draws, Interval, drawn_totals, interval, probability_non_dominated
from flopt.emissions.work import Work, joined_works
from flopt.fronts import Front, Point
from flopt.objectives import Objective
from flopt.pareto import losses
from flopt.run import Run
from flopt.search.problem import Problem

__all__ = ["Certainty", "certainty", "run_intervals"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Certainty:
    """One point of a front under the ranges of the coefficients; the learned values are taken as expected."""

    intervals: dict[str, Interval]
    """Objective name -> value and range: of what is learned over seeds, of the rest over the coefficients."""
    probability: float
    """Share of the draws of the coefficients in which the point is non-dominated on this front."""


def certainty(front: Front, problem: Problem, *, draws: int = DRAWS, seed: int = 0) -> list[Certainty]:
    """One entry for each point; equal seeds give equal draws, common to all points."""
    if not front.points:
        return []
    totals = _totals([point.run for point in front.points], problem, Draws(draws, seed))
    columns = [
        [_values(objective, point.run, totals, column) for column, point in enumerate(front.points)]
        for objective in front.objectives
    ]
    table = np.transpose(np.array(columns), (2, 1, 0))  # (draws, points, objectives)
    directions = [objective.direction for objective in front.objectives]
    loss = losses(table.reshape(-1, len(directions)), directions).reshape(table.shape)
    chance = probability_non_dominated(loss)
    return [
        Certainty(_ranges(front.objectives, point, table[:, row]), float(chance[row]))
        for row, point in enumerate(front.points)
    ]


def _ranges(objectives: Sequence[Objective], point: Point, drawn: Array) -> dict[str, Interval]:
    """`drawn`, shape (draws, objectives), around the values of a point."""
    found = {o.name: interval(point.values[o.name], drawn[:, column]) for column, o in enumerate(objectives)}
    return found | {name: Interval(point.values[name], *ends) for name, ends in point.intervals.items()}


def run_intervals(run: Run, problem: Problem, *, draws: int = DRAWS, seed: int = 0) -> dict[str, dict[str, Interval]]:
    """Ranges of a run's energy (kWh) and CO2e (kg), part by part and in total, and of its duration (s)."""
    total = _totals([run], problem, Draws(draws, seed))

    def ranges(central: Parts, sums: float, parts: Parts) -> dict[str, Interval]:
        each = {f.name: interval(float(getattr(central, f.name)), getattr(parts, f.name)[:, 0]) for f in fields(parts)}
        return {**each, "total": interval(sums, parts.total[:, 0])}

    return {
        "energy_kwh": ranges(run.energy_kwh_by_part, run.energy_kwh, total.energy_kwh),
        "co2e_kg": ranges(run.co2e_kg_by_part, run.co2e_kg, total.co2e_kg),
        "duration_s": {"total": interval(run.duration_s, total.duration_s[:, 0])},
    }


def _totals(runs: Sequence[Run], problem: Problem, draws: Draws) -> Footprint:
    """The drawn footprints of runs, each stopped where it is; arrays of shape (draws, runs)."""
    work: Work = joined_works([problem.work(run.plan) for run in runs])
    blocks = list(drawn_totals(problem.pricer, work, [run.rounds for run in runs], draws))

    def join(parts: Sequence[Parts]) -> Parts:
        return Parts(*(np.concatenate([getattr(each, f.name) for each in parts]) for f in fields(Parts)))

    return Footprint(
        join([block.energy_kwh for block in blocks]),
        join([block.co2e_kg for block in blocks]),
        np.concatenate([block.duration_s for block in blocks]),
    )


def _values(objective: Objective, run: Run, totals: Footprint, column: int) -> Array:
    """The objective of a run in every draw: on arrays where that agrees with plain calls, else draw by draw."""
    drawn = totals.map(lambda each: each[:, column])
    size = len(drawn.duration_s)

    def plain(draws: Iterable[int]) -> Array:
        return np.array([objective(_Drawn.of(run, drawn.map(itemgetter(draw)))) for draw in draws])

    try:
        whole = np.asarray(objective.measure(_Drawn.of(run, drawn)), dtype=np.float64)
        whole = np.broadcast_to(whole, (size,))  # a number: the same in every draw
    except Exception:  # a function written for numbers may do anything on arrays; plain calls then decide
        return plain(range(size))
    tried = sorted({0, size // 2, size - 1})
    return whole if np.array_equal(whole[tried], plain(tried)) else plain(range(size))


@dataclass(frozen=True, eq=False)
class _Drawn(Run):
    """A stopped run whose price is a draw, or an array of draws."""

    drawn: Footprint

    @classmethod
    def of(cls, run: Run, drawn: Footprint) -> _Drawn:  # type: ignore[override]
        """The run with another price."""
        values: dict[str, Any] = {f.name: getattr(run, f.name) for f in fields(Run)}
        return cls(**values, drawn=drawn)

    @property
    def energy_kwh(self) -> float:
        return self.drawn.energy_kwh.total  # type: ignore[return-value]

    @property
    def co2e_kg(self) -> float:
        return self.drawn.co2e_kg.total  # type: ignore[return-value]

    @property
    def energy_kwh_by_part(self) -> Parts:
        return self.drawn.energy_kwh

    @property
    def co2e_kg_by_part(self) -> Parts:
        return self.drawn.co2e_kg

    @property
    def duration_s(self) -> float:
        return self.drawn.duration_s  # type: ignore[return-value]
