"""Training one plan: the simulator on its own, without a search."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flopt.emissions.selection import first_drawn
from flopt.errors import FloptError
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import TaskSource
from flopt.trace import Round

__all__ = ["simulate"]


def simulate(plan: Plan | None = None, task: TaskSource | None = None, seed: int = 0) -> Iterator[Round]:
    """Train a plan (default: the shipped one) on a task (default: digits by writer), one `Round` after another.

        for done in flopt.simulate(flopt.Plan(rounds=20, local_epochs=1)):
            print(done.accuracy)

    Closing the generator stops the training. The rounds are those that `flopt tune` and `flopt train` see for the
    same plan, task and seed. Raises FloptError at once where the task is bad, and where the training diverges.
    """
    from flopt.oracles.simulated import simulated  # torch is heavy, and `flopt --help` imports this module
    from flopt.simulation.facts import facts

    plan, task = plan or Plan(), task or TaskSource()
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise FloptError(f"simulate: seed = {seed!r}: must be a whole number, at least 0")
    clients = facts(task)
    drawn = clients.clients_per_round(plan.client_fraction)
    selected = np.stack([first_drawn(clients.clients, drawn, seed, index) for index in range(plan.rounds)])
    # Which group of a fleet a client is in changes the price only.
    participation = Participation.complete(selected, np.zeros(clients.clients, dtype=np.int64))
    return simulated(task)(plan, participation, seed)
