"""A peer in a process and an environment of its own: it reads the setting once, and trains whenever it is asked."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Given:
    """The setting as arrays; needs numpy alone."""

    x: Array
    y: Array
    parts: list[Array]
    validation: Array
    test: Array
    selected: Array
    weights: list[Array]
    lr: float
    epochs: int
    batch: int

    @classmethod
    def read(cls, path: str) -> Given:
        """What `Setting.save` wrote."""
        with np.load(path) as file:
            values = dict(file)
        parts = np.split(values["train"], np.cumsum(values["sizes"])[:-1])
        weights = [values[f"weight{n}"] for n in range(sum(name.startswith("weight") for name in values))]
        held = values["validation"], values["test"]
        lr, epochs, batch = float(values["lr"]), int(values["epochs"]), int(values["batch"])
        return cls(values["x"], values["y"], parts, *held, values["selected"], weights, lr, epochs, batch)


LAST = 5
"""Rounds at the end whose mean accuracy is told: a single one jumps by several points from round to round."""


def serve(run: Callable[[Given], tuple[list[float], list[float] | None]]) -> None:
    """Train once for every line on stdin; `run` gives each round's accuracy and, unless the whole counts, seconds."""
    answers = os.fdopen(os.dup(1), "w")  # a peer may print: not between the answers
    os.dup2(2, 1)
    given = Given.read(sys.argv[1])
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        accuracies, seconds = run(given)
        rounds = len(given.selected)
        found = {
            "accuracy": float(np.mean(accuracies[-LAST:])),
            "wall": float(np.median(seconds)) if seconds else (time.perf_counter() - wall) / rounds,
            "cpu": (time.process_time() - cpu) / rounds,
        }
        print(json.dumps(found), file=answers, flush=True)
