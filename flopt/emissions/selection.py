"""Selection: who is drawn in each round, and which group of the fleet each client belongs to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.fleet import Fleet
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
from flopt.task import Task

__all__ = ["draw_participation"]


def draw_participation(plan: Plan, task: Task, fleet: Fleet, seed: int) -> Participation:
    """Draw the clients of every round, uniformly without replacement.

    Common random numbers: round r draws the same clients under every plan; one with a larger K draws more of
    the same order, so that plans are compared on equal luck.
    """
    drawn = task.clients_per_round(plan.client_fraction)
    selected = np.stack([first_drawn(task.clients, drawn, seed, index) for index in range(plan.rounds)])
    return Participation(selected, assign_groups(task.clients, fleet, seed))


def first_drawn(clients: int, drawn: int, seed: int, index: int) -> NDArray[np.int64]:
    """The first `drawn` of a random order of the clients: a partial Fisher-Yates shuffle, O(drawn)."""
    swaps = stream(seed, "clients", index).integers(np.arange(drawn), clients)
    moved: dict[int, int] = {}
    order = np.empty(drawn, dtype=np.int64)
    for place, other in enumerate(swaps.tolist()):
        order[place] = moved.get(other, other)
        moved[other] = moved.get(place, place)
    return order


def assign_groups(clients: int, fleet: Fleet, seed: int) -> NDArray[np.int64]:
    """Group of each client by systematic sampling: share x N clients each, rounded up or down at random."""
    generator = stream(seed, "groups")
    positions = (np.arange(clients) + generator.random()) / clients
    bounds = np.cumsum([group.share for group in fleet.groups])
    groups = np.searchsorted(bounds[:-1], positions, side="right")
    return generator.permutation(groups).astype(np.int64)
