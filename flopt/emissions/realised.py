"""The realised footprint: what the clients that really took part would have emitted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flopt.emissions.footprint import Footprint, Parts
from flopt.emissions.rates import Rates
from flopt.emissions.selection import happened
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import Task
from flopt.units import G_PER_KG, J_PER_KWH

__all__ = ["realised_footprint"]

Array = NDArray[np.float64]


def realised_footprint(plan: Plan, task: Task, participation: Participation, rates: Rates) -> Footprint:
    """Footprint of each round with the drawn clients' own sizes, groups and slowest member; shape (rounds,).

    At annual intensities, without evaluation, final push and embodied carbon: those do not depend on who was drawn.
    """
    selected = participation.selected
    of_drawn = rates.of_clients(participation.group_of[selected])
    round_ = happened(plan, task, rates, selected, participation.group_of, participation.reports)
    used, cost, wait_w = round_.used, round_.cost, of_drawn.wait_w.reshape(selected.shape)
    ends = round_.round_s[:, np.newaxis]
    stopped = np.where(round_.reports, cost.kwh_until(ends), np.minimum(cost.kwh_until(ends), cost.unsent_kwh))
    kwh: dict[str, Array] = {
        "training": used * cost.train_kwh,
        "waiting": np.asarray(np.where(used, ends - cost.busy_s, 0.0)) * (wait_w / J_PER_KWH),
        "download": used * cost.download_kwh,
        "upload": used * cost.upload_kwh,
        "network": used * (cost.network_down_kwh + cost.network_up_kwh),
        "wasted": np.where(used, 0.0, stopped),
    }
    server_kwh = round_.round_s * (rates.server_w * rates.pue / J_PER_KWH)
    nothing = np.zeros_like(server_kwh)
    others = {"evaluation": nothing, "embodied": nothing}
    energy = Parts(**{part: each.sum(axis=1) for part, each in kwh.items()}, server=server_kwh, **others)
    weights = of_drawn.g_per_kwh.reshape(selected.shape) / G_PER_KG
    server_kg = server_kwh * (rates.server_g_per_kwh / G_PER_KG)
    co2e = Parts(**{part: (each * weights).sum(axis=1) for part, each in kwh.items()}, server=server_kg, **others)
    return Footprint(energy, co2e, round_.round_s)
