"""How much faster than the loop that everybody writes is a round of flopt's simulator, at the same accuracy?

MNIST-5k, 40 clients cut by Dirichlet(0.5), 10 in each round, 2 local epochs, batches of 10, plain SGD; both sides get
the same weights, batches and clients, run in turns in one process with one thread, and score the same samples.
"naive" is, per client: deepcopy, torch.optim.SGD, tensor indexing, no DataLoader. Needs the extra `data`.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream, stream_seed
from flopt.simulation.batches import batches
from flopt.simulation.data import Dataset, load
from flopt.simulation.federation import federated
from flopt.simulation.local import AutogradEngine
from flopt.simulation.models import build
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource

SEED = 0
REPEATS = 5
LR = {"logreg": 0.05, "mlp": 0.1, "cnn": 0.1}
ROUNDS = {"logreg": 20, "mlp": 20, "cnn": 2}


def mlp(features: tuple[int, ...], classes: int) -> nn.Module:
    """One hidden layer of 128 units."""
    inputs = int(np.prod(features))
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, classes))


def source(model: str) -> TaskSource:
    """The task of the comparison; the MLP is this file's own."""
    reference = f"{__file__}:mlp" if model == "mlp" else model
    return TaskSource(data="mnist5k", partition="dirichlet", clients=40, alpha=0.5, model=reference)


def naive(setup: Setup, module: nn.Module, data: Dataset, plan: Plan, drawn: Participation) -> float:
    """The loop that everybody writes; gives the last validation accuracy."""
    x, y = torch.tensor(data.x), torch.tensor(data.y)
    parts, server = setup.split.train, copy.deepcopy(module)
    accuracy = 0.0
    for index, clients in enumerate(drawn.selected):
        total = sum(len(parts[client]) for client in clients)
        mean = {name: torch.zeros_like(value) for name, value in server.state_dict().items()}
        for client in clients:
            local = copy.deepcopy(server)
            optimiser = torch.optim.SGD(local.parameters(), lr=plan.client_lr)
            random = stream(SEED, "batches", index, int(client))
            for batch in batches(parts[client], epochs=plan.local_epochs, size=plan.batch_size, random=random):
                rows = torch.from_numpy(batch)
                optimiser.zero_grad()
                cross_entropy(local(x[rows]), y[rows]).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            for name, value in local.state_dict().items():
                mean[name] += value * (len(parts[client]) / total)
        server.load_state_dict(mean)
        with torch.no_grad():
            accuracy, _ = (
                float((server(x[rows]).argmax(1) == y[rows]).float().mean())
                for rows in map(torch.from_numpy, (setup.split.validation, setup.split.test))
            )
    return accuracy


def timed(work: Callable[[], float]) -> tuple[float, float]:
    """CPU seconds and result."""
    started = time.process_time()
    return work(), time.process_time() - started


def compare(model: str, data: Dataset) -> None:
    """Print milliseconds a round and the ratios of each repeat."""
    setup, rounds = prepare(source(model)), ROUNDS[model]
    module = build(source(model).model, data.features, data.classes, stream_seed(SEED, "init"))
    general = replace(setup, engine=AutogradEngine(copy.deepcopy(module), torch.tensor(data.x), torch.tensor(data.y)))
    plan = Plan(rounds=rounds, client_fraction=0.25, client_lr=LR[model])
    selected = np.array([stream(SEED, "clients", r).choice(40, 10, replace=False) for r in range(rounds)])
    drawn = Participation.complete(selected, np.zeros(40, dtype=np.int64))

    def ours(which: Setup) -> float:
        return list(federated(which, plan, drawn, SEED))[-1].accuracy

    sides: dict[str, Callable[[], float]] = {
        "naive": lambda: naive(setup, module, data, plan, drawn),
        "flopt": lambda: ours(setup),
        "flopt, general engine": lambda: ours(general),
    }
    results = {name: [timed(work) for _ in range(1)] for name, work in sides.items()}  # warm
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
    """Compare all three models."""
    torch.set_num_threads(1)
    data = load("mnist5k")
    print(f"CPU time, medians of {REPEATS} alternating repeats, one thread, torch {torch.__version__}")
    for model in ROUNDS:
        compare(model, data)


if __name__ == "__main__":
    main()
