"""Local SGD's rule: what a client adds to its gradient, and how it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Descent", "Slope"]

Slope = Callable[[list[Tensor], float, float], None]
"""`slope(target, scale, keep)` makes target = keep x target + scale x gradient at the client's present weights.

The target may be the weights themselves: every part of the gradient is found before any weight moves.
"""


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

    def run(self, local: list[Tensor], slopes: Sequence[Slope]) -> None:
        """Move the weights `local`, which are those received, by one step for each slope."""
        constant = self._constant(local)
        if self.momentum:
            self._with_momentum(local, slopes, constant)
            return
        keep = 1 - self.lr * self._pull
        for slope in slopes:
            slope(local, -self.lr, keep)
            if constant:
                torch._foreach_add_(local, constant, alpha=-self.lr)

    def _with_momentum(self, local: list[Tensor], slopes: Sequence[Slope], constant: list[Tensor]) -> None:
        velocity = [torch.zeros_like(weight) for weight in local]
        for slope in slopes:
            slope(velocity, 1.0, self.momentum)
            if self._pull:
                torch._foreach_add_(velocity, local, alpha=self._pull)
            if constant:
                torch._foreach_add_(velocity, constant)
            torch._foreach_add_(local, velocity, alpha=-self.lr)

    @property
    def _pull(self) -> float:
        """Factor of the present weights in the gradient."""
        return self.weight_decay + self.proximal_mu

    def _constant(self, received: Sequence[Tensor]) -> list[Tensor]:
        """What the gradient holds that does not change over the steps; nothing where that is zero."""
        parts = [weight * -self.proximal_mu for weight in received] if self.proximal_mu else []
        if self.correction is None:
            return parts
        return [p + c for p, c in zip(parts, self.correction, strict=True)] if parts else list(self.correction)
