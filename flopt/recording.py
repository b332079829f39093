"""Recording: real runs of plans that fill a space, kept as a table for the oracle `recorded`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.oracles.table import CURVES, Table, save_table
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.executors.crew import Crew
from flopt.search.executors.engine import LOCAL, pool_of
from flopt.search.executors.execution import Job
from flopt.search.executors.interrupts import Interrupts
from flopt.search.problem import Problem
from flopt.seeds import stream_seed
from flopt.space import Axis, ChoiceAxis, IntAxis
from flopt.study import Study
from flopt.trace import Trace

__all__ = ["record_table", "spread_plans"]

Report = Callable[[int, int], None]


def record_table(study: Study, plans: int, seeds: int, rounds: int, file: Path, report: Report | None = None) -> Table:
    """Train every plan with every seed and write the table; `report` gets runs done and runs in all.

    Finished runs are kept line by line in a file beside the table, so that the same command goes on where it
    stopped. The task's partition follows the study's seed; the runs have the seeds 0, 1, ...
    """
    for name, value in (("plans", plans), ("seeds", seeds), ("rounds", rounds)):
        if value < 1:
            raise FloptError(f"record: {name} = {value}: must be at least 1")
    problem = problem_of(study)
    load_oracle(problem.oracle, problem.source, problem.task)  # what would break every run is said now
    chosen = spread_plans(problem, plans, rounds, study.seed)
    part = _Part(file.with_name(f"{file.name}.part"), {"task": repr(problem.task), "plans": repr(chosen)})
    missing = [(n, seed) for n in range(plans) for seed in range(seeds) if (n, seed) not in part.done]
    for count, (key, trace) in enumerate(_trained(problem, chosen, missing, study.workers), start=len(part.done) + 1):
        part.add(key, trace)
        if report:
            report(count, plans * seeds)
    _check_any(part)
    table = _table(problem, chosen, seeds, rounds, part.done)
    save_table(table, file)
    part.file.unlink()
    return table


def _check_any(part: _Part) -> None:
    """Refuse a table that would hold nothing."""
    traces = list(part.done.values())
    if not any(len(trace) for trace in traces):
        part.file.unlink()  # else the same command would never train again
        raise FloptError(f"record: every run failed in its first round, such as: {traces[0].reason}")


def spread_plans(problem: Problem, count: int, rounds: int, seed: int) -> tuple[Plan, ...]:
    """Plans that fill the space evenly: a scrambled Sobol' sequence (Owen 1998), one dimension for each axis."""
    from scipy.stats.qmc import Sobol

    axes = {name: axis for name, axis in problem.space.axes.items() if name != "rounds"}
    points = Sobol(len(axes), rng=stream_seed(seed, "record")).random_base2((count - 1).bit_length())[:count]
    values = [{name: _at(axis, share) for (name, axis), share in zip(axes.items(), row, strict=True)} for row in points]
    plans = tuple(replace(problem.space.plan(each, problem.base), rounds=rounds) for each in values)
    if any(plan.horizon_dependent for plan in plans):
        raise FloptError("record: a cosine schedule depends on the rounds, so its curve serves no other number of them")
    return plans


def _at(axis: Axis, share: float) -> Any:
    """The value at a share of an axis, in [0, 1)."""
    if isinstance(axis, ChoiceAxis):
        return axis.choices[int(share * len(axis.choices))]
    low, high = float(axis.low), float(axis.high)
    if isinstance(axis, IntAxis):  # every whole number has a stretch of its own
        low, high = low - 0.5, high + 0.5
    value = low * (high / low) ** share if axis.log else low + share * (high - low)
    return min(max(round(value), int(axis.low)), int(axis.high)) if isinstance(axis, IntAxis) else value


def _trained(
    problem: Problem, plans: tuple[Plan, ...], missing: list[tuple[int, int]], workers: int
) -> Iterator[tuple[tuple[int, int], Trace]]:
    """Every missing run as it finishes."""
    crew = Crew(pool_of(LOCAL, workers, problem.oracle, problem.source), LOCAL.retries, Interrupts())
    try:
        for start in range(0, len(missing), 4 * workers):  # a few at a time: each carries who takes part
            places = range(start, min(start + 4 * workers, len(missing)))
            for place in places:
                number, seed = missing[place]
                plan = plans[number]
                taking_part = problem.participation(plan, seed)
                crew.submit(place, Job(problem.oracle, problem.source, problem.task, plan, taking_part, seed))
            left = len(places)
            while left:
                for place, outcome in crew.finished():
                    left -= 1
                    yield missing[place], outcome.trace
    finally:
        crew.close()


class _Part:
    """Finished runs, one JSON line each, after a first line that says what is recorded."""

    def __init__(self, file: Path, identity: dict[str, str]) -> None:
        self.file = file
        self.done: dict[tuple[int, int], Trace] = {}
        try:
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.is_file() else []
            lines = lines if not lines or lines[-1].endswith("\n") else lines[:-1]  # a kill tore the last one
            if lines and json.loads(lines[0]) != identity:
                raise FloptError(f"{file} holds runs of another recording; delete it, or choose another --out")
            for line in lines[1:]:
                entry = json.loads(line)
                self.done[entry["plan"], entry["seed"]] = Trace.from_json(entry["trace"])
            file.write_text("".join(lines) or json.dumps(identity) + "\n", encoding="utf-8")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FloptError(f"{file}: {type(error).__name__}: {error}") from None

    def add(self, key: tuple[int, int], trace: Trace) -> None:
        self.done[key] = trace
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"plan": key[0], "seed": key[1], "trace": trace.to_json()}) + "\n")


def _table(
    problem: Problem, plans: tuple[Plan, ...], seeds: int, rounds: int, done: dict[tuple[int, int], Trace]
) -> Table:
    curves: dict[str, NDArray[np.float32]] = {}
    for name in CURVES:
        curves[name] = np.full((len(plans), seeds, rounds), np.nan, dtype=np.float32)
        for (number, seed), trace in done.items():
            curves[name][number, seed, : len(trace)] = trace.columns[name]
    return Table(asdict(problem.source), plans, tuple(range(seeds)), curves)
