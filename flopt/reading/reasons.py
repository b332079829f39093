"""Reasons: what stands around a recommended point, what it emits for, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flopt.fronts import Candidate, Front, Point
from flopt.reading.certainty import certainty
from flopt.reading.knobs import Move, best_moves, dominant_part
from flopt.reading.rate import POINT
from flopt.reading.recommend import Recommendation
from flopt.search.problem import Problem

__all__ = ["Neighbour", "Reasons", "reasons"]


@dataclass(frozen=True, eq=False)
class Neighbour:
    """The next point of the front, cheaper or dearer."""

    point: Point
    accuracy: float
    """Its accuracy less the recommended point's."""
    co2e_kg: float
    """Its kg CO2e less the recommended point's."""

    @property
    def kg_per_point(self) -> float | None:
        """kg CO2e for each point (0.01) of accuracy between the two; None where accuracy and CO2e do not both move."""
        same_way = self.accuracy * self.co2e_kg > 0
        return self.co2e_kg / self.accuracy * POINT if same_way else None


@dataclass(frozen=True, eq=False)
class Reasons:
    """Why a point, and how far to trust it."""

    cheaper: Neighbour | None
    dearer: Neighbour | None
    part: str
    """The part with the most CO2e."""
    part_share: float
    moves: tuple[Move, ...]
    """Settings that would cut that part, priced again; best first."""
    probability: float
    """Share of the draws of all coefficients in which the point is non-dominated."""
    seeds: int
    """Runs of this plan with different seeds."""
    ties: tuple[str, ...]
    """run@round of points that are as good, by the rule or in every objective."""


def reasons(found: Recommendation, front: Front, candidates: Sequence[Candidate], problem: Problem) -> Reasons:
    """The reasons for a recommended point of this front."""
    point = found.point
    row = front.points.index(point)
    part, share = dominant_part(point.run)
    return Reasons(
        cheaper=_neighbour(point, front.points[row - 1]) if row else None,
        dearer=_neighbour(point, front.points[row + 1]) if row + 1 < len(front) else None,
        part=part,
        part_share=share,
        moves=tuple(best_moves(point.run, problem)),
        probability=certainty(front, problem)[row].probability,
        seeds=point.seeds,
        ties=tuple(sorted({_place(tie) for tie in found.ties} | _equals(point, front, candidates))),
    )


def _neighbour(point: Point, other: Point) -> Neighbour:
    return Neighbour(other, other.run.accuracy - point.run.accuracy, other.run.co2e_kg - point.run.co2e_kg)


def _equals(point: Point, front: Front, candidates: Sequence[Candidate]) -> set[str]:
    """Rounds of other runs with the very same values: the front keeps the earliest run of equal points."""
    found = set()
    for candidate in candidates:
        if candidate.number != point.number:
            along = {o.name: o.along(candidate.run) for o in front.objectives}
            same = candidate.allowed.copy()
            for name, values in along.items():
                same &= values == point.values[name]
            found |= {f"{candidate.number}@{r + 1}" for r in same.nonzero()[0]}
    return found


def _place(point: Point) -> str:
    return f"{point.number}@{point.run.rounds}"
