"""The server's optimiser: how it takes the mean update of a round."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from flopt.plan import Plan
from flopt.simulation.state import State

__all__ = ["BETA_2", "Server"]

BETA_2 = 0.99
"""Decay of the squared updates in FedAdam and FedYogi: Reddi et al. 2021, section 5.2."""


class Server:
    """The server's weights and what its optimiser remembers.

    `sgd` is w += lr v with v = momentum v + update: FedAvg at lr 1 without momentum, FedAvgM with it (Hsu, Qi and
    Brown, "Measuring the effects of non-identical data distribution", 2019, section 4.3). The others are algorithm 2
    of Reddi et al., "Adaptive federated optimization", ICLR 2021, without bias correction and with v_-1 = tau^2.
    """

    def __init__(self, plan: Plan, weights: Sequence[Tensor]) -> None:
        self.weights = list(weights)
        self._plan = plan
        self._momentum: list[Tensor] = []
        self._squares = [torch.full_like(weight, plan.server_tau**2) for weight in self._if_adaptive(weights)]

    def step(self, update: Sequence[Tensor]) -> None:
        """Move the weights by the mean update of one round; the tensors of the last round stay as they are."""
        moved = self._adapted(update) if self._squares else self._accumulated(update, 1.0)
        lr = self._plan.server_lr
        self.weights = [torch.add(weight, step, alpha=lr) for weight, step in zip(self.weights, moved, strict=True)]

    def state(self) -> State:
        """Weights, momentum and squares."""
        return {"weights": self.weights, "momentum": self._momentum, "squares": self._squares}

    def restore(self, state: State) -> None:
        """Go on from what `state` gave."""
        self.weights, self._momentum, self._squares = (list(state[name]) for name in ("weights", "momentum", "squares"))

    def _if_adaptive(self, weights: Sequence[Tensor]) -> Sequence[Tensor]:
        return [] if self._plan.server_optimizer == "sgd" else weights

    def _accumulated(self, update: Sequence[Tensor], share: float) -> list[Tensor]:
        """The momentum after this update, of which it takes in `share`."""
        momentum = self._plan.server_momentum
        if not momentum:
            return list(update)
        old = self._momentum or [torch.zeros_like(each) for each in update]
        self._momentum = [momentum * before + share * new for before, new in zip(old, update, strict=True)]
        return self._momentum

    def _adapted(self, update: Sequence[Tensor]) -> list[Tensor]:
        """The step m / (sqrt(v) + tau) of the adaptive optimisers."""
        moments = self._accumulated(update, 1 - self._plan.server_momentum)
        for square, new in zip(self._squares, update, strict=True):
            self._take_in(square, new.square())
        return [m / (v.sqrt() + self._plan.server_tau) for m, v in zip(moments, self._squares, strict=True)]

    def _take_in(self, square: Tensor, new: Tensor) -> None:
        match self._plan.server_optimizer:
            case "adagrad":
                square.add_(new)
            case "adam":
                square.mul_(BETA_2).add_(new, alpha=1 - BETA_2)
            case "yogi":
                square.sub_(new * torch.sign(square - new), alpha=1 - BETA_2)
