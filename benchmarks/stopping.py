"""How many rounds does stopping save on recorded curves, what does it cost, and how often is a stop wrong?

Plans of a table are trained in a random order with the rounds of a random proposal, once to their ends and once
with each stopping rule, on identical seeds. A stop is wrong where the mean curve of the plan's seeds would have added
more than 0.2 % of the best-known hypervolume to the front told at its proposal. What is lost is the hypervolume of
the mean curves of all rounds trained, against that of the same plans unstopped. Reference: always guessing the
largest class, or an accuracy of 0.8 that a limit asks for; kg of the study's box.

    python benchmarks/stopping.py --table digits --orders 5
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _race_world import World
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from flopt.catalogue import load_objective
from flopt.oracles.shipped import TABLES
from flopt.pareto import hypervolume
from flopt.plan import Plan
from flopt.search.problem import Limit, Problem
from flopt.search.seen import Seen
from flopt.search.stopper import Stopper
from flopt.search.stopping import HypervolumeStop
from flopt.search.volume import Box, box_of
from flopt.space import Space
from flopt.trace import Round

Array = NDArray[np.float64]

LAG = 8
SHARE = 0.002


@dataclass(frozen=True)
class RecordedSpace(Space):
    """A space that also has its recorded plans, by their rows."""

    plans: tuple[Plan, ...]

    def plan(self, values: Mapping[str, Any], base: Plan) -> Plan:
        """The recorded plan of a row, or that of any other point."""
        return self.plans[values["row"]] if "row" in values else super().plan(values, base)


def main() -> None:
    """Train, and print a line for each rule and question."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--table", default="digits", help="a shipped table, or a file of `flopt record`")
    parser.add_argument("--orders", type=int, default=5, help="random orders of the plans")
    parser.add_argument("--runs", type=int, default=120)
    given = parser.parse_args()
    file = Path(given.table) if given.table.endswith(".npz") else TABLES / f"{given.table}.npz"
    world = World.of(file)
    limit = Limit(load_objective("accuracy"), at_least=0.8)
    space = RecordedSpace(world.problem.space.name, world.problem.space.axes, world.table.plans)
    free = replace(world.problem, space=space)
    for question, problem in (("front", free), ("accuracy >= 0.8", replace(free, limits=(limit,)))):
        for whole in (False, True):
            for rule in ("trajectory", "power-law"):
                orders = [_one(world, problem, rule, order, given.runs, whole) for order in range(given.orders)]
                counts = np.sum(orders, axis=0)
                stopped, wrong, rounds, planned, kept, best = counts
                print(
                    f"{question:16} {'whole' if whole else 'drawn'} rounds  {rule:10}  {stopped:.0f} of "
                    f"{given.orders * given.runs} stopped, {wrong / max(stopped, 1):6.1%} wrong; "
                    f"{rounds:6.0f} of {planned:6.0f} rounds; {1 - kept / best:6.2%} of the hypervolume lost"
                )


def _one(world: World, problem: Problem, rule: str, order: int, runs: int, whole: bool) -> tuple[float, ...]:
    """Stopped, wrong, rounds trained, rounds planned, hypervolume, hypervolume unstopped."""
    rng = np.random.default_rng(order)
    rows = rng.permutation(len(world.kg))[:runs]
    made, box = Stopper(problem, rule, order), box_of(problem)
    means, told, ends = np.nanmean(world.accuracy, axis=1), list[Seen](), []
    best = _volume(box, means, world, [(row, world.table.rounds) for row in range(len(world.kg))])
    stopped = wrong = 0
    longest = world.table.rounds
    lengths = [longest if whole else round(float(np.exp(rng.uniform(np.log(2), np.log(longest))))) for _ in rows]
    for number, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        column = int(rng.integers(world.seeds))
        plan = replace(world.table.plans[row], rounds=length)
        policy = made.policy(number, plan, told[: max(0, number - LAG + 1)])
        done = [Round(float(a), 1.0, 1, 1, 1, 1) for a in world.accuracy[row, column, :length]]
        assert isinstance(policy, HypervolumeStop)
        end = next((r for r in range(1, length) if policy.stops(done[:r])), length)
        ends.append((row, end))
        values = np.column_stack([world.accuracy[row, column, :end], world.kg[row, :end]])
        place: dict[str, BaseDistribution] = {"row": IntDistribution(0, len(world.kg) - 1)}
        trial = create_trial(state=TrialState.RUNNING, params={"row": int(row)}, distributions=place)
        told.append(Seen(trial, values, np.empty((end, 0))))
        if end < length:
            stopped += 1
            front = np.array(policy.front).reshape(-1, 2)
            wrong += _added(box, front, means[row], world.kg[row], end, length) > SHARE * best
    kept, all_of = _volume(box, means, world, ends), _volume(box, means, world, list(zip(rows, lengths, strict=True)))
    return stopped, wrong, sum(end for _, end in ends), sum(lengths), kept, all_of


def _volume(box: Box, means: Array, world: World, ends: Sequence[tuple[int, int]]) -> float:
    points = np.concatenate([np.column_stack([means[row, :end], world.kg[row, :end]]) for row, end in ends])
    return box.share(points)


def _added(box: Box, front: Array, accuracy: Array, kg: Array, end: int, length: int) -> float:
    """Hypervolume that the rounds after `end` add by their mean curve."""
    losses = box.scaled(np.column_stack([accuracy[:length], kg[:length]]))
    with_all = hypervolume(np.concatenate([front, losses]), np.ones(2))
    return with_all - hypervolume(np.concatenate([front, losses[:end]]), np.ones(2))


if __name__ == "__main__":
    main()
