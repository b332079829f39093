"""From which model size on does a GPU train faster than the CPU, and are its results the same?

The general engine on both. First the agreement, on the digits by writer, in float64 and float32: losses and accuracies
round by round, the same seed twice, and a run that goes on from its checkpoint. Then wall time of one round, medians
of 5 (fewer where they take long), for models from logistic regression to a convolutional network of millions of
weights, on random images; the CPU by one thread, as flopt uses it, and by all. Needs scikit-learn's data, numpy and
torch; without a GPU it says so and measures nothing (`--device cpu` tries the script itself).
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn

from flopt.oracles.simulated import simulated
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
from flopt.simulation.federation import federated
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource
from flopt.trace import Round

REPEATS, SECONDS = 5, 15.0
"""A side is timed so often, but not again after so many seconds."""
CLIENTS, PER_ROUND, STEPS = 20, 2, 5
IMAGE = (3, 32, 32)
CORES = torch.get_num_threads()
SAMPLE = 1 / 360
"""What one held-out sample is of an accuracy."""
PLANS = {
    "FedAvg": Plan(rounds=5),
    "SCAFFOLD, momentum": Plan(rounds=5, algorithm="scaffold", client_momentum=0.5),
    "top-k, FedAdam": Plan.of({"rounds": 5, "uplink": "topk:0.1", "server_optimizer": "adam", "server_lr": 0.01}),
}
AGREED = {
    torch.float64: dict.fromkeys(PLANS, (1e-9, 0)),
    # Rounding decides which entries top-k sends, and FedAdam divides by small numbers: two engines on one CPU
    # come to losses that differ by 2e-4.
    torch.float32: dict.fromkeys(PLANS, (1e-4, 1)) | {"top-k, FedAdam": (5e-3, 4)},
}
"""Largest relative difference of a loss, and by how many held-out samples an accuracy may differ."""


def _convolutions(width: int) -> nn.Sequential:
    """Three blocks of two convolutions each, whose filters double, and a linear layer."""
    layers: list[nn.Module] = []
    channels = IMAGE[0]
    for filters in (width, 2 * width, 4 * width):
        for _ in range(2):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.GroupNorm(4, filters), nn.ReLU()]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * channels, 10))


def cnn_16() -> nn.Module:
    """Some 10^5 weights."""
    return _convolutions(16)


def cnn_64() -> nn.Module:
    """Some 10^6 weights."""
    return _convolutions(64)


def cnn_128() -> nn.Module:
    """Some 5 x 10^6 weights."""
    return _convolutions(128)


TIMED = [("logreg", 10), ("mlp", 10), ("cnn", 10), ("cnn", 100), *((f"{__file__}:cnn_{n}", 64) for n in (16, 64, 128))]


def drawn(clients: int, per_round: int, rounds: int) -> Participation:
    """Clients of every round."""
    draws = [stream(0, "clients", number).choice(clients, per_round, replace=False) for number in range(rounds)]
    return Participation.complete(np.array(draws), np.zeros(clients, dtype=np.int64))


def trained(setup: Setup, plan: Plan) -> Iterator[Round]:
    """Five clients of the digits in each round."""
    return federated(setup, plan, drawn(14, 5, plan.rounds), 0)


def agreement(device: str) -> bool:
    """Print how far the devices are apart; whether all is as it must be."""
    fine = True
    for dtype, tolerances in AGREED.items():
        for model in ("logreg", "mlp", "cnn"):
            here, there = (prepare(TaskSource(model=model, device=on), dtype=dtype, general=True)
                           for on in ("cpu", device))  # fmt: skip
            for name, plan in PLANS.items():
                ones, others, again = (list(trained(setup, plan)) for setup in (here, there, there))
                apart = max(abs(o.loss / one.loss - 1) for one, o in zip(ones, others, strict=True))
                accuracy = max(abs(o.accuracy - one.accuracy) for one, o in zip(ones, others, strict=True))
                allowed, samples = tolerances[name]
                good = apart <= allowed and accuracy <= (samples + 0.01) * SAMPLE and again == others
                fine = fine and good
                print(
                    f"{str(dtype)[6:]} {model:6} {name:18} loss apart by {apart:.1e} (allowed {allowed:.0e}), "
                    f"accuracy by {accuracy / SAMPLE:.0f} samples (allowed {samples}), "
                    f"same seed {'the same bits' if again == others else 'OTHER BITS'}: {'good' if good else 'BAD'}",
                    flush=True,
                )
    return goes_on(device) and fine


def goes_on(device: str) -> bool:
    """Whether a run of the device goes on from its checkpoint bit by bit."""
    oracle, told = simulated(TaskSource(model="cnn", device=device)), list[str]()
    plan, clients = replace(PLANS["SCAFFOLD, momentum"], rounds=4), drawn(14, 5, 4)
    with tempfile.TemporaryDirectory() as folder:
        done: list[Round] = []
        for after in (2, 4):
            file = Path(folder) / "run.ckpt"
            rounds = oracle.resume(plan, clients, 0, file, every_s=3600, tell=told.append)
            done = list(islice(rounds, after))
            rounds.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in truth
    good = done == list(oracle(plan, clients, 0)) and not told
    print(f"stopped after round 2 and taken up again: {'the same bits' if good else f'BAD {told}'}", flush=True)
    return good


def images(folder: Path) -> str:
    """A file of random images whose class is a faint pattern."""
    random = np.random.default_rng(0)
    labels = np.arange(600) % 10
    patterns = random.normal(size=(10, *IMAGE)).astype(np.float32)
    file = folder / "images.npz"
    np.savez(file, X=random.normal(size=(600, *IMAGE)).astype(np.float32) + patterns[labels] / 4, y=labels)
    return str(file)


def one_round(data: str, model: str, batch: int, device: str, threads: int) -> Callable[[], float]:
    """A training of one round, warmed; calling it gives the wall milliseconds."""
    setup = prepare(TaskSource(data, "iid", CLIENTS, model=model, device=device), general=True)
    plan = Plan(rounds=1, local_steps=STEPS, batch_size=batch, client_lr=0.01)

    def run() -> float:
        torch.set_num_threads(threads)
        started = time.perf_counter()
        losses = [done.loss for done in federated(setup, plan, drawn(CLIENTS, PER_ROUND, 1), 0)]
        assert all(map(math.isfinite, losses))
        return 1e3 * (time.perf_counter() - started)

    run()
    return run


def timings(device: str, only: list[str]) -> None:
    """Print wall milliseconds of a round; scoring 240 held-out images is part of it."""
    print(
        f"{PER_ROUND} clients a round, {STEPS} steps each, images of {'x'.join(map(str, IMAGE))}; wall ms a round, "
        "median and number of repeats"
    )
    with tempfile.TemporaryDirectory() as folder:
        data = images(Path(folder))
        for model, batch in TIMED:
            name = model.rpartition(":")[2]
            if only and name not in only:
                continue
            places = {"1 thread": ("cpu", 1), f"{CORES} threads": ("cpu", CORES), device: (device, 1)}
            sides = {where: one_round(data, model, batch, *place) for where, place in places.items()}
            spent: dict[str, list[float]] = {where: [] for where in sides}
            for _ in range(REPEATS):
                for where, run in sides.items():
                    if sum(spent[where]) < 1e3 * SECONDS:
                        spent[where].append(run())
            medians = {where: statistics.median(each) for where, each in spent.items()}
            weights = sum(map(math.prod, prepare(TaskSource(data, "iid", CLIENTS, model=model)).shapes))
            print(
                f"{name:8} {weights:9,} weights, batch {batch:3}: "
                + ", ".join(f"{where} {each:8.1f} ({len(spent[where])})" for where, each in medians.items())
                + f"; {device} {medians['1 thread'] / medians[device]:.2f}x one thread",
                flush=True,
            )


def main() -> None:
    """Agreement, then timings."""
    parser = argparse.ArgumentParser(description="the general engine on a GPU and on the CPU")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--models", nargs="*", default=[], help="those to time: logreg, mlp, cnn, cnn_16 ...")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print(f"torch {torch.__version__} finds no CUDA GPU on this machine: nothing to compare")
        return
    on = torch.cuda.get_device_name() if options.device == "cuda" else "the CPU against itself"
    print(f"torch {torch.__version__}, {on}")
    good = agreement(options.device)
    timings(options.device, options.models)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
