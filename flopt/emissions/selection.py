"""Selection: who is drawn in each round, who reports, and which group of the fleet each client belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.client_cost import ClientCost, client_cost
from flopt.emissions.energy import cohort
from flopt.emissions.fleet import Fleet
from flopt.emissions.pricer import Pricer
from flopt.emissions.pricing import availability
from flopt.emissions.rates import Rates
from flopt.emissions.settling import settle
from flopt.emissions.work import expected_work
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
from flopt.task import Task

__all__ = ["Happened", "assign_groups", "draw_participation", "first_drawn", "happened", "share_of_each"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Happened:
    """The drawn clients as they worked; arrays of shape (rounds, drawn), `round_s` of shape (rounds,)."""

    cost: ClientCost
    reports: Mask
    used: Mask
    round_s: Array


def draw_participation(plan: Plan, task: Task, pricer: Pricer, seed: int) -> Participation:
    """Draw the clients of every round, uniformly without replacement from those who are available, and their fate.

    Common random numbers: round r draws the same clients under every plan; one with a larger K draws more of the
    same order, so that plans are compared on equal luck.
    """
    fleet, work = pricer.fleet, expected_work([plan], task)[0]
    pricer.check(work)
    group_of = assign_groups(task.clients, fleet, seed)
    drawn = int(cohort(work, pricer.rates).drawn)
    hours = pricer.day_hours(work, plan.rounds)
    selected = np.stack([_drawn(group_of, fleet, hour, drawn, seed, index) for index, hour in enumerate(hours)])
    drop_out = np.array([group.drop_out for group in fleet.groups])[group_of]
    reports = np.stack([_reports(drop_out, group_of, seed, index)[chosen] for index, chosen in enumerate(selected)])
    used = happened(plan, task, pricer.rates, selected, group_of, reports).used
    return Participation(selected, reports, used, group_of)


def happened(plan: Plan, task: Task, table: Rates, selected: Indices, group_of: Indices, reports: Mask) -> Happened:
    """What the drawn clients took, with their own numbers of samples and their groups' devices and links."""
    samples = np.array([plan.local_samples(own) for own in task.client_samples], dtype=np.float64)
    down = np.asarray(plan.download_bytes(task.tensors), dtype=np.float64)
    up = np.asarray(plan.upload_bytes(task.tensors), dtype=np.float64)
    everyone = client_cost(samples, down, up, task.flop_per_sample, table.of_clients(group_of))
    cost = everyone.of(selected)
    wanted = task.clients_per_round(plan.client_fraction)
    slowest_s = float(everyone.busy_s.max())
    round_s, used = settle(cost.busy_s, reports, wanted, table.deadline_s, slowest_s)
    return Happened(cost, reports, used, round_s)


def first_drawn(clients: int, drawn: int, seed: int, index: int) -> Indices:
    """The first `drawn` of a random order of the clients: a partial Fisher-Yates shuffle, O(drawn)."""
    swaps = stream(seed, "clients", index).integers(np.arange(drawn), clients)
    moved: dict[int, int] = {}
    order = np.empty(drawn, dtype=np.int64)
    for place, other in enumerate(swaps.tolist()):
        order[place] = moved.get(other, other)
        moved[other] = moved.get(place, place)
    return order


def assign_groups(clients: int, fleet: Fleet, seed: int) -> Indices:
    """Group of each client by systematic sampling: share x N clients each, rounded up or down at random."""
    generator = stream(seed, "groups")
    positions = (np.arange(clients) + generator.random()) / clients
    bounds = np.cumsum([group.share for group in fleet.groups])
    groups = np.searchsorted(bounds[:-1], positions, side="right")
    return generator.permutation(groups).astype(np.int64)


def share_of_each(shares: Array, group_of: Indices, generator: np.random.Generator) -> Mask:
    """Choose clients so that each group gives its share, rounded up or down at random; all arrays by client.

    Every client of a group has the same chance, and the number of all that are chosen is the sum of the chances, up to
    rounding.
    """
    order = generator.permutation(len(shares))
    order = order[np.argsort(group_of[order], kind="stable")]
    reached = np.floor(np.cumsum(shares[order]) + generator.random() + 1e-9)
    chosen = np.zeros(len(shares), dtype=bool)
    chosen[order] = np.diff(reached, prepend=0.0) > 0
    return chosen


def _drawn(group_of: Indices, fleet: Fleet, hour: float | None, drawn: int, seed: int, index: int) -> Indices:
    present = np.array([availability(group, hour) for group in fleet.groups])[group_of]
    if (present == 1).all():
        return first_drawn(len(group_of), drawn, seed, index)
    there = share_of_each(present, group_of, stream(seed, "available", index))
    # Groups are dealt out in whole clients: where that leaves one too few, an absent client stands in.
    available = np.concatenate((np.flatnonzero(there), np.flatnonzero(~there)))[: max(int(there.sum()), drawn)]
    return np.asarray(available[first_drawn(len(available), drawn, seed, index)], dtype=np.int64)


def _reports(drop_out: Array, group_of: Indices, seed: int, index: int) -> Mask:
    if not drop_out.any():
        return np.ones(len(drop_out), dtype=bool)
    return ~share_of_each(drop_out, group_of, stream(seed, "drop out", index))
