"""How well a plan learns, by really training it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from flopt.participation import Participation
from flopt.plan import Plan
from flopt.simulation.checkpoint import Checkpoint
from flopt.simulation.facts import contents
from flopt.simulation.federation import federated
from flopt.simulation.resumption import fingerprint, resumed
from flopt.simulation.setup import Setup, prepare
from flopt.task import TaskSource
from flopt.trace import Round

__all__ = ["Simulated", "simulated"]


@dataclass(frozen=True, eq=False)
class Simulated:
    """An oracle that trains a task, and that goes on from a file after a crash or a pause."""

    setup: Setup
    source: TaskSource
    contents: tuple[str, ...]
    """Digests of the user's files that the setup was made of."""

    def __call__(self, plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
        """Train under `plan`; raises FloptError where the participation does not fit or the training diverges."""
        return federated(self.setup, plan, participation, seed)

    def resume(
        self, plan: Plan, participation: Participation, seed: int, checkpoint: Path, *, every_s: float,
        tell: Callable[[str], None],
    ) -> Iterator[Round]:  # fmt: skip
        """The same rounds, by way of a file: see `flopt.oracle.Resumable`."""
        file = Checkpoint(checkpoint, fingerprint(self.source, self.contents, plan, participation, seed))
        return resumed(self.setup, plan, participation, seed, file, every_s=every_s, tell=tell)


def simulated(source: TaskSource) -> Simulated:
    """An oracle that trains the task; the data are loaded once, here.

    Raises FloptError where the data, the partition or the model are bad. It sets this process to one torch thread:
    at these sizes a second one only waits, and runs of a study share the cores instead.
    """
    torch.set_num_threads(1)
    digests: list[str] = []
    with suppress(OSError, RuntimeError):  # preparing says which file cannot be read
        digests = contents(source)
    return Simulated(prepare(source), source, tuple(digests))
