"""Knobs: what moving one setting of a plan would do to its emissions, by pricing it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from flopt.compression import Compression
from flopt.emissions.footprint import PARTS
from flopt.errors import FloptError
from flopt.plan import APP, Plan, Setting
from flopt.run import Run
from flopt.search.problem import Problem
from flopt.space import ChoiceAxis

__all__ = ["Move", "best_moves", "dominant_part", "moves"]

_LEVELS = tuple(level / 12 for level in range(12, -1, -1))
_NOT_MOVED = ("rounds",)
"""Fewer rounds cut every part alike: the cheaper neighbour on the front says what that costs in accuracy."""


@dataclass(frozen=True)
class Move:
    """One setting moved, all else as it is; the accuracy it would reach is not known without training."""

    setting: str
    before: Setting
    after: Setting
    part: str
    part_before_kg: float
    part_after_kg: float
    total_before_kg: float
    total_after_kg: float

    @property
    def cut(self) -> float:
        """Share of all emissions that the move would save; negative where it adds."""
        return 1 - self.total_after_kg / self.total_before_kg if self.total_before_kg else 0.0


def dominant_part(run: Run) -> tuple[str, float]:
    """The part with the most CO2e, and its share of the total."""
    kg = {part: float(getattr(run.co2e_kg_by_part, part)) for part in PARTS}
    part = max(kg, key=lambda name: kg[name])
    return part, kg[part] / run.co2e_kg if run.co2e_kg else 0.0


def moves(run: Run, problem: Problem) -> list[Move]:
    """Every setting that the space searches, halved, doubled, or at each other choice within its axis."""
    part, _ = dominant_part(run)
    found = []
    for setting, plan in _neighbours(run.plan, problem):
        if not problem.can_run(plan):
            continue
        other = problem.run(plan)
        found.append(
            Move(
                setting,
                run.plan.settings()[setting],
                plan.settings()[setting],
                part,
                float(getattr(run.co2e_kg_by_part, part)),
                float(getattr(other.co2e_kg_by_part, part)),
                run.co2e_kg,
                other.co2e_kg,
            )
        )
    return found


def best_moves(run: Run, problem: Problem, *, count: int = 3) -> list[Move]:
    """The move of each setting that cuts the dominant part most without adding elsewhere, the best first."""
    best: dict[str, Move] = {}
    for move in moves(run, problem):
        if move.part_after_kg < move.part_before_kg and move.total_after_kg < move.total_before_kg:
            held = best.get(move.setting)
            if held is None or move.total_after_kg < held.total_after_kg:
                best[move.setting] = move
    return sorted(best.values(), key=lambda move: move.total_after_kg)[:count]


def _neighbours(plan: Plan, problem: Problem) -> Iterator[tuple[str, Plan]]:
    settings = plan.settings()
    for name, value in _values(plan, problem):
        if settings[name] != value:
            with suppress(FloptError):  # a combination that is no plan
                yield name, Plan.of({name: value}, plan)


def _values(plan: Plan, problem: Problem) -> Iterator[tuple[str, Setting]]:
    for axis_name, axis in problem.space.axes.items():
        name, _, kind = axis_name.partition(".")
        if name in _NOT_MOVED or kind == "level" or axis_name.startswith(APP):  # a Flower app's own key has no price
            continue
        if kind == "kind" and isinstance(axis, ChoiceAxis):
            now = getattr(plan, name).wire_bytes(problem.task.tensors)
            yield from ((name, text) for text in _halved(map(str, axis.choices), now, problem))
        elif isinstance(axis, ChoiceAxis):
            yield from ((name, choice) for choice in axis.choices)
        else:
            number, whole = float(getattr(plan, name)), isinstance(axis.low, int)
            for moved in (number / 2, number * 2):
                value = min(max(moved, axis.low), axis.high)
                yield name, max(int(value), 1) if whole else float(value)


def _halved(kinds: Iterable[str], now_bytes: int, problem: Problem) -> Iterator[str]:
    """Of each kind of compression the mildest whose messages are at most half as long as now."""
    for kind in kinds:
        for level in _LEVELS:
            found = Compression.at_level(kind, level)
            if found.wire_bytes(problem.task.tensors) <= now_bytes / 2:
                yield str(found)
                break
