"""Flower 1.41's simulation on Ray with two workers, on the setting of the comparison: median round after the first."""

from __future__ import annotations

import os
import sys
import time
from itertools import pairwise

os.environ.update(RAY_worker_niceness="0", RAY_USAGE_STATS_ENABLED="0", FLWR_TELEMETRY_ENABLED="0")
from pathlib import Path

import torch
from _peer import Given, serve
from _peer_flower_client import app, network, tensors_of
from flwr.app import ArrayRecord, Context, MetricRecord
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

Value = int | float | str | bytes | bool | list[int] | list[float] | list[str] | list[bytes] | list[bool]


def run(given: Given) -> tuple[list[float], list[float]]:
    """One whole simulation; Ray starts with it, and its first round, which waits for the workers, does not count."""
    x, y = tensors_of(given)
    held_out = [torch.tensor(rows) for rows in (given.validation, given.test)]
    ends: list[float] = []
    accuracies: list[float] = []
    net = network(given.weights)

    def score(_number: int, arrays: ArrayRecord) -> MetricRecord:
        net.load_state_dict(arrays.to_torch_state_dict())
        with torch.no_grad():
            found = [float((net(x[rows]).argmax(1) == y[rows]).float().mean()) for rows in held_out]
        ends.append(time.perf_counter())
        accuracies.append(found[0])
        return MetricRecord({"accuracy": found[0]})

    server = ServerApp()

    @server.main()  # type: ignore[untyped-decorator, unused-ignore]
    def main(grid: Grid, context: Context) -> None:  # noqa: ARG001
        rounds, drawn = given.selected.shape
        share = drawn / len(given.parts)
        strategy = FedAvg(fraction_train=share, min_train_nodes=drawn, fraction_evaluate=0.0)
        arrays = ArrayRecord(network(given.weights).state_dict())
        strategy.start(grid, arrays, num_rounds=rounds, evaluate_fn=score)

    init: dict[str, Value] = {
        "num_cpus": 2, "include_dashboard": False, "address": "local", "logging_level": "ERROR",
    }  # fmt: skip
    resources: dict[str, Value] = {"num_cpus": 1, "num_gpus": 0.0}
    backend = {"init_args": init, "client_resources": resources}
    run_simulation(server, app, num_supernodes=len(given.parts), backend_config=backend)
    # The initial weights are scored too, before the first round.
    return accuracies, [late - early for early, late in pairwise(ends[1:])]


if __name__ == "__main__":
    # Ray's workers inherit these: Flower gives Ray a runtime_env of its own and takes no other.
    paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ.update(SETTING=sys.argv[1], OMP_NUM_THREADS="1", PYTHONPATH=os.pathsep.join(paths))
    torch.set_num_threads(1)
    serve(run)
