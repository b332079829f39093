"""The footprint: energy and CO2e of every part of a round."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.energy import RoundEnergy, push_energy, round_energy
from flopt.emissions.rates import Rates
from flopt.emissions.work import Work
from flopt.units import G_PER_KG

__all__ = ["PARTS", "Footprint", "Parts", "joined", "priced", "push_footprint", "round_footprint"]

Array = NDArray[np.float64]

CLIENT_PARTS = ("training", "waiting", "download", "upload", "network", "evaluation", "wasted")
CHUNK = 8192
"""Plans and draws priced at a time: enough that NumPy's calls cost little, few enough that memory does not grow."""
_KEPT = 3_900_000
"""Numbers in an array of just less than 32 MiB, the largest whose release raises glibc's threshold for giving back."""


@dataclass(frozen=True, eq=False)
class Parts:
    """One quantity, part by part; arrays of one shape. The parts add up to the total."""

    training: Array
    """Local SGD of the clients whose update is used."""
    waiting: Array
    """Those clients, from their own end to the round's."""
    download: Array
    """Devices that receive the model."""
    upload: Array
    """Devices that send an update."""
    network: Array
    """Everything between device and server, both ways."""
    server: Array
    """Aggregation and selection while the round lasts, with the PUE."""
    evaluation: Array
    """Clients that score the model, where the deployed plan has them do it."""
    wasted: Array
    """All that was drawn for updates that are not used: drop-outs, over-selection, deadlines."""
    embodied: Array
    """Making of the devices, by the busy share of their life; no energy of the run."""

    @cached_property
    def total(self) -> Array:
        """The sum of the parts."""
        found = np.asarray(sum(self.each()))
        found.setflags(write=False)  # all who read it get the same
        return found

    def each(self) -> list[Array]:
        """The parts in their order."""
        return [getattr(self, part) for part in PARTS]

    def map(self, change: Callable[[Array], Array]) -> Parts:
        """The same parts, each changed in the same way."""
        return Parts(*map(change, self.each()))

    def plus(self, other: Parts) -> Parts:
        """The sum, part by part."""
        return Parts(*(getattr(self, part) + getattr(other, part) for part in PARTS))


PARTS: tuple[str, ...] = tuple(field.name for field in fields(Parts))


@dataclass(frozen=True, eq=False)
class Footprint:
    """Energy, CO2e and time, as arrays of one shape: over plans, or over the rounds of one plan."""

    energy_kwh: Parts
    co2e_kg: Parts
    duration_s: Array

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> Footprint:
        """That of doing nothing."""
        zeros = np.zeros(shape)
        parts = Parts(*([zeros] * len(PARTS)))
        return cls(parts, parts, zeros)

    def over_rounds(self, rounds: int, once: Footprint | None = None) -> Footprint:
        """The cumulative footprint after each of `rounds` equal rounds; shapes grow by a last axis (rounds,).

        `once` is added to every prefix: what is done one time, after the last round.
        """
        count = np.arange(1, rounds + 1, dtype=np.float64)
        grown = self.map(lambda per_round: np.multiply.outer(per_round, count))
        return grown if once is None else grown.plus(once.map(lambda each: each[..., np.newaxis]))

    def map(self, change: Callable[[Array], Array]) -> Footprint:
        """The same footprint, every array changed in the same way."""
        return Footprint(self.energy_kwh.map(change), self.co2e_kg.map(change), change(self.duration_s))

    def plus(self, other: Footprint) -> Footprint:
        """The sum of two footprints, part by part."""
        return Footprint(
            self.energy_kwh.plus(other.energy_kwh),
            self.co2e_kg.plus(other.co2e_kg),
            self.duration_s + other.duration_s,
        )


def round_footprint(work: Work, rates: Rates) -> Footprint:
    """Expected footprint of one round of each plan: arrays of the shape of `work.clients`.

    Qiu et al., "A first look into the carbon footprint of federated learning", JMLR 24 (2023): training and
    communication energy of every client times the intensity of its grid; waiting, server and waste are added.
    """
    size = max(1, CHUNK // max((1, *rates.draws)))
    if work.clients.ndim and len(work) > size:
        np.empty(_KEPT)  # glibc then keeps what each step frees for the next one: a quarter of the time
        return joined([round_footprint(work[i : i + size], rates) for i in range(0, len(work), size)])
    return shaped(priced(round_energy(work, rates), rates), rates.draws, work.clients.shape)


def push_footprint(work: Work, rates: Rates, clients: Array) -> Footprint:
    """Footprint of sending the final model to `clients` clients of the fleet, once."""
    return shaped(priced(push_energy(work, rates, clients), rates), rates.draws, work.clients.shape)


def shaped(footprint: Footprint, draws: tuple[int, ...], plans: tuple[int, ...]) -> Footprint:
    """Arrays of the shape of the plans, after the axis of draws where there is one."""
    cases, shape = (*(draws or (1,)), math.prod(plans)), (*draws, *plans)
    # Most have the shape already, and a search prices plan after plan.
    return footprint.map(lambda each: (each if each.shape == cases else np.broadcast_to(each, cases)).reshape(shape))


def priced(
    energy: RoundEnergy, rates: Rates, *, g_per_kwh: Array | None = None, server_g_per_kwh: Array | None = None
) -> Footprint:
    """Energy times intensity, arrays of shape (draws, plans).

    Other intensities than the annual ones have shapes that broadcast with (groups, draws, plans) and (draws, plans).
    """
    clients = (rates.g_per_kwh if g_per_kwh is None else g_per_kwh) / G_PER_KG
    server = energy.server * ((rates.server_g_per_kwh if server_g_per_kwh is None else server_g_per_kwh) / G_PER_KG)
    nothing = np.zeros(server.shape)
    by_group = {name: getattr(energy, name) for name in CLIENT_PARTS}
    kwh = {name: _over_groups(each) + nothing for name, each in by_group.items()}
    kg = {name: _over_groups(each * clients) + nothing for name, each in by_group.items()}
    making = _over_groups(energy.busy_s * rates.embodied_kg_per_s) + energy.round_s * rates.server_embodied_kg_per_s
    return Footprint(
        Parts(**kwh, server=energy.server + nothing, embodied=nothing),
        Parts(**kg, server=server, embodied=making + nothing),
        energy.round_s + nothing,
    )


def _over_groups(values: Array) -> Array:
    """The sum over the first axis, in its order: NumPy adds a single column up in another one, and many alike."""
    if not values.ndim:
        return values
    return np.asarray(np.add.reduce(values) if values[0].size > 1 else sum(values))


def joined(chunks: Sequence[Footprint]) -> Footprint:
    """Several footprints as one, along the last axis; the others broadcast."""

    def join(pick: Callable[[Footprint], Parts]) -> Parts:
        return Parts(*(np.concatenate([getattr(pick(chunk), part) for chunk in chunks], axis=-1) for part in PARTS))

    duration = np.concatenate([chunk.duration_s for chunk in chunks], axis=-1)
    return Footprint(join(lambda f: f.energy_kwh), join(lambda f: f.co2e_kg), duration)
