"""The course of the clients' learning rate over the rounds."""

from __future__ import annotations

import math

from flopt.plan import Plan

__all__ = ["learning_rate"]


def learning_rate(plan: Plan, index: int) -> float:
    """Learning rate of the clients in round `index`, counted from 0.

    Equal steps up to the full value in the warm-up; after it constant, sqrt(w / r) with round r = index + 1 and
    w = max(1, warm-up) (Vaswani et al., "Attention is all you need", 2017, equation 3), or half a cosine that ends
    above zero (Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5).
    """
    number, warm = index + 1, plan.warmup_rounds
    if number <= warm:
        return plan.client_lr * number / warm
    match plan.schedule:
        case "inverse-sqrt":
            return plan.client_lr * math.sqrt(max(1, warm) / number)
        case "cosine":
            return plan.client_lr * (1 + math.cos(math.pi * (index - warm) / (plan.rounds - warm))) / 2
        case _:
            return plan.client_lr
