"""Energy of one round: every part, by group of the fleet, before any intensity is applied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.arrivals import Cohort, expected_arrivals
from flopt.emissions.client_cost import ClientCost, client_cost
from flopt.emissions.rates import Rates
from flopt.emissions.work import Work
from flopt.units import J_PER_KWH

__all__ = ["RoundEnergy", "cohort", "push_energy", "round_energy"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RoundEnergy:
    """kWh of a round by part and group, shape (..., groups); the server and the time have shape (...)."""

    training: Array
    waiting: Array
    download: Array
    upload: Array
    network: Array
    evaluation: Array
    wasted: Array
    server: Array
    busy_s: Array
    """Client-seconds that each group is busy, for embodied carbon; waiting counts."""
    round_s: Array


def round_energy(work: Work, rates: Rates) -> RoundEnergy:
    """Expected energy of one round of each plan."""
    cost = _cost(work, rates)
    arrivals = expected_arrivals(cost.busy_s, cohort(work, rates))
    used = arrivals.used
    wasted = arrivals.unused * cost.whole_kwh + arrivals.dropped * cost.unsent_kwh
    wasted_s = (arrivals.unused + arrivals.dropped) * cost.busy_s
    for end in range(arrivals.cut.shape[-1]):
        moment = arrivals.cut_s[..., end, np.newaxis]
        done = cost.kwh_until(moment)
        done = done - rates.drop_out * np.maximum(done - cost.unsent_kwh, 0.0)  # who drops out sends nothing
        wasted = wasted + arrivals.cut[..., end] * done
        wasted_s = wasted_s + arrivals.cut[..., end] * np.minimum(moment, cost.busy_s)
    evaluation, evaluation_s = _evaluation(work, rates, cost)
    return RoundEnergy(
        training=used * cost.train_kwh,
        waiting=arrivals.waiting_s * (rates.wait_w / J_PER_KWH),
        download=used * cost.download_kwh,
        upload=used * cost.upload_kwh,
        network=used * (cost.network_down_kwh + cost.network_up_kwh),
        evaluation=evaluation,
        wasted=wasted,
        server=arrivals.round_s * (rates.server_w * rates.pue / J_PER_KWH),
        busy_s=used * cost.busy_s + arrivals.waiting_s + wasted_s + evaluation_s,
        round_s=arrivals.round_s,
    )


def push_energy(work: Work, rates: Rates, clients: Array) -> RoundEnergy:
    """Energy of sending the final model to `clients` clients; nobody waits, and the server only sends."""
    cost = _cost(work, rates)
    receivers = clients[..., np.newaxis] * rates.share
    nothing = np.zeros_like(receivers * cost.busy_s)
    return RoundEnergy(
        training=nothing,
        waiting=nothing,
        download=receivers * cost.download_kwh,
        upload=nothing,
        network=receivers * cost.network_down_kwh,
        evaluation=nothing,
        wasted=nothing,
        server=nothing[..., 0],
        busy_s=receivers * cost.download_s,
        round_s=nothing[..., 0],
    )


def cohort(work: Work, rates: Rates) -> Cohort:
    """Who is drawn: K updates are wanted, ceil(K (1 + over-selection)) clients drawn, never more than there are."""
    population = float(np.floor(work.population * rates.available + 1e-9))  # clients are whole
    wanted = np.minimum(work.clients, population)
    drawn = np.minimum(np.ceil(np.round(wanted * (1 + rates.over_selection), 9)), population)
    return Cohort(drawn, wanted, rates.share, rates.drop_out, population, rates.deadline_s)


def _cost(work: Work, rates: Rates) -> ClientCost:
    return client_cost(
        work.samples[..., np.newaxis],
        work.download_bytes[..., np.newaxis],
        work.upload_bytes[..., np.newaxis],
        work.flop_per_sample,
        rates,
    )


def _evaluation(work: Work, rates: Rates, cost: ClientCost) -> tuple[Array, Array]:
    """kWh and client-seconds of those that score the new model on their held-out samples."""
    if rates.evaluation_fraction == 0:
        nothing = np.zeros(rates.share.shape[-1])
        return nothing, nothing
    evaluators = rates.evaluation_fraction * work.population * rates.share
    steps = work.held_out_samples[..., np.newaxis] * rates.forward_share
    score_s = steps * (work.flop_per_sample * rates.s_per_flop + rates.s_per_sample)
    kwh = score_s * (rates.train_w / J_PER_KWH) + cost.download_kwh + cost.network_down_kwh
    return evaluators * kwh, evaluators * (score_s + cost.download_s)
