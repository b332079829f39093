"""Energy of one round: every part, by group of the fleet, before any intensity is applied."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.arrivals import Arrivals, Cohort, expected_arrivals
from flopt.emissions.client_cost import ClientCost, client_cost
from flopt.emissions.rates import Rates
from flopt.emissions.work import Work
from flopt.units import J_PER_KWH

__all__ = ["RoundEnergy", "busy_s", "cohort", "push_energy", "round_energy"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RoundEnergy:
    """kWh of a round by part and group, shape (groups, draws, plans); the server and the time have (draws, plans)."""

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
    """Expected energy of one round of each plan; the arrays of `work` have the shape (plans,), or () for one plan."""
    cost, who = _cost(work, rates), cohort(work, rates)
    shape, cases = cost.busy_s.shape, cost.busy_s.reshape(len(cost.busy_s), -1)
    arrivals = expected_arrivals(cases, _of_cases(who, shape))
    used, waiting_s = arrivals.used.reshape(shape), arrivals.waiting_s.reshape(shape)
    wasted, wasted_s = (0.0, 0.0) if who.lossless else _wasted(cost, arrivals, who, used)
    evaluation, evaluation_s = _evaluation(work, rates, cost)
    round_s = arrivals.round_s.reshape(shape[1:])
    return RoundEnergy(
        training=used * cost.train_kwh,
        waiting=waiting_s * (rates.wait_w / J_PER_KWH),
        download=used * cost.download_kwh,
        upload=used * cost.upload_kwh,
        network=used * (cost.network_down_kwh + cost.network_up_kwh),
        evaluation=evaluation,
        wasted=np.asarray(wasted),
        server=round_s * (rates.server_w * rates.pue / J_PER_KWH),
        busy_s=used * cost.busy_s + waiting_s + wasted_s + evaluation_s,
        round_s=round_s,
    )


def busy_s(work: Work, rates: Rates) -> Array:
    """Seconds that a client of each group needs for its work, shape (groups, draws, plans)."""
    return _cost(work, rates).busy_s


def push_energy(work: Work, rates: Rates, clients: Array) -> RoundEnergy:
    """Energy of sending the final model to `clients` clients; nobody waits, and the server only sends."""
    cost = _cost(work, rates)
    receivers = clients.reshape(-1) * rates.share
    download, nothing = receivers * cost.download_kwh, np.zeros(())
    return RoundEnergy(
        training=nothing,
        waiting=nothing,
        download=download,
        upload=nothing,
        network=receivers * cost.network_down_kwh,
        evaluation=nothing,
        wasted=nothing,
        server=np.zeros(download.shape[1:]),
        busy_s=receivers * cost.download_s,
        round_s=np.zeros(download.shape[1:]),
    )


def cohort(work: Work, rates: Rates) -> Cohort:
    """Who is drawn: K updates are wanted, ceil(K (1 + over-selection)) clients drawn, never more than there are."""
    population = float(np.floor(work.population * rates.available + 1e-9))  # clients are whole
    wanted = np.minimum(work.clients, population)
    drawn = np.minimum(np.ceil(np.round(wanted * (1 + rates.over_selection), 9)), population)
    over_selected = rates.over_selection > 0
    return Cohort(drawn, wanted, rates.share, rates.drop_out, population, rates.deadline_s, over_selected)


def _of_cases(who: Cohort, shape: tuple[int, ...]) -> Cohort:
    """The same for every draw of the coefficients; arrays of shape (draws x plans,), and (groups, 1)."""
    groups, *cases = shape
    return replace(
        who,
        drawn=np.broadcast_to(who.drawn, cases).reshape(-1),
        wanted=np.broadcast_to(who.wanted, cases).reshape(-1),
        share=who.share.reshape(groups, 1),
        drop_out=who.drop_out.reshape(groups, 1),
    )


def _cost(work: Work, rates: Rates) -> ClientCost:
    samples, down, up = (each.reshape(-1) for each in (work.samples, work.download_bytes, work.upload_bytes))
    return client_cost(samples, down, up, work.flop_per_sample, rates)


def _wasted(cost: ClientCost, arrivals: Arrivals, who: Cohort, used: Array) -> tuple[Array, Array]:
    """kWh and client-seconds of all that was drawn, without what was used; who drops out sends nothing."""
    shape = cost.busy_s.shape

    def until(moment_s: Array) -> Array:
        cases = np.broadcast_to(moment_s, shape).reshape(shape[0], -1)
        return arrivals.ends.at_work_s(cases).reshape(shape)

    download_s = until(cost.download_s)
    sending_from_s = until(cost.download_s + cost.train_s)
    train_s = sending_from_s - download_s
    upload_s = (arrivals.at_work_s.reshape(shape) - sending_from_s) * (1 - who.drop_out)
    drawn = who.drawn * who.share
    kwh = drawn * cost.kwh_of(download_s, train_s, upload_s) - used * cost.whole_kwh
    seconds = drawn * (download_s + train_s + upload_s) - used * cost.busy_s
    return np.maximum(kwh, 0.0), np.maximum(seconds, 0.0)


def _evaluation(work: Work, rates: Rates, cost: ClientCost) -> tuple[Array, Array]:
    """kWh and client-seconds of those that score the new model on their held-out samples."""
    if rates.evaluation_fraction == 0:
        return np.zeros(()), np.zeros(())
    evaluators = rates.evaluation_fraction * work.population * rates.share
    steps = work.held_out_samples.reshape(-1) * rates.forward_share
    score_s = steps * (work.flop_per_sample * rates.s_per_flop + rates.s_per_sample)
    kwh = score_s * (rates.train_w / J_PER_KWH) + cost.download_kwh + cost.network_down_kwh
    return evaluators * kwh, evaluators * (score_s + cost.download_s)
