"""How well a plan learns, by really training it."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from flopt.oracle import Oracle
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.simulation.federation import federated
from flopt.simulation.setup import prepare
from flopt.task import TaskSource
from flopt.trace import Round

__all__ = ["simulated"]


def simulated(source: TaskSource) -> Oracle:
    """An oracle that trains the task; the data are loaded once, here.

    Raises FloptError where the data, the partition or the model are bad; the rounds raise it where the
    participation does not fit the task or the training diverges. It sets this process to one torch thread: at
    these sizes a second one only waits, and runs of a study share the cores instead.
    """
    torch.set_num_threads(1)
    setup = prepare(source)

    def rounds(plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
        return federated(setup, plan, participation, seed)

    return rounds
