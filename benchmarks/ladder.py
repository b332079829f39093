"""How many rounds of real training does a ladder of oracles save, against the dear oracle alone?

Every search trains digits for real (`simulated`), by the shipped default study. The ladders have before it: the curves
that were recorded of the same task, those of another task, and a formula that knows no data. The front that a search
reports is scored with fresh seeds that no search saw. Searches with and without the ladder alternate.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flopt import tune
from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.oracle import Oracle
from flopt.plan import Plan
from flopt.results import Results, open_results, problem_of
from flopt.search.books import Progress
from flopt.search.ensembles import same_plan
from flopt.search.problem import Problem
from flopt.search.volume import Box, box_of
from flopt.study import study_of

Array = NDArray[np.float64]

BORROWED = str(Path(__file__).with_name("_ladder_borrowed.py"))
LADDERS = {
    "alone": (),
    "recorded": ("recorded",),
    "other task": (BORROWED,),
    "analytic": ("analytic",),
}
"""What stands before the dear oracle."""
FRESH = {"simulated": (1000, 1001), "recorded": (3, 4)}
"""Seeds of the honest score; a table has no others than those that searches see."""
MARKS, FIRST = 24, 4
"""Rounds at which a front is looked at, log-spaced, and the first of them."""
LEVELS = (0.9, 0.95)


@dataclass(frozen=True, eq=False)
class History:
    """One search: what its front was worth as it went on."""

    rounds: Array
    """Dear rounds spent, shape (marks,)."""
    seconds: Array
    """CPU seconds of the whole search until then, its cheap runs and its proposals included."""
    honest: Array
    """Share of the box that the reported front dominates with fresh seeds."""
    seen: Array
    """The same as the search reports it."""
    predicting_s: float
    """CPU seconds until the first dear run is told, that run included."""

    def reached(self, level: float, spent: Array) -> float:
        """What was spent when the honest share was at `level` for the first time; infinite where it never was."""
        there = np.flatnonzero(self.honest >= level)
        return float(spent[there[0]]) if len(there) else math.inf


@dataclass(eq=False)
class Judge:
    """Trains the plans of fronts with fresh seeds, each but once."""

    problem: Problem
    oracle: Oracle
    box: Box
    seeds: tuple[int, ...]
    curves: dict[tuple[Hashable, int], Array] = field(default_factory=dict)

    @classmethod
    def of(cls, dear: str) -> Judge:
        """The judge of the shipped study."""
        problem = problem_of(study_of({"oracle": dear}))
        return cls(problem, load_oracle(dear, problem.source, problem.task), box_of(problem), FRESH[dear])

    def share(self, results: Results) -> tuple[float, float]:
        """Share of the box of the front of these results: with fresh seeds, and as they say themselves."""
        points = results.front().points
        if not points:
            return 0.0, 0.0
        honest = [[self._accuracy(p.run.whole_plan, p.run.rounds), p.values["co2e"]] for p in points]
        seen = [[p.values["accuracy"], p.values["co2e"]] for p in points]
        return self.box.share(np.array(honest)), self.box.share(np.array(seen))

    def _accuracy(self, plan: Plan, rounds: int) -> float:
        """Mean over the fresh seeds; a run that fails before counts as guessing the largest class."""
        curves = [self._curve(plan, seed, rounds) for seed in self.seeds]
        chance = self.problem.task.majority_share
        return float(np.mean([curve[rounds - 1] if len(curve) >= rounds else chance for curve in curves]))

    def _curve(self, plan: Plan, seed: int, rounds: int) -> Array:
        known = self.curves.get((same_plan(plan), seed), np.empty(0))
        if len(known) >= rounds:
            return known
        cut = replace(plan, rounds=rounds)
        found: list[float] = []
        with suppress(FloptError):  # it diverged: that is all there is
            found.extend(r.accuracy for r in self.oracle(cut, self.problem.participation(cut, seed), seed))
        self.curves[same_plan(plan), seed] = np.array(found)
        return np.array(found)


def search(judge: Judge, cheaper: Sequence[str], dear: str, seed: int, rounds: int) -> History:
    """One search of so many dear rounds, judged at log-spaced marks."""
    began, told = time.process_time(), []

    def report(progress: Progress) -> None:
        if progress.runs:
            told.append((progress.runs + progress.predicted, time.process_time() - began))

    study = {"oracle": [*cheaper, dear], "seed": seed, "workers": 1, "lag": 1, "budget": {"rounds": rounds}}
    with tempfile.TemporaryDirectory() as folder:
        tune(study, out=folder, report=report)
        results = open_results(Path(folder))
    return History(*_marked(judge, results, told, rounds), predicting_s=told[0][1])


def _marked(
    judge: Judge, results: Results, told: Sequence[tuple[int, float]], rounds: int
) -> tuple[Array, Array, Array, Array]:
    """Rounds, seconds, honest and seen shares at each mark."""
    spent = np.cumsum([0 if trace is None else len(trace) for trace in results.traces])
    rows = []
    for mark in np.unique(np.geomspace(FIRST, rounds, MARKS).round()):
        past = [(runs, at) for runs, at in told if spent[runs - 1] <= mark]
        if not past:
            continue
        runs, seconds = past[-1]
        traces = tuple(trace if n < runs else None for n, trace in enumerate(results.traces))
        rows.append((mark, seconds, *judge.share(replace(results, traces=traces, _worked_out=[]))))
    return tuple(np.array(column) for column in zip(*rows, strict=True))  # type: ignore[return-value]


def compared(found: dict[str, list[History]]) -> Iterator[str]:
    """Lines: honest hypervolume on the way, and what each ladder saves, seed by seed."""
    best = max(float(each.honest.max()) for histories in found.values() for each in histories)
    yield f"honest hypervolume, share of the best that any search reached ({best:.4f} of the box); median [min, max]"
    for name, histories in found.items():
        cells = []
        for part in (0.25, 0.5, 1.0):
            values = [float(np.interp(part * each.rounds[-1], each.rounds, each.honest)) / best for each in histories]
            cells.append(f"{part * histories[0].rounds[-1]:.0f} rounds {_spread(values)}")
        optimism = _spread([float(each.seen[-1] / each.honest[-1]) for each in histories])
        until = _spread([each.predicting_s for each in histories])
        yield f"  {name:11} {'; '.join(cells)}; reported / honest {optimism}; first dear run told after {until} s (CPU)"
    for level in LEVELS:
        yield f"rounds to {level:.0%} of it (CPU seconds), seed by seed; alone / ladder, above 1: the ladder saves"
        for name, histories in found.items():
            yield f"  {name:11} {_needed(histories, found['alone'], level * best, with_ratio=name != 'alone')}"


def _needed(histories: Sequence[History], alone: Sequence[History], level: float, *, with_ratio: bool) -> str:
    """What each search needed; the ratios in rounds, and from which price of a round on the ladder saves time too."""
    rounds = [each.reached(level, each.rounds) for each in histories]
    seconds = [each.reached(level, each.seconds) for each in histories]
    said = ", ".join(f"{_said(r)} ({s:.3g} s)" if r < math.inf else ">" for r, s in zip(rounds, seconds, strict=True))
    if not with_ratio:
        return said
    before = [each.reached(level, each.rounds) for each in alone]
    before_s = [each.reached(level, each.seconds) for each in alone]
    pairs = [(a, b) for a, b in zip(before, rounds, strict=True) if min(a, b) < math.inf]
    ratios = [a / b for a, b in pairs]
    both = [
        (a - r, s - t)
        for a, r, s, t in zip(before, rounds, seconds, before_s, strict=True)
        if max(a, r) < math.inf and a > r
    ]
    prices = [max(0.0, extra / saved) for saved, extra in both]
    return (
        f"{said}; ratio {_spread(ratios)}, lost on {sum(ratio < 1 for ratio in ratios)} of {len(ratios)}; where it "
        f"saves rounds, it saves time once a round is dearer by {_spread(prices)} s than here"
    )


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    low, middle, high = (float(np.quantile(values, q, method="nearest")) for q in (0, 0.5, 1))
    return f"{middle:.3g} [{low:.3g}, {high:.3g}]"


def _said(value: float) -> str:
    return f"{value:.0f}" if value < math.inf else ">"


def main() -> None:
    """Search with every ladder and every seed, and compare."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--rounds", type=int, default=400)
    options.add_argument("--dear", choices=FRESH, default="simulated")
    options.add_argument("--ladders", nargs="*", choices=LADDERS, default=list(LADDERS))
    chosen = options.parse_args()
    names = [name for name in chosen.ladders if (chosen.dear,) != LADDERS[name]]
    judge = Judge.of(chosen.dear)
    found: dict[str, list[History]] = {name: [] for name in names}
    for seed in range(chosen.seeds):
        for name in names if seed % 2 else names[::-1]:
            found[name].append(search(judge, LADDERS[name], chosen.dear, seed, chosen.rounds))
            print(f"seed {seed}, {name}: honest {found[name][-1].honest.round(3).tolist()}", flush=True)
    print(f"{chosen.dear} on digits, {chosen.seeds} seeds, {chosen.rounds} dear rounds")
    print("\n".join(compared(found)))


if __name__ == "__main__":
    main()
