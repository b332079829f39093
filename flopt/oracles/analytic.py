"""A closed-form learning curve: instant, and no measurement of anything."""

from __future__ import annotations

import math
from collections.abc import Iterator

from flopt.compression import Compression
from flopt.oracle import Oracle
from flopt.participation import Participation
from flopt.plan import Plan
from flopt.seeds import stream
from flopt.task import Task
from flopt.trace import Round

__all__ = ["analytic"]

CEILING = 0.97
"""Accuracy that the curve tends to without drift, compression loss or few clients."""
EXPONENT = 1.1
PACE_ROUNDS = 1.5
BEST_LR = 0.1


def analytic(task: Task) -> Oracle:
    """An oracle for tests and demonstrations, with the shape of federated learning curves.

    accuracy(r) = ceiling - (ceiling - chance) (1 + pace r / tau)^-beta, a power law in the progress made, as learning
    curves are commonly fitted (Domhan et al. 2015). More local steps quicken the pace and lower the ceiling (client
    drift), few clients add noise, strong compression costs both. The constants are flopt's own; its numbers are
    predicted by no data and are labelled `analytic` wherever they appear.
    """

    def rounds(plan: Plan, participation: Participation, seed: int) -> Iterator[Round]:
        steps = plan.local_samples(task.mean_samples) / plan.batch_size
        drawn = participation.selected.shape[1]
        fidelity = _fidelity(plan.uplink) * _fidelity(plan.downlink)
        off_lr = math.log10(plan.client_lr / BEST_LR)
        pace = (steps / 8) ** 0.5 * math.exp(-0.5 * (off_lr / 0.6) ** 2) * fidelity
        drift = 0.02 * math.log1p(steps * plan.client_lr) / math.sqrt(drawn)
        ceiling = CEILING - drift - 0.05 * (1 - fidelity)
        down, up = plan.download_bytes(task.tensors), plan.upload_bytes(task.tensors)
        for index in range(plan.rounds):
            chosen = participation.users(index)
            progress = (1 + pace * (index + 1) / PACE_ROUNDS) ** -EXPONENT
            mean = ceiling - (ceiling - task.majority_share) * progress
            # One draw for all plans: two plans differ by what they do, not by their luck.
            validation, test = stream(seed, "analytic", index).normal(size=2) * 0.01 / math.sqrt(drawn)
            samples = int(sum(plan.local_samples(task.client_samples[client]) for client in chosen))
            yield Round(
                accuracy=min(max(mean + validation, 0.0), 1.0),
                loss=-math.log(max(mean, 1e-9)),
                clients=len(chosen),
                samples=samples,
                download_bytes=drawn * down,
                upload_bytes=len(chosen) * up,
                test_accuracy=min(max(mean + test, 0.0), 1.0),
            )

    return rounds


def _fidelity(compression: Compression) -> float:
    """Share of an update's information that survives, in (0, 1]."""
    if compression.kind in ("quantize", "qsgd"):
        return float(1 - 0.6 * 2.0**-compression.amount)
    if compression.kind in ("topk", "randomk"):
        return float(compression.amount**0.1)
    return 1.0
