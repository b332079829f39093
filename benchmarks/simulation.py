"""How much faster than the loop that everybody writes is a round of flopt's simulator, at the same accuracy?

MNIST-5k, 40 clients cut by Dirichlet(0.5), 10 in each round, 2 local epochs, batches of 10, plain SGD; both sides get
the same weights, batches and clients, run in turns in one process with one thread, and score the same samples.
"naive" is, per client: deepcopy, torch.optim.SGD, tensor indexing, no DataLoader. Needs the extra `data`.
"""

from __future__ import annotations

import copy
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from _setting import Setting

from flopt.simulation.local import AutogradEngine

REPEATS = 7
ROUNDS = {"logreg": 20, "mlp": 20, "cnn": 3}


def timed(work: Callable[[], list[float]]) -> tuple[float, float]:
    """Last accuracy and CPU seconds."""
    started = time.process_time()
    return work()[-1], time.process_time() - started


def compare(model: str) -> None:
    """Print milliseconds a round and the ratios of each repeat."""
    rounds = ROUNDS[model]
    setting = Setting.of(model, rounds)
    x, y = torch.tensor(setting.data.x), torch.tensor(setting.data.y)
    general = replace(setting.setup, engine=AutogradEngine(copy.deepcopy(setting.module), x, y))
    sides: dict[str, Callable[[], list[float]]] = {
        "naive": setting.naive,
        "flopt": setting.flopt,
        "flopt, general engine": lambda: setting.flopt(general),
    }
    results = {name: [timed(work)] for name, work in sides.items()}  # warm
    for _ in range(REPEATS):
        for name, work in sides.items():
            results[name].append(timed(work))
    for name, measured in results.items():
        seconds = [s for _, s in measured[1:]]
        ratios = [slow / own for (_, slow), own in zip(results["naive"][1:], seconds, strict=True)]
        print(
            f"{model:7} {name:22} {1e3 * statistics.median(seconds) / rounds:8.1f} ms a round "
            f"{statistics.median(ratios):6.2f}x naive ({min(ratios):.2f}-{max(ratios):.2f})  "
            f"accuracy after {rounds} rounds {measured[0][0]:.4f}",
            flush=True,
        )


def main() -> None:
    """Compare all three models, or those named."""
    torch.set_num_threads(1)
    print(f"CPU time, medians of {REPEATS} alternating repeats, one thread, torch {torch.__version__}")
    for model in sys.argv[1:] or ROUNDS:
        compare(model)


if __name__ == "__main__":
    main()
