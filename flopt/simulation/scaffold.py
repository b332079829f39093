"""SCAFFOLD's control variates: an estimate of every client's gradient, and of their mean."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from flopt.simulation.descent import Descent
from flopt.simulation.state import State

__all__ = ["ControlVariates"]


class ControlVariates:
    """c of the server and c_i of each client, all zero at first.

    Karimireddy et al., "SCAFFOLD: stochastic controlled averaging for federated learning", ICML 2020, algorithm 1
    with option II. Clients that were never drawn take no memory.
    """

    def __init__(self, like: Sequence[Tensor], clients: int) -> None:
        self.server = [torch.zeros_like(tensor) for tensor in like]
        self._clients = clients
        self._of: dict[int, list[Tensor]] = {}

    def correction(self, client: int, server: Sequence[Tensor]) -> list[Tensor]:
        """c - c_i, which the client adds to every gradient; `server` is c as it was received."""
        own = self._of.get(client)
        return list(server) if own is None else [c - mine for c, mine in zip(server, own, strict=True)]

    def renew(self, client: int, update: Sequence[Tensor], descent: Descent, steps: int) -> list[Tensor]:
        """The change of c_i after a client's local steps: c_i becomes the mean gradient on its way.

        Without momentum that is option II, -(c - c_i) - update / (steps x lr). With momentum the steps are
        weighted as Wang et al., "Tackling the objective inconsistency problem", NeurIPS 2020 (FedNova) do.
        """
        assert descent.correction is not None
        scale = 1 / (descent.lr * _weight(steps, descent.momentum))
        found = [-c - scale * moved for c, moved in zip(descent.correction, update, strict=True)]
        old, self._of[client] = self._of.get(client), found
        return found if old is None else [new - before for new, before in zip(found, old, strict=True)]

    def state(self) -> State:
        """c, and c_i of the clients that were drawn so far."""
        return {"server": self.server, "clients": self._of}

    def restore(self, state: State) -> None:
        """Go on from what `state` gave."""
        self.server, self._of = list(state["server"]), dict(state["clients"])

    def gather(self, changes: Sequence[Sequence[Tensor]]) -> None:
        """Add the clients' changes to c: their sum over all N clients of the task."""
        for change in changes:
            torch._foreach_add_(self.server, list(change), alpha=1 / self._clients)


def _weight(steps: int, momentum: float) -> float:
    """Sum over the steps of how far each gradient carries: 1 + momentum + momentum^2 ... until the last step."""
    if not momentum:
        return float(steps)
    return (steps - momentum * (1 - momentum**steps) / (1 - momentum)) / (1 - momentum)
