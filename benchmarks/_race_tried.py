"""What did a search try? The best that its plans could give, as far as they were trained and if they were run on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from _race_score import Scorer, Training
from numpy.typing import NDArray

__all__ = ["told_tried", "tried"]

Array = NDArray[np.float64]


def tried(scorer: Scorer, trainings: Sequence[Training]) -> tuple[Array, Array]:
    """Shares of the best-known hypervolume by mean curves, shape (metrics,) each: until the last round that each plan
    was trained for, and until the last recorded one."""
    last: dict[int, int] = {}
    for each in trainings:
        last[each.row] = max(last.get(each.row, 0), each.rounds)
    longest = int(scorer.world.kg.shape[1])
    return _share(scorer, last), _share(scorer, dict.fromkeys(last, longest))


def _share(scorer: Scorer, last: Mapping[int, int]) -> Array:
    accuracy = np.concatenate([scorer.world.others(row, 0, rounds) for row, rounds in last.items()])
    kg = np.concatenate([scorer.world.kg[row, :rounds] for row, rounds in last.items()])
    return np.asarray(scorer.volumes(accuracy, kg) / scorer.best)


def told_tried(searches: Mapping[str, Mapping[int, Sequence[Training]]], scorer: Scorer) -> Iterator[str]:
    """Lines: how many plans each method tried, how often one of them, and what these plans could give."""
    names = [metric.name for metric in scorer.metrics]
    yield "plans tried, runs of the one tried most; share of the best as far as they were trained -> if all were run on"
    for name, by_seed in searches.items():
        counts = [Counter(each.row for each in runs).values() for runs in by_seed.values()]
        plans, most = np.median([[len(each), max(each)] for each in counts], axis=0)
        trained, whole = np.median([tried(scorer, runs) for runs in by_seed.values()], axis=0)
        cells = [f"{n} {a:.3f} -> {b:.3f}" for n, a, b in zip(names, trained, whole, strict=True)]
        yield f"  {name:24} {plans:.0f} plans, {most:.0f} runs (at most {max(map(max, counts))}); {'; '.join(cells)}"
