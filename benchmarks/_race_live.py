"""The race without a table: searches that really train, scored by training again with seeds that no search used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from _race_results import Results, rows
from _race_score import Scorer, Training
from numpy.typing import NDArray

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.oracle import Oracle
from flopt.pareto import non_dominated
from flopt.plan import Plan
from flopt.results import problem_of
from flopt.search.problem import Problem
from flopt.search.volume import box_of
from flopt.study import study_of
from flopt.trace import Round

__all__ = ["FRESH", "FURTHER", "LiveWorld", "judge", "told_best"]

Array = NDArray[np.float64]

FRESH = tuple(range(1_000_000, 1_000_005))
"""Seeds of the honest score, which no search trains with."""
FURTHER = tuple(range(2_000_000, 2_000_005))
"""Seeds that chose no best-known front either."""
PLACES = 4
"""Decimals of a kept accuracy: far below one sample of the validation data."""


@dataclass(eq=False)
class LiveWorld:
    """A task that is trained on demand; a plan gets its row when it is first proposed."""

    name: str
    problem: Problem
    oracle: Oracle
    longest: int
    dearest_kg: float
    """The dearest corner of the space."""
    plans: list[Plan] = field(default_factory=list)
    curves: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    """Accuracy of each row and seed that a search trained, after each round as far as it came."""
    means: dict[tuple[int, ...], dict[int, Array]] = field(default_factory=lambda: {FRESH: {}, FURTHER: {}})
    """Seeds of a score -> row -> mean accuracy after each round, as far as it was needed."""

    def __post_init__(self) -> None:
        self._rows: dict[Plan, int] = {}
        self._kg = np.empty((0, self.longest))

    @classmethod
    def of(cls, data: str, longest: int = 100) -> LiveWorld:
        """The shipped study on a data set."""
        problem = problem_of(study_of({"task": {"data": data}}))
        oracle = load_oracle("simulated", problem.source, problem.task)
        (dearest,) = (kg for o, kg in zip(problem.objectives, box_of(problem).worst, strict=True) if o.name == "co2e")
        return cls(f"{data}, trained live", problem, oracle, longest, float(dearest))

    @property
    def smoothing(self) -> str:
        """Of the accuracy, as the study declares."""
        return self.problem.source.smoothing

    @property
    def kg(self) -> Array:
        """Deployment price after each round in kg CO2e, shape (plans, rounds)."""
        return self._kg[: len(self.plans)]

    def __str__(self) -> str:
        """What is raced on, in words."""
        return (
            f"{self.name}: {len(self.plans)} plans proposed, {len(self.means[FRESH])} of them, which were on a front, "
            f"trained again with {len(FRESH)} fresh seeds; accuracy smoothed: {self.smoothing}"
        )

    def plan(self, row: int) -> Plan:
        """The plan of a row, with the most rounds."""
        return self.plans[row]

    def row(self, plan: Plan) -> int:
        """Place of a plan, whatever its rounds."""
        whole = replace(plan, rounds=self.longest)
        if whole not in self._rows:
            row = self._rows[whole] = len(self.plans)
            self.plans.append(whole)
            if row == len(self._kg):  # room for twice as many
                self._kg = np.concatenate([self._kg, np.empty((max(64, row), self.longest))])
            self._kg[row] = self.problem.run(whole).along().co2e_kg
        return self._rows[whole]

    def column(self, seed: int, row: int, visits: int) -> int:  # noqa: ARG002  # every plan has the same seeds
        """The seed that a search trains with: its own as in a study, then fresh ones."""
        return seed + 100 * visits

    def rounds(self, row: int, column: int, rounds: int) -> Iterator[Round]:
        """Train, and keep what the search sees; two searches that train the same see the same."""
        kept = self.curves.setdefault((row, column), [])
        for number, each in enumerate(self._trained(row, column, rounds)):
            if number == len(kept):
                kept.append(round(each.accuracy, PLACES))
            yield each

    def seen(self, training: Training) -> Array:
        """Accuracy after each round of a training, shape (rounds,); NaN from the round on in which it failed."""
        found = np.full(training.rounds, np.nan)
        kept = self.curves[training.row, training.column][: training.rounds]
        found[: len(kept)] = kept
        return found

    def others(self, row: int, shown: int, rounds: int) -> Array:  # noqa: ARG002  # no search is shown a fresh seed
        """Mean curve with the fresh seeds, trained when it is first asked for, shape (rounds,)."""
        return self.mean(FRESH, row, rounds)

    def known(self) -> tuple[Array, Array]:
        """Mean accuracy, and kg, of every round of all that was trained with the fresh seeds."""
        found = self.means[FRESH]
        kg = [self.kg[row, : len(mean)] for row, mean in found.items()]
        return np.concatenate([*found.values(), np.empty(0)]), np.concatenate([*kg, np.empty(0)])

    def mean(self, seeds: tuple[int, ...], row: int, rounds: int) -> Array:
        """Mean curve with seeds of a score; a failed run counts as guessing the largest class."""
        known = self.means[seeds].get(row, np.empty(0))
        if len(known) < rounds:
            table = np.full((len(seeds), rounds), self.problem.task.majority_share)
            for place, seed in enumerate(seeds):
                with suppress(FloptError):  # it diverged: that is all there is
                    for number, each in enumerate(self._trained(row, seed, rounds)):
                        table[place, number] = each.accuracy
            known = self.means[seeds][row] = table.mean(axis=0).round(PLACES)
        return known[:rounds]

    def _trained(self, row: int, seed: int, rounds: int) -> Iterator[Round]:
        plan = replace(self.plans[row], rounds=rounds)
        return self.oracle(plan, self.problem.participation(plan, seed), seed)

    def kept(self) -> dict[str, Any]:
        """Plans by what differs from the study's own, and accuracies in units of the last decimal."""
        settings, base = [plan.settings() for plan in self.plans], self.problem.base.settings()
        names = [name for name in base if name != "rounds" and any(each[name] != base[name] for each in settings)]
        curves = [[row, seed, _whole(curve)] for (row, seed), curve in self.curves.items()]
        scores = [
            [list(seeds), {str(row): _whole(mean) for row, mean in by_row.items()}]
            for seeds, by_row in self.means.items()
        ]
        plans = [[each[name] for name in names] for each in settings]
        return {"axes": names, "plans": plans, "curves": curves, "scores": scores}

    def take(self, plain: Mapping[str, Any]) -> None:
        """Take up what a file kept; only before anything was trained, because rows are counted."""
        if self.plans:
            raise FloptError(f"{self.name}: a file of live searches cannot be joined to others")
        for values in plain["plans"]:
            self.row(Plan.of(dict(zip(plain["axes"], values, strict=True)), self.problem.base))
        self.curves = {(row, seed): _parts(curve).tolist() for row, seed, curve in plain["curves"]}
        for seeds, by_row in plain["scores"]:
            if tuple(seeds) in self.means:
                self.means[tuple(seeds)] = {int(row): _parts(mean) for row, mean in by_row.items()}


def _whole(accuracy: Sequence[float] | Array) -> list[int]:
    whole: list[int] = np.rint(np.asarray(accuracy) * 10**PLACES).astype(int).tolist()
    return whole


def _parts(whole: Sequence[int]) -> Array:
    return np.asarray(np.array(whole, dtype=np.float64) / 10**PLACES)


def judge(results: Results, names: Sequence[str], expected: Sequence[str]) -> None:
    """Train again all that was ever on a front: only then is the best-known front one of all searches."""
    for name in names:
        rows(results, Scorer(results.world), [name], expected)
        results.write()


def told_best(world: LiveWorld, scorer: Scorer) -> Iterator[str]:
    """Lines: what the best-known front is, and how much of it was luck of the fresh seeds."""
    owners = [(row, end) for row, mean in world.means[FRESH].items() for end in range(1, len(mean) + 1)]
    accuracy, kg = world.known()
    front = np.flatnonzero(non_dominated(np.column_stack([kg, -accuracy])))
    points = [owners[place] for place in front]
    last = dict(sorted(points))
    again = np.array([world.mean(FURTHER, row, last[row])[end - 1] for row, end in points])
    yield (
        f"best known of these searches, not of the space: {len(points)} points of {len({row for row, _ in points})} "
        f"plans, chosen and scored by the mean of {len(FRESH)} fresh seeds"
    )
    cells = [
        f"{metric.name} {volume:.4g} ({found / volume - 1:+.1%})" if np.isfinite(volume) else f"{metric.name} none"
        for metric, volume, found in zip(scorer.metrics, scorer.best, scorer.volumes(again, kg[front]), strict=True)
    ]
    yield f"  hypervolume (and how much {len(FURTHER)} further seeds give more): {'; '.join(cells)}"
