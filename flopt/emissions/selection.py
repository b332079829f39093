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
from flopt.task import MANY_CLIENTS, Task

__all__ = [
    "Happened",
    "assign_groups",
    "draw_participation",
    "first_drawn",
    "happened",
    "share_of_each",
    "share_of_first",
]

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
    sizes = np.bincount(group_of, minlength=len(fleet.groups))
    present = {hour: np.array([availability(group, hour) for group in fleet.groups]) for hour in set(hours)}
    selected = np.stack([_drawn(group_of, sizes, present[hour], drawn, seed, r) for r, hour in enumerate(hours)])
    drop_out = np.array([group.drop_out for group in fleet.groups])
    reports = np.stack(
        [_reports(drop_out, group_of, sizes, chosen, seed, index) for index, chosen in enumerate(selected)]
    )
    used = happened(plan, task, pricer.rates, selected, group_of, reports).used
    return Participation(selected, reports, used, group_of)


def happened(plan: Plan, task: Task, table: Rates, selected: Indices, group_of: Indices, reports: Mask) -> Happened:
    """What the drawn clients took, with their own numbers of samples and their groups' devices and links."""
    clients, where = np.unique(selected, return_inverse=True)
    cost = _cost(plan, task, table, clients, group_of).of(where.reshape(selected.shape))
    wanted = task.clients_per_round(plan.client_fraction)
    slowest_s = _slowest_s(plan, task, table, group_of) if table.deadline_s is None else 0.0
    round_s, used = settle(cost.busy_s, reports, wanted, table.deadline_s, slowest_s)
    return Happened(cost, reports, used, round_s)


def _cost(plan: Plan, task: Task, table: Rates, clients: Indices, group_of: Indices) -> ClientCost:
    """What these clients take, shape (clients,)."""
    samples = np.array([plan.local_samples(task.client_samples[client]) for client in clients], dtype=np.float64)
    down = np.asarray(plan.download_bytes(task.tensors), dtype=np.float64)
    up = np.asarray(plan.upload_bytes(task.tensors), dtype=np.float64)
    return client_cost(samples, down, up, task.flop_per_sample, table.of_clients(group_of[clients]))


def _slowest_s(plan: Plan, task: Task, table: Rates, group_of: Indices) -> float:
    """Seconds of the slowest client of all: of each group, the one with most samples takes longest."""
    largest = np.lexsort((np.asarray(task.client_samples), group_of))
    last = np.append(np.flatnonzero(np.diff(group_of[largest])), len(group_of) - 1)
    return float(_cost(plan, task, table, largest[last], group_of).busy_s.max())


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


def share_of_first(shares: Array, group_of: Indices, sizes: Indices, generator: np.random.Generator) -> Mask:
    """What `share_of_each` chooses among the first clients of a random order of all, without a look at the others.

    `shares` and `sizes` by group, `group_of` of the first clients. How many of each group are chosen is settled first;
    a client is then one of them with the chance of those left among its group's clients left.
    """
    reached = np.floor(np.cumsum(shares * sizes) + generator.random() + 1e-9)
    chosen, left = np.diff(reached, prepend=0.0), sizes.astype(np.float64)
    hits = np.zeros(len(group_of), dtype=bool)
    for place, (group, luck) in enumerate(zip(group_of.tolist(), generator.random(len(group_of)), strict=True)):
        hits[place] = luck * left[group] < chosen[group]
        left[group] -= 1
        chosen[group] -= hits[place]
    return hits


def _drawn(group_of: Indices, sizes: Indices, present: Array, drawn: int, seed: int, index: int) -> Indices:
    if (present[sizes > 0] == 1).all():
        return first_drawn(len(group_of), drawn, seed, index)
    if len(group_of) > MANY_CLIENTS:
        return _drawn_of_many(group_of, sizes, present, drawn, seed, index)
    there = share_of_each(present[group_of], group_of, stream(seed, "available", index))
    # Groups are dealt out in whole clients: where that leaves one too few, an absent client stands in.
    available = np.concatenate((np.flatnonzero(there), np.flatnonzero(~there)))[: max(int(there.sum()), drawn)]
    return np.asarray(available[first_drawn(len(available), drawn, seed, index)], dtype=np.int64)


def _drawn_of_many(group_of: Indices, sizes: Indices, present: Array, drawn: int, seed: int, index: int) -> Indices:
    """The first clients of a random order of all that are there; the order is followed as far as it takes."""
    asked = 2 * drawn
    while True:
        order = first_drawn(len(group_of), min(asked, len(group_of)), seed, index)
        there = share_of_first(present, group_of[order], sizes, stream(seed, "available", index))
        if there.sum() >= drawn or asked >= len(group_of):
            return np.concatenate((order[there], order[~there]))[:drawn]
        asked *= 4


def _reports(drop_out: Array, group_of: Indices, sizes: Indices, chosen: Indices, seed: int, index: int) -> Mask:
    if not drop_out[sizes > 0].any():
        return np.ones(len(chosen), dtype=bool)
    random = stream(seed, "drop out", index)
    if len(group_of) > MANY_CLIENTS:
        return ~share_of_first(drop_out, group_of[chosen], sizes, random)
    return np.asarray(~share_of_each(drop_out[group_of], group_of, random)[chosen])
