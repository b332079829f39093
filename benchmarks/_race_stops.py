"""Were the stops right? What each stopped run would have added, and what stopping cost on identical plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from _race_score import Scorer, Training
from numpy.typing import NDArray

from flopt.pareto import non_dominated

__all__ = ["WRONG", "Replay", "added", "replay", "told_stops"]

Array = NDArray[np.float64]

WRONG = 0.002
"""Share of the best-known hypervolume above which a stop was wrong."""


class Replay(NamedTuple):
    """A search, and the same plans with the same seeds without its stops."""

    rounds: float
    """How many times the rounds the unstopped plans need."""
    lost: float
    """Share of the unstopped honest hypervolume that stopping lost; negative where it won by luck."""
    lost_by_mean: float
    """The same by mean curves, which knows no luck of the choice."""


def added(scorer: Scorer, trainings: Sequence[Training], metric: int) -> Array:
    """What each stopped run's mean curve would have added, had it gone on as planned, shape (stopped runs,).

    Added to the mean curves of all that was trained until then, as a share of the best-known hypervolume.
    """
    found = []
    front = np.empty((0, 2))
    for training in trainings:
        front = _front(front, _mean(scorer, training.row, training.rounds))
        if training.stopped:
            whole = _front(front, _mean(scorer, training.row, training.planned))
            before, after = (_volume(scorer, points, metric) for points in (front, whole))
            found.append(after - before)
    return np.array(found)


def replay(scorer: Scorer, trainings: Sequence[Training], metric: int) -> Replay:
    """The same proposals without their stops; a run that fails after the stop fails then."""
    whole = [each._replace(rounds=_length(scorer, each), stopped=False) for each in trainings]
    honest = [scorer.trail(runs, prefixes=True).honest[-1, metric] for runs in (trainings, whole)]
    means = []
    for runs in (trainings, whole):
        front = np.empty((0, 2))
        for each in runs:
            front = _front(front, _mean(scorer, each.row, each.rounds))
        means.append(_volume(scorer, front, metric))
    rounds = [sum(each.rounds for each in runs) for runs in (trainings, whole)]
    return Replay(rounds[1] / rounds[0], _lost(*honest), _lost(*means))


def told_stops(searches: Mapping[str, Mapping[int, Sequence[Training]]], scorer: Scorer) -> Iterator[str]:
    """Lines for every method that stops runs."""
    yield f"stops (wrong: the mean curve would have added over {WRONG:.1%} of the best-known hypervolume)"
    for name, by_seed in searches.items():
        runs = [each for trainings in by_seed.values() for each in trainings]
        if not any(each.stopped for each in runs):
            continue
        lengths = [each.rounds for each in runs if each.stopped]
        yield f"  {name}: {len(lengths)} of {len(runs)} runs stopped, after {np.median(lengths):.0f} rounds (median)"
        for number, metric in enumerate(scorer.metrics):
            gains = np.concatenate([added(scorer, each, number) for each in by_seed.values()])
            replays = [replay(scorer, each, number) for each in by_seed.values()]
            wrong, lost, means = (gains > WRONG).mean(), _median(replays, 1), _median(replays, 2)
            fewer = f"for {_median(replays, 0):.1f}x fewer rounds"
            yield (
                f"    {metric.name:18} wrong {wrong:.1%} (wanted under 5%: {_verdict(wrong < 0.05)}), largest "
                f"{gains.max():.2%}; hypervolume lost on identical plans {lost:+.1%} honest, {means:+.1%} by mean "
                f"curves (medians; wanted under 2%: {_verdict(lost < 0.02)}), {fewer}"
            )


def _lost(stopped: float, whole: float) -> float:
    """Share of the whole that is missing; nothing can be missing of nothing."""
    return float(1 - stopped / whole) if whole > 0 else 0.0


def _verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def _median(replays: Sequence[Replay], place: int) -> float:
    return float(np.median([each[place] for each in replays]))


def _mean(scorer: Scorer, row: int, rounds: int) -> Array:
    """A plan's mean curve until a round as points, shape (rounds, 2): kg, accuracy."""
    return np.column_stack([scorer.world.kg[row, :rounds], scorer.world.others(row, 0, rounds)])


def _front(front: Array, points: Array) -> Array:
    both: Array = np.concatenate([front, points])
    return both[non_dominated(both * [1.0, -1.0])]


def _volume(scorer: Scorer, front: Array, metric: int) -> float:
    return scorer.metrics[metric].volume(front[:, 1], front[:, 0]) / float(scorer.best[metric])


def _length(scorer: Scorer, training: Training) -> int:
    curve = scorer.world.seen(training._replace(rounds=training.planned))
    broken = np.flatnonzero(np.isnan(curve))
    return int(broken[0]) + 1 if len(broken) else training.planned
