"""Local SGD's rule: what a client adds to its gradient, and how it moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from flopt.simulation.partition import Indices

__all__ = ["Course", "Descent", "Slope", "one_by_one"]

Slope = Callable[[list[Tensor], float, float], None]
"""`slope(target, scale, keep)` makes target = keep x target + scale x gradient at the client's present weights.

The target may be the weights themselves: every part of the gradient is found before any weight moves.
"""


Batches = Sequence[Indices]


@dataclass(frozen=True, eq=False)
class Descent:
    """SGD with momentum and weight decay, FedProx's pull and SCAFFOLD's correction; plain SGD by default.

    The gradient is that of loss(w) + weight_decay / 2 |w|^2 + proximal_mu / 2 |w - received|^2 + <correction, w>:
    the proximal term of Li et al., "Federated optimization in heterogeneous networks", MLSys 2020, equation 2, and
    correction = c - c_i of Karimireddy et al., "SCAFFOLD", ICML 2020, equation 3. Momentum as in Sutskever et al.
    2013 without dampening, v = momentum x v + gradient, which is also torch.optim.SGD's.
    """

    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    proximal_mu: float = 0.0
    correction: Sequence[Tensor] | None = None

    def run(self, local: list[Tensor], slopes: Iterable[Slope]) -> None:
        """Move the weights `local`, which are those received, by one step for each slope."""
        self.start(local).run(slopes)

    def start(self, local: list[Tensor]) -> Course:
        """The beginning of a descent that moves the weights `local`, which are those received, in several parts."""
        velocity = [torch.zeros_like(weight) for weight in local] if self.momentum else []
        return Course(self, local, self._constant(local), velocity)

    @property
    def pull(self) -> float:
        """Factor of the present weights in the gradient."""
        return self.weight_decay + self.proximal_mu

    @property
    def plain(self) -> bool:
        """Whether the gradient is that of the loss alone, and every step goes straight down it."""
        return not (self.momentum or self.pull or self.correction is not None)

    def _constant(self, received: Sequence[Tensor]) -> list[Tensor]:
        """What the gradient holds that does not change over the steps; nothing where that is zero."""
        parts = [weight * -self.proximal_mu for weight in received] if self.proximal_mu else []
        if self.correction is None:
            return parts
        return [p + c for p, c in zip(parts, self.correction, strict=True)] if parts else list(self.correction)


@dataclass(frozen=True, eq=False)
class Course:
    """A descent under way."""

    rule: Descent
    local: list[Tensor]
    constant: list[Tensor]
    velocity: list[Tensor]

    def first(self, count: int) -> Course:
        """The same descent of the first `count` of stacked clients, whose tensors it shares."""
        parts = ([tensor[:count] for tensor in each] for each in (self.local, self.constant, self.velocity))
        return Course(self.rule, *parts)

    def run(self, slopes: Iterable[Slope]) -> None:
        """One step for each slope."""
        if self.velocity:
            self._with_momentum(slopes)
            return
        lr, keep = self.rule.lr, 1 - self.rule.lr * self.rule.pull
        for slope in slopes:
            slope(self.local, -lr, keep)
            if self.constant:
                torch._foreach_add_(self.local, self.constant, alpha=-lr)

    def _with_momentum(self, slopes: Iterable[Slope]) -> None:
        for slope in slopes:
            slope(self.velocity, 1.0, self.rule.momentum)
            if self.rule.pull:
                torch._foreach_add_(self.velocity, self.local, alpha=self.rule.pull)
            if self.constant:
                torch._foreach_add_(self.velocity, self.constant)
            torch._foreach_add_(self.local, self.velocity, alpha=-self.rule.lr)


def one_by_one(
    train: Callable[[Sequence[Tensor], Batches, Descent], list[Tensor]],
    weights: Sequence[Tensor],
    plans: Sequence[Batches],
    descents: Sequence[Descent],
) -> list[list[Tensor]]:
    """What `train` changes in the weights, for each client's batches and descent."""
    pairs = zip(plans, descents, strict=True)
    return [list(torch._foreach_sub(train(weights, plan, descent), list(weights))) for plan, descent in pairs]
