"""What does federated training cost: by clients per round, by population, in memory, and two runs at once?

Five sections. (1) CPU seconds of the default task: digits by writer, 40 rounds of 5 clients, 2 epochs, MLP. (2) CPU
time a round of MNIST-5k's MLP by clients per round; what grows is the training, what stays is scoring the held-out
samples. (3) The same by population, where 10^2 to 10^6 clients share one data array. (4) Memory that a task holds, and
that its training takes at the peak, by clients per round, each in a process of its own. (5) Wall time of two equal
runs in two processes, against one after the other. Needs the extra `data`.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from _setting import LR, Setting

from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
from flopt.simulation.data import load
from flopt.simulation.federation import federated
from flopt.simulation.partition import Holdings
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource

REPEATS = 5
ROUNDS = 10
MIB = 2**20


def drawn(clients: int, per_round: int, rounds: int) -> Participation:
    """Clients of every round."""
    draws = [stream(0, "clients", r).choice(clients, per_round, replace=False) for r in range(rounds)]
    return Participation.complete(np.array(draws), np.zeros(clients, dtype=np.int64))


def shared(setup: Setup, population: int) -> Setup:
    """A population whose clients hold, in turn, the parts of the clients there are: no sample is stored twice."""
    parts = setup.split.train
    assert isinstance(parts, Holdings)
    many = parts.take(np.arange(population) % len(parts))
    return replace(setup, split=replace(setup.split, train=many))


def train(setup: Setup, per_round: int, rounds: int, lr: float) -> float:
    """The last accuracy."""
    plan = Plan(rounds=rounds, client_lr=lr)
    return list(federated(setup, plan, drawn(setup.clients, per_round, rounds), 0))[-1].accuracy


def seconds(work: Callable[[], float]) -> float:
    """CPU seconds."""
    started = time.process_time()
    work()
    return time.process_time() - started


def default_task() -> None:
    """Section 1."""
    setup = prepare(TaskSource())
    spent = [seconds(lambda: train(setup, 5, 40, 0.05)) for _ in range(REPEATS + 1)][1:]
    print(
        f"default digits task, 40 rounds of 5 clients: {statistics.median(spent):.2f} s CPU "
        f"({min(spent):.2f}-{max(spent):.2f}), accuracy {train(setup, 5, 40, 0.05):.3f}",
        flush=True,
    )


def alternating(sides: Mapping[int, Callable[[], float]]) -> dict[int, float]:
    """Median CPU milliseconds a round of each side, taken in turns after a warm one."""
    spent: dict[int, list[float]] = {size: [] for size in sides}
    for _ in range(REPEATS + 1):
        for size, work in sides.items():
            spent[size].append(seconds(work) / ROUNDS * 1e3)
    return {size: statistics.median(each[1:]) for size, each in spent.items()}


def by_clients_per_round() -> None:
    """Section 2: a straight line through the two ends foretells what lies between."""
    setup = shared(Setting.of("mlp", 1).setup, 1000)
    sides = {size: partial(train, setup, size, ROUNDS, LR["mlp"]) for size in (10, 20, 40, 80)}
    found = alternating(sides)
    slope = (found[80] - found[10]) / 70
    for size, milliseconds in found.items():
        line = found[10] + slope * (size - 10)
        print(f"{size:3} clients per round: {milliseconds:7.1f} ms a round; straight line {line:.1f} ms", flush=True)


def by_population() -> None:
    """Section 3: the participation is drawn before, it is no part of the training."""
    setup = Setting.of("mlp", 1).setup
    plan = Plan(rounds=ROUNDS, client_lr=LR["mlp"])

    def side(population: int) -> Callable[[], float]:
        of, among = shared(setup, population), drawn(population, 10, ROUNDS)
        return lambda: list(federated(of, plan, among, 0))[-1].accuracy

    found = alternating({population: side(population) for population in (10**2, 10**3, 10**4, 10**5, 10**6)})
    for population, milliseconds in found.items():
        print(f"population {population:8,}: {milliseconds:6.1f} ms a round of 10 clients", flush=True)


def memory_mib(per_round: int) -> tuple[float, float, float]:
    """In a new process: MiB of the samples, of what a prepared task holds, and of what training takes at its peak."""
    torch.set_num_threads(1)
    train(prepare(TaskSource()), 2, 1, 0.05)  # what the libraries take
    before = _held_mib()
    setup = Setting.of("mlp", 1).setup
    held = _held_mib()
    train(shared(setup, 1000), 2, 1, LR["mlp"])  # what the libraries take for matrices of this size
    warm = _held_mib()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew from here
    train(shared(setup, 1000), per_round, 3, LR["mlp"])
    peak = _status_mib("VmHWM")
    return load("mnist5k").x.nbytes / MIB, held - before, peak - warm


def _held_mib() -> float:
    """What is resident once all that is free has gone back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return _status_mib("VmRSS")


def _status_mib(field: str) -> float:
    """Of this process: VmRSS, what is resident, or VmHWM, the most that was."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


def memory() -> None:
    """Section 4."""
    if sys.platform != "linux":
        print("memory is read from Linux's /proc: not measured here")
        return
    for per_round in (10, 40, 160):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            data, held, training = pool.apply(memory_mib, (per_round,))
        print(
            f"{per_round:3} clients per round: the samples have {data:.1f} MiB; the prepared task holds "
            f"{held:.1f} MiB, training takes {training:.1f} MiB more",
            flush=True,
        )


def one_run(_number: int) -> float:
    """The run of section 5."""
    torch.set_num_threads(1)
    return train(shared(Setting.of("mlp", 1).setup, 1000), 10, 40, LR["mlp"])


def two_processes() -> None:
    """Section 5: the processes are warm."""
    ratios = []
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(one_run, range(2), chunksize=1)
        for _ in range(REPEATS):
            started = time.perf_counter()
            first = [pool.apply(one_run, (number,)) for number in range(2)]
            between = time.perf_counter()
            both = pool.map(one_run, range(2), chunksize=1)
            ratios.append((time.perf_counter() - between) / (between - started))
            assert first == both, "equal runs must give equal accuracies"
    print(
        f"two equal runs in two processes: {statistics.median(ratios):.2f} of the serial wall time "
        f"({min(ratios):.2f}-{max(ratios):.2f}); {multiprocessing.cpu_count()} cores"
    )


SECTIONS = {
    "default": default_task,
    "clients": by_clients_per_round,
    "population": by_population,
    "memory": memory,
    "processes": two_processes,
}


def main() -> None:
    """All sections, or those named."""
    torch.set_num_threads(1)
    for name in sys.argv[1:] or SECTIONS:
        SECTIONS[name]()


if __name__ == "__main__":
    main()
