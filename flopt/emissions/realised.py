"""The realised footprint: what the clients that really took part would have emitted."""

from __future__ import annotations

import numpy as np

from flopt.emissions.footprint import Footprint, Parts
from flopt.emissions.pricing import Rates
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.task import Task
from flopt.units import BITS_PER_BYTE, BYTES_PER_GB, G_PER_KG, J_PER_KWH

__all__ = ["realised_footprint"]


def realised_footprint(plan: Plan, task: Task, participation: Participation, rates: Rates) -> Footprint:
    """Footprint of each round with the drawn clients' own sizes, groups and slowest member; shape (rounds,)."""
    chosen = participation.selected
    group = participation.group_of[chosen]
    samples = np.array([plan.local_samples(own) for own in task.client_samples], dtype=np.float64)[chosen]
    down, up = plan.download_bytes(task.tensors), plan.upload_bytes(task.tensors)
    train_s = samples * task.flop_per_sample / rates.flop_per_s[group]
    down_s = BITS_PER_BYTE * down / rates.down_bps[group]
    up_s = BITS_PER_BYTE * up / rates.up_bps[group]
    busy_s = train_s + down_s + up_s
    round_s = busy_s.max(axis=1)
    kwh = {
        "training": train_s * rates.train_w[group] / J_PER_KWH,
        "waiting": (round_s[:, np.newaxis] - busy_s) * rates.wait_w[group] / J_PER_KWH,
        "download": down_s * rates.receive_w[group] / J_PER_KWH,
        "upload": up_s * rates.transmit_w[group] / J_PER_KWH,
        "network": (down_s + up_s) * rates.router_w[group] / J_PER_KWH
        + (down + up) / BYTES_PER_GB * rates.network_kwh_per_gb[group],
    }
    server_kwh = round_s * rates.server_w * rates.pue / J_PER_KWH
    energy = Parts(**{part: each.sum(axis=1) for part, each in kwh.items()}, server=server_kwh)
    weights = rates.g_per_kwh[group] / G_PER_KG
    server_kg = server_kwh * rates.server_g_per_kwh / G_PER_KG
    co2e = Parts(**{part: (each * weights).sum(axis=1) for part, each in kwh.items()}, server=server_kg)
    return Footprint(energy, co2e, round_s)
