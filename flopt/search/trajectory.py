"""The trajectory search: a model of whole curves, costs that are known, and the most hypervolume for each round."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution, IntDistribution

from flopt.pareto import non_dominated
from flopt.search.features import Distributions, Point, drawn, features, leanings, mutated
from flopt.search.gain import directions, expected_gain, scalarised_gain
from flopt.search.log_odds import log_odds, share
from flopt.search.surrogate import Data, Posterior, Settings, fit_settings, posterior

__all__ = ["Price", "Told", "Trajectory"]

Array = NDArray[np.float64]
Price = Callable[[Sequence[Point], Sequence[int]], Array]
"""Known losses of points after each of some rounds, shape (points, rounds, known objectives)."""

START = 6
"""Runs that are spread over the space before the model proposes."""
START_ROUNDS = (8, 4, 16)
"""Their rounds, in turn: short, because the model learns more from many plans than from late rounds."""
OPTIONS = 10
"""Numbers of rounds that are weighed for each candidate, log-spaced."""
LOOKS = 8
"""Rounds at which the model looks at a curve, log-spaced."""
OBSERVATIONS = 220
"""Most observations that the model is conditioned on."""
DRAWN, MUTATED, AGAIN = 160, 120, 48
"""Candidates: drawn uniformly, moved from the owners of the front, and moved from the best of these."""
EVERYWHERE = 3
"""One proposal of so many looks at no place near the front's owners: where luck is strong, a search that stays near
them can be held by a few plans for long."""
OVERHEAD_ROUNDS = 2.0
"""What a run costs beside its rounds."""


@dataclass(frozen=True, eq=False)
class Told:
    """One run as the model sees it; losses are in [0, 1] where they count, lower is better."""

    point: Point
    learned: Array
    """Shape (rounds, learned objectives); empty while it runs."""
    known: Array
    """Shape (rounds, known objectives)."""
    clients: float = 1.0
    """Clients of a round: more of them, less noise."""
    whole: bool = False
    """Whether only its last round means anything."""

    @property
    def looks(self) -> tuple[int, ...]:
        """The rounds at which it is looked at."""
        return _looks(len(self.known))[-1:] if self.whole else _looks(len(self.known))


class Trajectory:
    """Proposes points of a space; a function of its arguments, which remembers fitted settings to be quick."""

    def __init__(
        self,
        space: Distributions,
        price: Price,
        rounds: str,
        powers: Mapping[str, float] = MappingProxyType({}),
        counts: Sequence[float] = (),
    ) -> None:
        """`rounds` is the name of the axis that says how long a run is, where the space has it.

        `powers` say for some axes by what power of it a round is expected to lead further; what is true is learned.
        `counts` are the learned losses below which something is gained, where that is not 1.
        """
        self._space, self._price, self._rounds = space, price, rounds
        self._axes = {name: axis for name, axis in space.items() if name != rounds}
        self._powers, self._counts = powers, counts
        self._settings: dict[int, tuple[Told, list[Settings]]] = {}

    def ranked(
        self, told: Sequence[Told], running: Sequence[Told], longest: int, rng: np.random.Generator
    ) -> list[Point]:
        """Points from the most promising on; `longest` is the number of rounds where the space has no axis for it."""
        options = _options(self._space.get(self._rounds), longest)
        if len(told) < START:
            return self._spread(told, running, options, rng)
        kept = _kept(told)
        models = self._models(kept, self._fitted(told, options[-1]), running, options[-1])
        front, owners = self._front(kept, models, options[-1])
        moved = 0 if (len(told) + len(running)) % EVERYWHERE == 0 else MUTATED
        points = [drawn(self._axes, rng) for _ in range(DRAWN + MUTATED - moved)]
        points += [mutated(owners[int(rng.integers(len(owners)))], self._axes, rng) for _ in range(moved)]
        scores = self._scores(points, options, models, front, rng)
        best = np.argsort(-scores.max(axis=1), kind="stable")[:6]
        again = [mutated(points[best[i % len(best)]], self._axes, rng) for i in range(AGAIN)]
        points = points + again
        scores = np.concatenate([scores, self._scores(again, options, models, front, rng)])
        order = np.argsort(-scores.max(axis=1), kind="stable")
        return [self._at(points[i], options[int(np.argmax(scores[i]))]) for i in order]

    def _at(self, point: Point, rounds: int) -> Point:
        return {**point, self._rounds: rounds} if self._rounds in self._space else dict(point)

    def _spread(
        self, told: Sequence[Told], running: Sequence[Told], options: Sequence[int], rng: np.random.Generator
    ) -> list[Point]:
        """Points far from all others, each with a few rounds."""
        wanted = START_ROUNDS[(len(told) + len(running)) % len(START_ROUNDS)]
        rounds = min(options, key=lambda option: abs(math.log(option / wanted)))
        points = [drawn(self._axes, rng) for _ in range(32)]
        others = [each.point for each in (*told, *running)]
        if others:
            places = features([*points, *others], self._axes)
            apart = ((places[: len(points), None] - places[None, len(points) :]) ** 2).sum(axis=2).min(axis=1)
            points = [points[i] for i in np.argsort(-apart, kind="stable")]
        return [self._at(point, rounds) for point in points]

    def _models(
        self, kept: Sequence[Told], fitted: Sequence[Settings], running: Sequence[Told], longest: int
    ) -> list[Posterior]:
        """The posterior of each learned objective; runs that are under way are taken to be what it expects."""
        models = []
        for at, settings in enumerate(fitted):
            data = _observations(kept, self._axes, at, longest)
            model = posterior(data, settings)
            if running:
                model = posterior(data.joined(self._expected(running, model, longest)), settings)
            models.append(model)
        return models

    def _expected(self, running: Sequence[Told], model: Posterior, longest: int) -> Data:
        """What a model expects to see of runs that are under way: it then looks elsewhere."""
        places = features([run.point for run in running], self._axes)
        means = model.at(places, _times(range(1, longest + 1), longest))[0]
        looks = [(i, r) for i, run in enumerate(running) for r in _looks(int(run.point.get(self._rounds, longest)))]
        runs, rounds = (np.array(column) for column in zip(*looks, strict=True))
        noises = np.array([_noise(running[i].clients, r) for i, r in looks])
        return Data(places[runs], _times(rounds, longest), -1 - runs, noises, means[runs, rounds - 1])

    def _fitted(self, told: Sequence[Told], longest: int) -> list[Settings]:
        """Settings fitted to the first runs, of a number that grows by a quarter each time."""
        count = START
        while (more := max(count + 2, count * 5 // 4)) <= len(told):
            count = more
        known = self._settings.get(count)
        if known is None or known[0] is not told[count - 1]:
            kept = _kept(told[:count], OBSERVATIONS * 2 // 3)
            weights = leanings(self._axes, self._powers) / max(math.log(longest), 1.0)
            fitted = [
                fit_settings(_observations(kept, self._axes, at, longest), weights)
                for at in range(told[0].learned.shape[1])
            ]
            self._settings[count] = known = (told[count - 1], fitted)
        return known[1]

    def _front(self, kept: Sequence[Told], models: Sequence[Posterior], longest: int) -> tuple[Array, list[Point]]:
        """Losses of the front by the models' means and not by what was seen, and the points that own it."""
        looks = [(i, r) for i, run in enumerate(kept) for r in run.looks]
        runs, rounds = (np.array(column) for column in zip(*looks, strict=True))
        grid, column = np.unique(rounds, return_inverse=True)
        places = features([run.point for run in kept], self._axes)
        means = [share(model.at(places, _times(grid, longest))[0])[runs, column] for model in models]
        known = np.array([kept[i].known[r - 1] for i, r in looks])
        table = np.column_stack([*means, known])
        mask = non_dominated(table)
        return table[mask], [kept[i].point for i in runs[mask]]

    def _scores(
        self,
        points: Sequence[Point],
        options: Sequence[int],
        models: Sequence[Posterior],
        front: Array,
        rng: np.random.Generator,
    ) -> Array:
        """Expected gain for each round spent, shape (points, options)."""
        known = self._price(points, options)
        places, times = features(points, self._axes), _times(options, options[-1])
        found = [model.at(places, times) for model in models]
        counts = np.array([*(self._counts or np.ones(len(models))), *np.ones(known.shape[2])])
        if len(found) == 1 and known.shape[2] == 1:
            gain = expected_gain(*found[0], known[:, :, 0], front, float(counts[0]))
        else:
            luck = rng.normal(size=(8, len(points), 1, max(1, len(found))))
            learned = [share(mean + luck[..., at] * sd) for at, (mean, sd) in enumerate(found)]
            samples = np.concatenate(
                [np.stack(learned, axis=-1), np.broadcast_to(known, (8, *known.shape))] if learned else [known[None]],
                axis=-1,
            )
            gain = scalarised_gain(samples, front, directions(32, samples.shape[-1], rng), counts)
        return gain / (np.array(options) + OVERHEAD_ROUNDS)


def _options(axis: Any, longest: int) -> list[int]:
    """The numbers of rounds that a proposal may have."""
    if isinstance(axis, CategoricalDistribution):
        return sorted(int(choice) for choice in axis.choices if isinstance(choice, int))
    if isinstance(axis, IntDistribution):
        return sorted({round(float(r)) for r in np.geomspace(max(1, axis.low), axis.high, OPTIONS)})
    return [longest]


@lru_cache(maxsize=4096)
def _looks(rounds: int) -> tuple[int, ...]:
    """Log-spaced rounds at which a curve of so many is looked at, the last among them."""
    count = max(2, min(LOOKS, 2 + int(math.log2(rounds))))
    return tuple(sorted({round(float(r)) for r in np.geomspace(1, rounds, count)}))


def _times(rounds: Sequence[int] | NDArray[np.int64], longest: int) -> Array:
    """The logarithm of each round, 1 at the longest."""
    return np.log(np.array(rounds, dtype=np.float64)) / max(math.log(longest), 1.0)


def _noise(clients: float, rounds: int) -> float:
    """Relative standard deviation of an observation: less with more clients and with more rounds."""
    return float(np.sqrt(np.sqrt(8 / clients) * np.sqrt(12 / (rounds + 2))))


def _kept(told: Sequence[Told], most: int = OBSERVATIONS) -> list[Told]:
    """The runs that the model is conditioned on: the latest, the owners of the front, and others as there is room."""
    counts = np.array([len(run.looks) for run in told])
    if counts.sum() <= most:
        return list(told)
    begins = np.cumsum([0, *(len(run.known) for run in told[:-1])]).tolist()
    rows = [begin + r - 1 for begin, run in zip(begins, told, strict=True) for r in run.looks]
    learned, known = np.concatenate([run.learned for run in told]), np.concatenate([run.known for run in told])
    ends = np.hstack([learned[rows], known[rows]])
    owners = np.unique(np.repeat(np.arange(len(told)), counts)[non_dominated(ends)])
    others = np.random.default_rng(len(told)).permutation(len(told))
    latest = range(len(told) - 1, max(-1, len(told) - 11), -1)
    kept, room = [], most
    for number in dict.fromkeys([*latest, *owners[::-1].tolist(), *others.tolist()]):
        if counts[number] <= room:
            kept.append(number)
            room -= counts[number]
    return [told[number] for number in sorted(kept)]


def _observations(told: Sequence[Told], axes: Distributions, at: int, longest: int) -> Data:
    """Each curve at a few rounds, each the mean of a few neighbours on the model's scale."""
    places = features([run.point for run in told], axes)
    rows, values = [], []
    for number, run in enumerate(told):
        for r in run.looks:
            half = 0 if run.whole else r // 8
            near = run.learned[max(0, r - 1 - half) : r + half, at]
            rows.append((number, r))
            values.append(float(log_odds(near).mean()))
    numbers = np.array([number for number, _ in rows])
    noises = np.array([_noise(told[number].clients, r) for number, r in rows])
    return Data(places[numbers], _times([r for _, r in rows], longest), numbers, noises, np.array(values))
