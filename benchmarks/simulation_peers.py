"""How long does a round of federated training take in flopt, in pfl, in fedjax and in Flower's simulation on Ray?

MNIST-5k, 40 clients cut by Dirichlet(0.5), 10 in each round, 2 local epochs, batches of 10, plain SGD, 20 rounds, the
same initial weights, the held-out samples scored after each round; wall time, in turns. pfl and fedjax get the same
clients in each round, Flower draws its own. Each peer runs in the Python given for it, which needs its pins:

    python -m venv P; P/bin/pip install -r benchmarks/requirements-pfl.txt        (-fedjax, -flower)
    python benchmarks/simulation_peers.py --peer-python pfl=P/bin/python --peer-python fedjax=...

A peer without a Python, or that fails, is printed as missing. flopt runs in a process of its own as well, and so does
"naive", the loop of simulation.py.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import torch
from _peer import LAST, Given, serve
from _setting import Setting

HERE = Path(__file__).parent
PEERS = ("pfl", "fedjax", "flower")
ROUNDS = 20


class Peer:
    """A process that trains whenever it is asked."""

    def __init__(self, name: str, command: list[str], errors: Path) -> None:
        self.name = name
        self.errors = errors.open("w+", encoding="utf-8")
        threads = {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env=os.environ | threads,
        )  # fmt: skip

    def ask(self) -> dict[str, float] | None:
        """Seconds a round and accuracy of one training; None where it failed."""
        asked, answered = _pipe(self.process.stdin), _pipe(self.process.stdout)
        try:
            asked.write("train\n")
            asked.flush()
            return dict(json.loads(answered.readline()))
        except (OSError, ValueError):
            return None

    def why(self) -> str:
        """The last line that it wrote to stderr."""
        self.errors.seek(0)
        return (self.errors.read().strip().splitlines() or ["it wrote nothing"])[-1]

    def close(self) -> None:
        """Let it end."""
        _pipe(self.process.stdin).close()
        self.process.wait()


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def pythons(given: list[str]) -> dict[str, str]:
    """The Python of each peer."""
    found = dict(each.split("=", 1) for each in given)
    unknown = set(found) - set(PEERS)
    if unknown:
        sys.exit(f"no peer {sorted(unknown)}; one of {', '.join(PEERS)}")
    return found


def measure(peers: list[Peer], repeats: int) -> None:
    """Print the medians, and how many times flopt's round goes into the peer's of the same repeat."""
    results: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in peers}
    for _ in range(repeats + 1):
        for peer in peers:
            found = peer.ask() if len(results[peer.name]) == len(results["flopt"]) - (peer.name != "flopt") else None
            if found:
                results[peer.name].append(found)
    for peer in peers:
        measured = results[peer.name][1:]  # the first one warms
        if len(measured) < repeats:
            print(f"{peer.name:8} missing: {peer.why()}")
            continue
        ratios = [it["wall"] / own["wall"] for it, own in zip(measured, results["flopt"][1:], strict=True)]
        print(
            f"{peer.name:8} {1e3 * statistics.median(it['wall'] for it in measured):8.1f} ms a round (wall), "
            f"{1e3 * statistics.median(it['cpu'] for it in measured):8.1f} ms CPU of its main process; "
            f"{statistics.median(ratios):6.2f}x flopt ({min(ratios):.2f}-{max(ratios):.2f})  "
            f"mean accuracy of the last {LAST} rounds {statistics.mean(it['accuracy'] for it in measured):.4f}",
            flush=True,
        )


def main() -> None:
    """Compare with the peers that have a Python."""
    parser = argparse.ArgumentParser(description="compare with other simulators")
    parser.add_argument("--peer-python", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--models", nargs="+", default=["mlp", "logreg"], choices=["mlp", "logreg"])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    given = pythons(options.peer_python)
    with tempfile.TemporaryDirectory() as folder:
        for model in options.models:
            setting = Path(folder) / f"{model}.npz"
            Setting.of(model, ROUNDS).save(setting)
            print(f"{model}: {ROUNDS} rounds, {options.repeats} alternating repeats")
            commands = {side: [sys.executable, __file__, "--serve", side, model] for side in ("flopt", "naive")}
            commands |= {name: [python, str(HERE / f"_peer_{name}.py")] for name, python in given.items()}
            peers = [
                Peer(name, [*command[:2], str(setting), *command[2:]], Path(folder) / f"{name}.txt")
                for name, command in commands.items()
            ]
            measure(peers, options.repeats)
            for peer in peers:
                peer.close()
            for name in PEERS:
                if name not in given:
                    print(f"{name:8} missing: no --peer-python {name}=PYTHON")


def serve_own(side: str, model: str) -> None:
    """flopt, or the naive loop, as a peer among the others."""
    torch.set_num_threads(1)
    setting = Setting.of(model, ROUNDS)

    def run(_given: Given) -> tuple[list[float], None]:
        return setting.flopt() if side == "flopt" else setting.naive(), None

    serve(run)


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve_own(*sys.argv[-2:])
    else:
        main()
