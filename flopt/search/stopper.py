"""The stopper: makes the policy of each proposal from what is told, and says where none can be made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flopt.plan import Plan
from flopt.search.columns import column_of
from flopt.search.curves import FLAT, weights_of
from flopt.search.problem import Problem
from flopt.search.seen import Seen
from flopt.search.stopping import NEVER, HypervolumeStop, Learned, Policy
from flopt.search.volume import Box, Growth, box_of
from flopt.seeds import stream

__all__ = ["QUOTA", "Stopper"]

Array = NDArray[np.float64]

QUOTA = 0.05
"""Share of the runs that are never stopped, so that wrong stops can be counted."""
WIDTH = 3.0
"""Standard deviations of optimism; chosen on recorded curves by `benchmarks/stopping.py`."""
FIRST = 3
ASKED_WIDTH = 4.0
"""The same where one value is asked for, or a cost counts on a linear scale: late gains weigh more there."""
ASKED_FIRST = 5
NOISE = 0.05
"""Standard deviation of one round of one client's accuracy, as a share of the range; of more it falls as a mean's."""
NOISE_WORTH = 100
"""Rounds that this counts as beside those told."""
POINTS = 64
"""Most points of the front that travel with a plan."""
LONG = 8
"""Rounds from which a curve says something about the shapes of others."""


class Stopper:
    """Makes stopping policies for one problem: a function of what is told, which it remembers to be quick."""

    def __init__(self, problem: Problem, stopping: str, seed: int) -> None:
        self._problem, self._stopping, self._seed = problem, stopping, seed
        self._known = problem.known()
        self._columns = tuple(
            "" if known else column_of(problem, objective)
            for objective, known in zip(problem.objectives, self._known, strict=True)
        )
        self._box = box_of(problem)
        self._lessons = _Lessons(self._box, self._columns)
        self._taken: list[Seen] = []

    @property
    def silence(self) -> str:
        """Why no run can be stopped, in one line; empty where runs can be, or nobody asked."""
        blind = [
            objective.name
            for objective, known, column in zip(self._problem.objectives, self._known, self._columns, strict=True)
            if not known and not column
        ]
        if self._stopping == "none" or not blind:
            return ""
        return f"no run is stopped: objective {blind[0]!r} is learned, and only accuracy, loss and the like are seen"

    def policy(self, number: int, plan: Plan, told: Sequence[Seen]) -> Policy:
        """The policy of run `number`: which curve adds nothing to the front of what is told."""
        if self._stopping == "none" or self.silence or plan.horizon_dependent:
            return NEVER
        self._catch_up(told)
        asked = self._asked
        return HypervolumeStop(
            self._stopping,
            tuple(self._costs(plan, at) if known else self._learned(plan, at) for at, known in enumerate(self._known)),
            tuple(tuple(round(float(loss), 4) for loss in point) for point in self._front()),
            width=ASKED_WIDTH if asked else WIDTH,
            first=ASKED_FIRST if asked else FIRST,
            quota=bool(stream(self._seed, "never stopped", number).random() < QUOTA),
        )

    @property
    def _asked(self) -> bool:
        """Whether one value is asked for (a limit on it, or it stands alone), or a cost counts on a linear scale."""
        learned = {o.name for o, known in zip(self._problem.objectives, self._known, strict=True) if not known}
        limited = any(limit.objective.name in learned for limit in self._problem.limits)
        linear = any(known and not logged for known, logged in zip(self._known, self._box.logged, strict=True))
        return limited or linear or len(self._known) == 1

    def _costs(self, plan: Plan, at: int) -> tuple[float, ...]:
        values = self._problem.objectives[at].along(self._problem.run(plan))
        return tuple(round(float(loss), 5) for loss in self._box.column(at, values))

    def _learned(self, plan: Plan, at: int) -> Learned:
        clients = self._problem.task.clients_per_round(plan.client_fraction)
        worst, best = float(self._box.worst[at]), float(self._box.best[at])
        noise, prior = NOISE, FLAT
        if self._stopping == "trajectory":
            noise, prior = self._lessons.noise(at), self._lessons.prior(at)
        return Learned(self._columns[at], worst, best, round(noise / clients**0.5, 5), prior)

    def _front(self) -> Array:
        """Losses of the front told, thinned to what may travel: fewer points only make a run go on longer."""
        scaled = self._box.scaled(self._lessons.growth.values)
        scaled = scaled[(scaled < 1).all(axis=1)]
        return scaled[np.lexsort(scaled.T[::-1])] if len(scaled) <= POINTS else _spread(scaled, POINTS)

    def _catch_up(self, told: Sequence[Seen]) -> None:
        """Take up what was told since the last call; a history that is not longer is taken up from the beginning."""
        taken = len(self._taken)
        if len(told) < taken or (taken and told[taken - 1] is not self._taken[-1]):
            self._lessons = _Lessons(self._box, self._columns)
            self._taken = []
        new = told[len(self._taken) :]
        self._lessons.take(new, [self._problem.clients_at(run.trial.params) for run in new])
        self._taken += new


class _Lessons:
    """What the runs told so far teach: the front, how curves bend, and how far a round lies from its curve."""

    def __init__(self, box: Box, columns: Sequence[str]) -> None:
        self._box, self._columns = box, columns
        self.growth = Growth(box)
        self._shapes = np.ones((len(columns), len(FLAT)))
        self._squares = np.full(len(columns), NOISE_WORTH * NOISE**2)
        self._rounds = np.full(len(columns), float(NOISE_WORTH))

    def noise(self, at: int) -> float:
        """Standard deviation of one round of one client, as a share of the range."""
        return float(np.sqrt(self._squares[at] / self._rounds[at]))

    def prior(self, at: int) -> tuple[float, ...]:
        """Weight of each shape."""
        return tuple(round(float(weight), 4) for weight in self._shapes[at] / self._shapes[at].sum())

    def take(self, runs: Sequence[Seen], clients: Sequence[int]) -> None:
        """Take up runs of so many clients a round."""
        allowed = [values for run in runs if len(values := run.allowed())]
        if allowed:
            self.growth.add(np.concatenate(allowed))
        for run, number in zip(runs, clients, strict=True):
            if run.values is not None and len(run.values) >= LONG:
                self._bend(run.values, number)

    def _bend(self, values: Array, clients: int) -> None:
        """Take up how the curves of one run bend."""
        for at, column in enumerate(self._columns):
            if column:
                loss = self._box.column(at, values[:, at])
                bends = loss[2:] - 2 * loss[1:-1] + loss[:-2]  # of white noise its variance is six times as large
                self._squares[at] += clients * float((bends**2).sum()) / 6
                self._rounds[at] += len(bends)
                self._shapes[at] += weights_of(loss, NOISE / clients**0.5)


def _spread(points: Array, count: int) -> Array:
    """`count` of the points, each the farthest from those before it; the first has the largest box of its own."""
    chosen = [int(np.argmax(np.prod(1 - points, axis=1)))]
    distance = np.full(len(points), np.inf)
    while len(chosen) < count:
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(np.argmax(distance)))
    return np.asarray(points[np.sort(chosen)])
